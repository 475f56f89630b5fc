"""The table of the corpus: one row per row of the manifest."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from signverse.errors import InputError
from signverse.files import read_json, write_csv
from signverse.outcomes import OK

COLUMNS = (
    *("video_id", "sign_language", "label", "shard", "status", "stage", "reason"),
    *("metadata_status", "captions_status"),
    *("title", "channel_id", "duration_sec", "caption_tracks", "segments"),
    *("frame_width", "frame_height", "fps", "frames", "lost_frames", "frames_with_person"),
    *("detections", "detections_with_hand", "estimator"),
)


def write_status(path: str | Path, plan: str | Path, summaries: Iterable[str]) -> None:
    """Write `videos.csv` from the plan and the summaries of all shards.

    Raises InputError when a shard was packed from another plan.
    """
    with Path(plan).open(encoding="utf-8", newline="") as file:
        planned = [(row["video_id"], row["shard"]) for row in csv.DictReader(file)]
    rows = [row for summary in summaries for row in _summary_rows(summary)]
    found = [(row["video_id"], row["shard"]) for row in rows]
    if found != planned:
        strangers = sorted({*found} ^ {*planned})[:3]
        raise InputError(f"{plan}: the shards hold other videos than planned, e.g. {strangers}")
    write_csv(path, COLUMNS, rows)


def _summary_rows(path: str) -> Iterable[dict[str, Any]]:
    summary = read_json(path)
    if not {"shard", "videos"} <= summary.keys():
        raise InputError(f"{path}: no summary of a shard, shard or videos is missing")
    for video in summary["videos"]:
        row = {name: video.get(name) for name in COLUMNS}
        yield row | {"shard": summary["shard"], "stage": stage_of_loss(video)}


def stage_of_loss(video: dict[str, Any]) -> str:
    """The stage at which a video was lost; nothing for one that was not."""
    if video["status"] == OK:
        return ""
    if "metadata_status" not in video:
        return "exclude"
    return "fetch_metadata" if video["metadata_status"] != OK else "fetch_video"
