"""collect_status: from the plan and the shards' summaries to videos.csv."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signverse.errors import InputError, VideoError
from signverse.files import read_json, write_json
from signverse.outcomes import product, tombstone
from signverse.poses import save_tombstone
from signverse.shards.packing import VideoFiles, pack_shard

GONE = VideoError("removed", "HTTP Error 404")
BROKEN = VideoError("undecodable", "the file is no readable video")


def write_shard(folder: Path, shard: str, rows: list[tuple[str, str]]) -> str:
    """Pack a shard of lost videos (and excluded ones, with a reason); return its summary."""
    products = []
    for video, excluded in rows:
        lost_early = video.startswith("gone")
        found = {"title": "Signs, and more", "channel_id": "UC1", "duration_sec": 1.5}
        metadata = tombstone(video, GONE) if lost_early else product(video, 1, **found)
        captions = tombstone(video, GONE) if lost_early else product(video, 1, tracks=[])
        write_json(folder / video / "metadata.json", metadata)
        write_json(folder / video / "captions.json", captions)
        save_tombstone(folder / video / "poses.npz", video, GONE if lost_early else BROKEN)
        names = ("metadata.json", "captions.json", "poses.npz")
        if not excluded:
            products.append(VideoFiles(*(str(folder / video / name) for name in names)))
    planned = [
        {"video_id": video, "label": "ASL", "sign_language": "ase", "excluded": excluded}
        for video, excluded in rows
    ]
    summary = folder / f"{shard}.json"
    path = folder / f"{shard}.zarr.zip"
    pack_shard(shard, planned, products, path=path, summary=summary, made_by={})
    return str(summary)


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """The script's arguments for two shards."""
    summaries = [
        write_shard(tmp_path, "00000", [("gone", ""), ("out", "asked for (2026-01-02)")]),
        write_shard(tmp_path, "00001", [("-broken", "")]),
    ]
    plan = tmp_path / "plan.csv"
    plan.write_text("video_id,shard\ngone,00000\nout,00000\n-broken,00001\n")
    return {"plan": plan, "summaries": summaries, "table": tmp_path / "corpus" / "videos.csv"}


def test_the_table_has_a_row_for_each_row_of_the_plan(
    main: Callable[..., None], given: dict[str, Any]
) -> None:
    main(**given)
    with given["table"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = ("video_id", "shard", "status", "stage", "reason", "title", "frames")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("gone", "00000", "removed", "fetch_metadata", "HTTP Error 404", "", ""),
        ("out", "00000", "excluded", "exclude", "asked for (2026-01-02)", "", ""),
        ("-broken", "00001", "undecodable", "fetch_video", BROKEN.reason, "Signs, and more", ""),
    ]
    assert {(row["label"], row["sign_language"]) for row in rows} == {("ASL", "ase")}


@pytest.mark.parametrize(
    ("planned", "strangers"),
    [
        ("gone,00000\nout,00000\n", "-broken"),
        ("gone,00000\nout,00000\n-broken,00001\nmore,00001\n", "more"),
        ("gone,00000\nout,00001\n-broken,00001\n", "out"),
    ],
    ids=["a video too many", "a video too few", "a video in another shard"],
)
def test_shards_of_another_plan_are_refused(
    main: Callable[..., None], given: dict[str, Any], planned: str, strangers: str
) -> None:
    given["plan"].write_text(f"video_id,shard\n{planned}")
    with pytest.raises(InputError, match=f"the shards hold other videos.*{strangers}"):
        main(**given)
    assert not given["table"].exists()


def test_a_summary_that_is_damaged_is_named(
    main: Callable[..., None], given: dict[str, Any]
) -> None:
    path = Path(given["summaries"][1])
    path.write_text(path.read_text()[:100])
    with pytest.raises(InputError, match=r"00001\.json: cannot be read as JSON"):
        main(**given)


def test_the_summaries_alone_are_read(main: Callable[..., None], given: dict[str, Any]) -> None:
    for shard in Path(given["summaries"][0]).parent.glob("*.zarr.zip"):
        shard.unlink()
    main(**given)
    assert len(given["table"].read_text().splitlines()) == 4
    assert len(read_json(given["summaries"][0])["videos"]) == 2
