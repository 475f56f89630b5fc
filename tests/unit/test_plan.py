import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from signverse.errors import InputError
from signverse.manifest import Entry, Manifest
from signverse.plan import Plan, check_plan, make_plan, write_plan

TAKEN_DOWN = "asked by the signer (2026-01-31)"


def plan_of(ids: str | Sequence[str], size: int = 3, excluded: str = "") -> Plan:
    entries = tuple(Entry(video_id, "ASE", "ase") for video_id in ids)
    reasons = dict.fromkeys(excluded, TAKEN_DOWN)
    return make_plan(Manifest("manifest.csv", entries, ()), size, reasons)


def test_shards_are_slices_of_the_manifest_in_its_order() -> None:
    plan = plan_of("gfedcba", size=3)
    assert plan.shards == {"00000": tuple("gfe"), "00001": tuple("dcb"), "00002": ("a",)}
    assert list(plan.shards) == ["00000", "00001", "00002"]
    assert list(plan.entries) == list("gfedcba")


@pytest.mark.parametrize(
    ("rows", "size", "shards"), [(1, 500, 1), (500, 500, 1), (501, 500, 2), (7, 1, 7)]
)
def test_there_are_as_many_shards_as_it_takes(rows: int, size: int, shards: int) -> None:
    plan = plan_of([f"v{n}" for n in range(rows)], size)
    assert len(plan.shards) == shards
    assert sum(map(len, plan.shards.values())) == rows


def test_rows_tell_the_shard_of_every_video() -> None:
    rows = list(plan_of("abcd", size=3).rows())
    assert rows == [("a", "00000"), ("b", "00000"), ("c", "00000"), ("d", "00001")]


def test_appended_rows_touch_the_last_shard_and_new_ones_only() -> None:
    before, after = plan_of("abcde").shards, plan_of("abcdefgh").shards
    assert after["00000"] == before["00000"]
    assert after == {"00000": tuple("abc"), "00001": tuple("def"), "00002": tuple("gh")}


def test_more_shards_than_names_of_five_digits_are_refused() -> None:
    ids = [f"v{n}" for n in range(100_001)]
    assert max(plan_of(ids[:-1], size=1).shards) == "99999"
    with pytest.raises(InputError, match=r"^videos_per_shard: 1 makes more than 100000 shards$"):
        plan_of(ids, size=1)


@pytest.mark.parametrize("other", ["abcdef", "abced", "bacde", "abcd", "abcdf"])
def test_the_digest_changes_with_who_is_where(other: str) -> None:
    assert plan_of(other).digest != plan_of("abcde").digest


def test_the_digest_changes_with_the_size_of_shards() -> None:
    assert plan_of("abcde", size=2).digest != plan_of("abcde", size=3).digest


def test_the_digest_stays_when_a_video_is_excluded() -> None:
    assert plan_of("abcde", excluded="b").digest == plan_of("abcde").digest


def test_an_excluded_video_keeps_its_place_and_moves_no_other() -> None:
    plan = plan_of("abcde", excluded="b")
    assert plan.shards == plan_of("abcde").shards
    assert plan.active("00000") == ["a", "c"]
    assert plan.active("00001") == ["d", "e"]


def test_an_excluded_video_must_be_in_the_manifest() -> None:
    with pytest.raises(InputError, match=r"^exclude: video_id 'z' is not in manifest\.csv$"):
        plan_of("abc", excluded="az")


def test_a_shard_of_excluded_videos_only_has_none_active() -> None:
    assert plan_of("abcd", excluded="d").active("00001") == []


def test_a_shard_that_does_not_exist_has_no_videos() -> None:
    with pytest.raises(InputError, match=r"^no shard '00003'; the last is '00001'$"):
        plan_of("abcd").active("00003")


def test_shard_rows_say_of_each_video_what_it_is_and_why_it_is_excluded() -> None:
    entries = (Entry("a", "ASL", "und"), Entry("b", "BFI", "bfi"))
    plan = make_plan(Manifest("manifest.csv", entries, ()), 5, {"b": TAKEN_DOWN})
    assert plan.shard_rows("00000") == [
        {"video_id": "a", "label": "ASL", "sign_language": "und", "excluded": ""},
        {"video_id": "b", "label": "BFI", "sign_language": "bfi", "excluded": TAKEN_DOWN},
    ]


def test_an_entry_is_found_by_its_video() -> None:
    assert plan_of("abc").entry("b") == Entry("b", "ASE", "ase")


@pytest.mark.parametrize(("video", "why"), [("z", "not in the manifest"), ("b", "excluded")])
def test_there_is_no_entry_of_a_stranger_or_an_excluded_video(video: str, why: str) -> None:
    with pytest.raises(InputError, match=rf"^video '{video}' is {why}$"):
        plan_of("abc", excluded="b").entry(video)


def test_a_selection_of_what_exists_is_accepted() -> None:
    plan_of("abcde").check_selection(videos=["a", "e"], shards=["00001"])
    plan_of("abcde").check_selection(videos=[], shards=[])


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"videos": ["a", "z"], "shards": []}, "video 'z' is not in the manifest"),
        ({"videos": ["b"], "shards": []}, "video 'b' is excluded"),
        (
            {"videos": [], "shards": ["00001", "00002"]},
            "no shard '00002'; the last is '00001'",
        ),
    ],
)
def test_a_selection_of_what_does_not_exist_is_refused(
    selection: Mapping[str, list[str]], message: str
) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        plan_of("abcde", excluded="b").check_selection(**selection)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (1, {"b": "a", "c": "b", "d": "c", "f": "e", "g": "f"}),
        (2, {"c": "a", "d": "b", "g": "e"}),
        (3, {"d": "a"}),
        (4, {}),
        (100, {}),
    ],
)
def test_predecessors_are_so_many_places_before_in_the_same_shard(
    window: int, expected: dict[str, str]
) -> None:
    assert plan_of("abcdefg", size=4).predecessors(window) == expected


def test_predecessors_pass_over_the_excluded() -> None:
    assert plan_of("abcdef", size=6, excluded="bd").predecessors(1) == {
        "c": "a",
        "e": "c",
        "f": "e",
    }


@pytest.mark.parametrize(
    ("every", "expected"), [(0, ""), (1, "abcdefg"), (2, "aceg"), (3, "ade"), (50, "ae")]
)
def test_every_nth_row_of_each_shard_is_sampled(every: int, expected: str) -> None:
    assert plan_of("abcdefg", size=4).sampled(every) == set(expected)


def test_an_excluded_video_is_not_sampled_and_moves_no_other_sample() -> None:
    assert plan_of("abcdefg", size=4, excluded="ab").sampled(2) == {"c", "e", "g"}


@pytest.fixture
def planned(tmp_path: Path) -> Path:
    """The plan of `abcde` in shards of three, as recorded by an earlier run."""
    path = tmp_path / "corpus" / "plan.csv"
    write_plan(path, plan_of("abcde"))
    return path


def test_the_plan_is_recorded_one_row_to_a_video(planned: Path) -> None:
    with planned.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["video_id", "shard"],
            *(["a", "00000"], ["b", "00000"], ["c", "00000"], ["d", "00001"], ["e", "00001"]),
        ]


@pytest.mark.parametrize("ids", ["abcde", "abcdef", "abcdefghijk"])
def test_the_same_and_appended_rows_are_accepted(planned: Path, ids: str) -> None:
    check_plan(planned, plan_of(ids))


def test_excluding_a_video_is_accepted(planned: Path) -> None:
    check_plan(planned, plan_of("abcde", excluded="ac"))


def test_anything_goes_before_there_is_a_plan(tmp_path: Path) -> None:
    check_plan(tmp_path / "plan.csv", plan_of("zyx"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("ids", "size", "message"),
    [
        ("abdce", 3, "row 3: found 'd' for shard 00000, but {} has 'c' in shard 00000; "),
        ("xabcde", 3, "row 1: found 'x' for shard 00000, but {} has 'a' in shard 00000; "),
        ("abcxde", 3, "row 4: found 'x' for shard 00001, but {} has 'd' in shard 00001; "),
        ("acde", 3, "row 2: found 'c' for shard 00000, but {} has 'b' in shard 00000; "),
        ("abcdX", 3, "row 5: found 'X' for shard 00001, but {} has 'e' in shard 00001; "),
        ("abcde", 2, "row 3: found 'c' for shard 00001, but {} has 'c' in shard 00000; "),
        ("abcde", 4, "row 4: found 'd' for shard 00000, but {} has 'd' in shard 00001; "),
    ],
    ids=["reordered", "first", "inserted", "deleted", "replaced", "smaller", "larger"],
)
def test_a_moved_row_is_refused_with_its_number_and_both_ids(
    planned: Path, ids: str, size: int, message: str
) -> None:
    expected = f"manifest, {message.format(planned)}rows may only be appended"
    with pytest.raises(InputError, match=f"^{re.escape(expected)}"):
        check_plan(planned, plan_of(ids, size))


def test_rows_cut_off_at_the_end_are_refused_with_the_first_one(planned: Path) -> None:
    expected = f"manifest: 3 rows, but {planned} has 5; the first one missing is 'd'; rows may only"
    with pytest.raises(InputError, match=f"^{re.escape(expected)}"):
        check_plan(planned, plan_of("abc"))


def test_the_refusal_says_what_to_do_instead(planned: Path) -> None:
    with pytest.raises(InputError, match=r"with `exclude`, or start a new `results` folder$"):
        check_plan(planned, plan_of("ba"))


@pytest.mark.parametrize("text", ["video,part\na,00000\n", "a,00000\n"])
def test_a_recorded_plan_that_is_damaged_is_refused_by_name(planned: Path, text: str) -> None:
    planned.write_text(text)
    with pytest.raises(InputError, match=r"plan\.csv"):
        check_plan(planned, plan_of("abcde"))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00binary", b'video_id,shard\n"open,00000\n'])
def test_a_damaged_plan_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plan.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"plan\.csv: cannot be read"):
        check_plan(path, plan_of("abc"))
