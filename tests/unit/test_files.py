import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signverse.errors import InputError
from signverse.files import atomic_path, read_json, sha256, write_csv, write_json

HANG_IN_THE_MIDDLE = """
import sys
from signverse.files import atomic_path

with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half of the new cont")
    print("half written", flush=True)
    sys.stdin.readline()
"""


@contextlib.contextmanager
def outliving_process(path: Path, root: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is in the middle of writing and goes on after a line of input."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", HANG_IN_THE_MIDDLE, str(path)],
        cwd=root, stdin=pipe, stdout=pipe, stderr=pipe, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "half written\n"
        yield process


def kill_in_the_middle_of_writing(path: Path, root: Path) -> None:
    with outliving_process(path, root) as process:
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(timeout=10) == -signal.SIGKILL


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_write_that_succeeds_leaves_the_file_and_nothing_else(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("content")
    assert (tmp_path / "a.txt").read_text() == "content"
    assert names(tmp_path) == ["a.txt"]


def test_the_file_is_not_seen_before_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_path(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("name", ["video.mp4", "poses.npz", "00000.zarr.zip"])
def test_the_temporary_name_is_hidden_beside_it_and_keeps_the_ending(
    tmp_path: Path, name: str
) -> None:
    with atomic_path(tmp_path / name) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".")
        assert temporary.name.endswith(f".{name}")
        temporary.touch()


def test_the_folder_is_made_when_it_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "videos" / "one" / "a.txt"
    with atomic_path(str(path)) as temporary:
        temporary.write_text("content")
    assert path.read_text() == "content"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_first_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert names(tmp_path) == []


def test_a_writer_that_wrote_nothing_is_an_error_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_path(path):
        pass
    assert path.read_text() == "old"


def test_a_killed_write_leaves_the_old_file(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    kill_in_the_middle_of_writing(path, root)
    assert path.read_text() == "old"


def test_a_killed_first_write_leaves_no_file_of_that_name(tmp_path: Path, root: Path) -> None:
    kill_in_the_middle_of_writing(tmp_path / "a.txt", root)
    assert not (tmp_path / "a.txt").exists()


def test_the_write_after_a_killed_one_succeeds_and_clears_up(tmp_path: Path, root: Path) -> None:
    path = tmp_path / "a.txt"
    kill_in_the_middle_of_writing(path, root)
    kill_in_the_middle_of_writing(path, root)
    assert len(names(tmp_path)) == 1
    with atomic_path(path) as temporary:
        assert not temporary.exists()
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_what_a_killed_process_left_beside_its_temporary_file_goes_too(tmp_path: Path) -> None:
    (tmp_path / ".tmp.1.a.zip.folder" / "videos").mkdir(parents=True)
    (tmp_path / ".tmp.1.a.zip").touch()
    with atomic_path(tmp_path / "a.zip") as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == ["a.zip"]


@pytest.mark.parametrize("other", ["b.txt", "a.txt.gz", "b.a.txt", "[a].txt"])
def test_files_written_at_the_same_time_do_not_disturb_each_other(
    tmp_path: Path, other: str
) -> None:
    with atomic_path(tmp_path / other) as outer:
        outer.write_text("outer")
        with atomic_path(tmp_path / "a.txt") as inner:
            inner.write_text("inner")
    assert (tmp_path / other).read_text() == "outer"
    assert (tmp_path / "a.txt").read_text() == "inner"


def test_a_process_that_outlived_its_run_cannot_spoil_the_file_of_the_next(
    tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "a.txt"
    with outliving_process(path, root) as process:
        with atomic_path(path) as temporary:
            temporary.write_text("new")
        process.communicate("go on\n", timeout=10)
    assert process.returncode == 1
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_a_process_that_outlived_its_run_cannot_take_the_half_written_file_of_the_next(
    tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "a.txt"
    with outliving_process(path, root) as process, atomic_path(path) as temporary:
        temporary.write_text("new")
        process.communicate("go on\n", timeout=10)
        assert not path.exists()
    assert path.read_text() == "new"


def test_json_comes_back_as_it_was_written_with_its_keys_in_order(tmp_path: Path) -> None:
    document = {"z": 1, "a": [None, True, 0.1], "title": 'Gebärde "手語" \n', "m": {"b": 2, "a": 1}}
    write_json(tmp_path / "a.json", document)
    found = read_json(tmp_path / "a.json")
    assert found == document
    assert list(found) == ["z", "a", "title", "m"]
    assert list(found["m"]) == ["b", "a"]


def test_json_is_indented_utf8_that_people_can_read(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"title": "Gebärde 手語", "n": 1})
    text = (tmp_path / "a.json").read_bytes().decode("utf-8")
    assert text == '{\n "title": "Gebärde 手語",\n "n": 1\n}\n'


def test_what_json_cannot_hold_leaves_the_old_document(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"n": 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(tmp_path / "a.json", {"n": {1, 2}})
    assert read_json(tmp_path / "a.json") == {"n": 1}
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize(
    "damaged", [b"", b'{"n": 1', b'{"n": 1}}', b"PK\x03\x04", b'{"title": "\xff"}']
)
def test_damaged_json_is_refused_with_its_name(tmp_path: Path, damaged: bytes) -> None:
    path = tmp_path / "damaged.json"
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"damaged\.json: cannot be read as JSON \(.+\)"):
        read_json(path)


def test_missing_json_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.json: cannot be read as JSON"):
        read_json(tmp_path / "missing.json")


@pytest.mark.parametrize(("text", "kind"), [("[1]", "list"), ('"a"', "str"), ("null", "NoneType")])
def test_json_that_is_no_object_is_refused(tmp_path: Path, text: str, kind: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"a\.json: a JSON object is expected, found {kind}$"):
        read_json(path)


def test_csv_has_a_header_and_empty_cells_for_what_is_missing(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": None, "c": "x"}, {"c": 'Gebärde, "quoted"\n'}]
    write_csv(tmp_path / "a.csv", ("a", "b", "c"), rows)
    expected = 'a,b,c\n1,,x\n,,"Gebärde, ""quoted""\n"\n'
    assert (tmp_path / "a.csv").read_bytes() == expected.encode("utf-8")


def test_csv_rows_may_come_from_generators(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", (c for c in "ab"), ({"a": n, "b": -n} for n in range(3)))
    assert (tmp_path / "a.csv").read_text() == "a,b\n0,0\n1,-1\n2,-2\n"


def test_a_csv_value_without_a_column_is_an_error_and_the_old_table_stays(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("a",), [{"a": 1}])
    with pytest.raises(ValueError, match="'b'"):
        write_csv(tmp_path / "a.csv", ("a",), [{"a": 2}, {"a": 3, "b": 4}])
    assert (tmp_path / "a.csv").read_text() == "a\n1\n"
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"a" * 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ],
    ids=["nothing", "abc", "a million a"],
)
def test_sha256_gives_the_published_values(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "a").write_bytes(content)
    assert sha256(tmp_path / "a") == expected


def test_half_a_character_in_a_text_does_not_stop_the_writing(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"title": "broken \ud83d title"})
    assert read_json(tmp_path / "a.json") == {"title": "broken ? title"}


def test_a_temporary_file_of_a_temporary_file_is_removed_too(tmp_path: Path) -> None:
    (tmp_path / ".tmp.1..tmp.1.video.mp4").write_text("left by a kill")
    with atomic_path(tmp_path / "video.mp4") as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == ["video.mp4"]
