import re
from pathlib import Path

import pytest

from signverse.errors import InputError
from signverse.exclusions import read_exclusions, write_exclusions

TAKEN_DOWN = "asked by the signer (2026-01-31)"


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8"))
    return path


HEADER = "video_id,reason,date\n"
ROW = "a1,asked to,2026-01-31\n"


def test_without_a_list_nobody_is_excluded() -> None:
    assert read_exclusions(None) == {}


def test_the_list_gives_reason_and_date_of_each_video(tmp_path: Path) -> None:
    rows = '-b2,asked by the signer,2026-01-31\r\na1,"not, in fact, signed",2026-02-28\n'
    text = f"\ufeff{HEADER}{rows}"
    assert read_exclusions(write(tmp_path / "exclude.csv", text)) == {
        "-b2": TAKEN_DOWN,
        "a1": "not, in fact, signed (2026-02-28)",
    }


def test_a_list_of_a_header_only_excludes_nobody(tmp_path: Path) -> None:
    assert read_exclusions(write(tmp_path / "exclude.csv", HEADER)) == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("video_id,why,date\na1,r,d\n", "2"),
        ("video_id,reason\na1,r\n", "2"),
        ("reason,video_id,date\nr,a1,d\n", "2"),
        (f"{HEADER}{ROW}b2,r\n", "3"),
        (f"{HEADER}{ROW}b2\n", "3"),
        (f"{HEADER}a1,r,d,more\n", "2"),
    ],
)
def test_a_list_of_other_columns_is_refused(tmp_path: Path, text: str, line: str) -> None:
    message = rf"exclude\.csv, line {line}: expected the columns video_id,reason,date$"
    with pytest.raises(InputError, match=message):
        read_exclusions(write(tmp_path / "exclude.csv", text))


@pytest.mark.parametrize(
    "text", ["a1,asked by the signer,2026-01-31\n", "a1\n", "video,why,when\n"]
)
def test_a_list_without_its_header_is_refused_and_not_ignored(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="expected the columns video_id,reason,date"):
        read_exclusions(write(tmp_path / "exclude.csv", text))


def test_a_list_of_broken_quoting_is_refused_and_no_row_is_swallowed(tmp_path: Path) -> None:
    path = write(tmp_path / "exclude.csv", f'{HEADER}a1,r,"2026-01-31\nb2,r,2026-01-31\n')
    with pytest.raises(InputError, match=r"exclude\.csv"):
        read_exclusions(path)


@pytest.mark.parametrize("video_id", ["a/b", "../a", "a b", " a1", "Gebärde", "", "A" * 129])
def test_a_malformed_id_in_the_list_is_refused(tmp_path: Path, video_id: str) -> None:
    path = write(tmp_path / "exclude.csv", f"{HEADER}{ROW}{video_id},r,2026-01-31\n")
    message = rf"exclude\.csv, line 3: video_id {re.escape(repr(video_id))} is malformed$"
    with pytest.raises(InputError, match=message):
        read_exclusions(path)


def test_the_line_is_named_as_an_editor_counts_it(tmp_path: Path) -> None:
    path = write(tmp_path / "exclude.csv", f"{HEADER}\n\n{ROW}a/b,r,2026-01-31\n")
    with pytest.raises(InputError, match=r"exclude\.csv, line 5: "):
        read_exclusions(path)


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^exclude: .*/none\.csv cannot be read \(.+\)$"):
        read_exclusions(tmp_path / "none.csv")


def test_a_folder_in_place_of_the_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^exclude: .* cannot be read \(.+\)$"):
        read_exclusions(tmp_path)


def test_a_list_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "exclude.csv"
    path.write_bytes(HEADER.encode() + b"a1,demand\xe9,2026\n")
    with pytest.raises(InputError, match=r"^exclude: .*exclude\.csv cannot be read \(.*utf-8"):
        read_exclusions(path)


@pytest.mark.parametrize(
    "date",
    ["", "2026", "31.01.2026", "2026-02-30", "20260131", "2026-W05-6", "2026-1-31", "2026-01-31T0"],
)
def test_a_date_that_is_none_is_refused_with_the_form_expected(tmp_path: Path, date: str) -> None:
    path = write(tmp_path / "exclude.csv", f"{HEADER}{ROW}b2,asked to,{date}\n")
    message = rf"exclude\.csv, line 3: found the date {re.escape(repr(date))}; expected YYYY-MM-DD$"
    with pytest.raises(InputError, match=message):
        read_exclusions(path)


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_exclusion_needs_a_reason(tmp_path: Path, reason: str) -> None:
    path = write(tmp_path / "exclude.csv", f"{HEADER}{reason and ROW}b2,{reason},2026-01-31\n")
    with pytest.raises(InputError, match=r"line \d: the reason of 'b2' is empty$"):
        read_exclusions(path)


def test_a_video_that_stands_twice_in_the_list_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "exclude.csv", f"{HEADER}{ROW}b2,r,2026-01-31\n{ROW}")
    with pytest.raises(InputError, match=r"line 4: video_id 'a1' is a duplicate; each video"):
        read_exclusions(path)


def test_the_record_has_the_words_of_the_table_of_the_corpus(tmp_path: Path) -> None:
    write_exclusions(tmp_path / "excluded.csv", {"-b2": TAKEN_DOWN, "a1": "one, two (2026-02-28)"})
    assert (tmp_path / "excluded.csv").read_text().splitlines() == [
        "video_id,reason",
        f"-b2,{TAKEN_DOWN}",
        'a1,"one, two (2026-02-28)"',
    ]
