import csv
from pathlib import Path
from typing import Any

import pytest

from signverse.errors import InputError
from signverse.files import write_csv, write_json
from signverse.status import COLUMNS, stage_of_loss, write_status

HEAD = {"sign_language": "ase", "label": "ASE"}
OK_VIDEO = {
    **{"video_id": "a", **HEAD, "status": "ok", "reason": "", "metadata_status": "ok"},
    **{"captions_status": "ok", "title": 'Signs, "live"\nand 手語', "duration_sec": 12.5},
    **{"channel_id": "UC1", "caption_tracks": "en:manual de:automatic", "segments": 7, "fps": 24.0},
    **{
        "frames": 300,
        "frame_width": 640,
        "frame_height": 360,
        "lost_frames": 0,
        "frames_with_person": 290,
    },
    **{"detections": 291, "detections_with_hand": 0, "estimator": "mediapipe"},
}
LOST_VIDEO = {
    **{"video_id": "b", **HEAD, "status": "private", "reason": "Private video"},
    **{"metadata_status": "private", "captions_status": "private", "title": None, "segments": 0},
}
EXCLUDED_VIDEO = {"video_id": "c", **HEAD, "status": "excluded", "reason": "asked (2026-01-31)"}
UNDECODABLE_VIDEO = {
    **{"video_id": "d", **HEAD, "label": "Auslan", "sign_language": "und"},
    **{"status": "undecodable", "reason": "no frame", "metadata_status": "ok", "title": "D"},
}
SHARDS = {"00000": [OK_VIDEO, LOST_VIDEO], "00001": [EXCLUDED_VIDEO, UNDECODABLE_VIDEO]}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.csv"
    rows = [{"video_id": v["video_id"], "shard": s} for s, videos in SHARDS.items() for v in videos]
    write_csv(path, ("video_id", "shard"), rows)
    return path


def write_summaries(folder: Path, shards: dict[str, list[dict[str, Any]]]) -> list[str]:
    for shard, videos in shards.items():
        write_json(folder / f"{shard}.json", {"shard": shard, "sha256": "0", "videos": videos})
    return [str(folder / f"{shard}.json") for shard in shards]


@pytest.fixture
def table(tmp_path: Path, plan: Path) -> list[dict[str, str]]:
    """The rows of the table of the corpus, as its readers get them."""
    path = tmp_path / "videos.csv"
    write_status(path, plan, write_summaries(tmp_path, SHARDS))
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_is_one_row_to_a_video_in_the_order_of_the_plan(
    table: list[dict[str, str]],
) -> None:
    assert [(row["video_id"], row["shard"]) for row in table] == [
        *(("a", "00000"), ("b", "00000"), ("c", "00001"), ("d", "00001"))
    ]
    assert all(tuple(row) == COLUMNS for row in table)


def test_a_video_that_went_well_shows_its_facts(table: list[dict[str, str]]) -> None:
    facts = {name: str(OK_VIDEO[name]) for name in COLUMNS if name not in ("shard", "stage")}
    assert table[0] == facts | {"shard": "00000", "stage": ""}


def test_a_lost_video_shows_where_and_why_and_no_facts(table: list[dict[str, str]]) -> None:
    said = {**HEAD, "video_id": "b", "shard": "00000", "status": "private", "segments": "0"}
    said |= {"stage": "fetch_metadata", "reason": "Private video"}
    said |= {"metadata_status": "private", "captions_status": "private"}
    assert table[1] == dict.fromkeys(COLUMNS, "") | said


def test_an_excluded_video_shows_its_reason(table: list[dict[str, str]]) -> None:
    said = {**HEAD, "video_id": "c", "shard": "00001", "status": "excluded"}
    said |= {"stage": "exclude", "reason": "asked (2026-01-31)"}
    assert table[2] == dict.fromkeys(COLUMNS, "") | said


def test_a_label_of_no_known_language_stays_beside_its_code(table: list[dict[str, str]]) -> None:
    assert (table[3]["label"], table[3]["sign_language"]) == ("Auslan", "und")
    assert (table[3]["status"], table[3]["stage"]) == ("undecodable", "fetch_video")


def test_the_table_is_the_same_when_it_is_made_again(tmp_path: Path, plan: Path) -> None:
    summaries = write_summaries(tmp_path, SHARDS)
    write_status(tmp_path / "first.csv", plan, summaries)
    write_status(tmp_path / "second.csv", plan, iter(summaries))
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()


@pytest.mark.parametrize(
    ("shards", "stranger"),
    [
        ({"00000": [OK_VIDEO, LOST_VIDEO]}, "('c', '00001')"),
        (SHARDS | {"00002": [OK_VIDEO | {"video_id": "e"}]}, "('e', '00002')"),
        (SHARDS | {"00001": [EXCLUDED_VIDEO, OK_VIDEO | {"video_id": "x"}]}, "('x', '00001')"),
        ({"00000": [OK_VIDEO], "00001": [LOST_VIDEO, *SHARDS["00001"]]}, "('b', '00001')"),
    ],
    ids=["a shard too few", "a shard too many", "another video", "a moved video"],
)
def test_shards_of_another_plan_are_refused_and_no_table_is_written(
    tmp_path: Path, plan: Path, shards: dict[str, list[dict[str, Any]]], stranger: str
) -> None:
    with pytest.raises(InputError) as caught:
        write_status(tmp_path / "videos.csv", plan, write_summaries(tmp_path, shards))
    message = str(caught.value)
    assert message.startswith(f"{plan}: the shards hold other videos than planned, e.g. [")
    assert stranger in message
    assert not (tmp_path / "videos.csv").exists()


def test_a_damaged_summary_is_refused_by_its_name(tmp_path: Path, plan: Path) -> None:
    summaries = write_summaries(tmp_path, SHARDS)
    Path(summaries[1]).write_text('{"shard": "00001", "vid')
    with pytest.raises(InputError, match=r"00001\.json: cannot be read as JSON"):
        write_status(tmp_path / "videos.csv", plan, summaries)


@pytest.mark.parametrize(
    ("video", "stage"),
    [
        ({"status": "ok", "metadata_status": "ok"}, ""),
        ({"status": "excluded"}, "exclude"),
        ({"status": "private", "metadata_status": "private"}, "fetch_metadata"),
        ({"status": "no_video_stream", "metadata_status": "no_video_stream"}, "fetch_metadata"),
        ({"status": "removed", "metadata_status": "ok"}, "fetch_video"),
        ({"status": "undecodable", "metadata_status": "ok"}, "fetch_video"),
    ],
)
def test_the_stage_is_the_one_that_found_the_fault(video: dict[str, Any], stage: str) -> None:
    assert stage_of_loss(video) == stage


def test_the_table_has_the_status_of_the_stages_before_the_end(
    table: list[dict[str, str]],
) -> None:
    found = [(row["metadata_status"], row["captions_status"], row["status"]) for row in table]
    assert found == [
        ("ok", "ok", "ok"),
        ("private", "private", "private"),
        ("", "", "excluded"),
        ("ok", "", "undecodable"),
    ]


def test_a_damaged_summary_is_named(tmp_path: Path, plan: Path) -> None:
    write_json(tmp_path / "00000.json", {})
    with pytest.raises(InputError, match=r"00000\.json: no summary of a shard"):
        write_status(tmp_path / "videos.csv", plan, [str(tmp_path / "00000.json")])
    assert not (tmp_path / "videos.csv").exists()
