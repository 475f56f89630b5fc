"""Verification: a packed shard is read as a whole and compared with what it was packed from."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from signverse.errors import InputError, VideoError
from signverse.files import read_json, sha256
from signverse.outcomes import EXCLUDED, read_document
from signverse.poses import Poses, array_names, load
from signverse.shards.encoding import COORDINATE_ERROR, MAX_SCORE, SCORE_ERROR
from signverse.shards.layout import COLUMNS, part_slices
from signverse.shards.packing import Row, VideoFiles
from signverse.shards.reading import Shard

EPSILON = 4e-7  # of float32 near 1 to 4: of the decoded value, not of the stored one
OFFSETS = {
    "frame_offsets": "frame_times",
    "metadata_offsets": "metadata",
    "captions_offsets": "captions",
    "person_offsets": "points",
}
WORST = ("worst_coordinate_error", "worst_score_error")


def verify_shard(
    path: str | Path, summary: str | Path, rows: list[Row], products: Iterable[VideoFiles]
) -> dict[str, Any]:
    """Compare a shard with its summary, the rows of the plan and the files of its videos.

    rows, products: as for packing.pack_shard. Returns what was compared, with the worst errors: of
    coordinates in shares of the frame, of scores as they are. Raises InputError naming the shard
    and what differs. One video is in memory at a time.
    """
    facts = read_json(summary)
    found = {"sha256": sha256(path), "bytes": Path(path).stat().st_size}
    for name, value in found.items():
        if facts.get(name) != value:
            raise InputError(f"{path}: {name} is {value}, {summary} says {facts.get(name)}")
    shard = Shard(str(path))
    try:
        _check_arrays(shard)
        _check_table(shard, facts, rows)
        worst = _compare_videos(shard, rows, iter(products))
    finally:
        shard.close()
    counts = {name: facts[name] for name in ("packed_videos", "frames", "detections")}
    return {"shard": facts["shard"], **found, **counts, **worst}


def _fail(shard: Shard, message: str) -> InputError:
    return InputError(f"{shard.location}: {message}")


def _check_arrays(shard: Shard) -> None:
    """Shapes, dtypes, and offsets that rise from 0 to the end of what they point into."""
    for column in COLUMNS:
        array = shard.arrays[column.name]
        if (array.dtype, array.shape[1:]) != (np.dtype(column.dtype), column.row_shape):
            raise _fail(shard, f"{column.name} is {array.dtype} of shape {array.shape}")
    lengths = {name: array.shape[0] for name, array in shard.arrays.items()}
    pairs = {"scores": "points", "frame_indices": "frame_times"}
    for name, other in pairs.items():
        if lengths[name] != lengths[other]:
            raise _fail(shard, f"{name} has {lengths[name]} rows, {other} {lengths[other]}")
    for name, target in OFFSETS.items():
        edges = shard.read(name)
        rows = lengths["frame_times"] if name == "person_offsets" else len(shard.videos)
        whole = len(edges) == rows + 1 and edges[0] == 0 and edges[-1] == lengths[target]
        if not whole or (np.diff(edges) < 0).any():
            raise _fail(shard, f"{name} does not lead through all of {target}")


def _check_table(shard: Shard, facts: dict[str, Any], rows: list[Row]) -> None:
    """The table of videos is the plan's, and what the summary says of each video."""
    names = ("video_id", "sign_language", "label")
    if len(rows) != len(shard.videos) or len(rows) != len(facts.get("videos", [])):
        raise _fail(shard, f"holds {len(shard.videos)} videos, the plan {len(rows)}")
    for row, entry, said in zip(rows, shard.videos, facts["videos"], strict=True):
        for name in (*names, "status", "reason", "fps", "frame_width", "frame_height"):
            expected = row[name] if name in names else said.get(name)
            if entry.get(name) != expected:
                video = row["video_id"]
                raise _fail(
                    shard, f"video {video!r}: {name} is {entry.get(name)!r}, expected {expected!r}"
                )
    if shard.attributes.get("shard") != facts.get("shard"):
        raise _fail(shard, f"is named {shard.attributes.get('shard')!r} inside")
    parts = {name: [part.start, part.stop] for name, part in part_slices().items()}
    if shard.attributes.get("parts") != parts:
        raise _fail(shard, f"parts are {shard.attributes.get('parts')}")


def _compare_videos(
    shard: Shard, rows: list[Row], products: Iterator[VideoFiles]
) -> dict[str, float]:
    worst = dict.fromkeys(WORST, 0.0)
    for number, row in enumerate(rows):
        files = None if row["excluded"] else next(products)
        for difference in _differences(shard, number, row, files, worst):
            raise _fail(shard, f"video {row['video_id']!r}: {difference}")
    return worst


def _differences(
    shard: Shard, number: int, row: Row, files: VideoFiles | None, worst: dict[str, float]
) -> Iterator[str]:
    """In words, what of a video is not as in its files; notes the worst errors."""
    video_id = row["video_id"]
    for name in ("metadata", "captions"):
        expected = read_document(getattr(files, name), video_id) if files else None
        if shard.document(number, name) != expected:
            yield f"{name} differs"
    if files is None:
        if shard.videos[number]["status"] != EXCLUDED or len(shard.frames(number)["frame_times"]):
            yield "is excluded and has poses"
        return
    try:
        original = load(files.poses, video_id)
    except VideoError as error:
        if (
            shard.videos[number]["status"] != error.status
            or shard.frames(number)["frame_times"].size
        ):
            yield f"has no poses ({error.status}), and the shard says otherwise"
        return
    yield from _pose_differences(original, shard.poses(number), worst)


def _pose_differences(original: Poses, packed: Poses, worst: dict[str, float]) -> Iterator[str]:
    for name in (item.name for item in fields(Poses)):
        left, right = getattr(original, name), getattr(packed, name)
        if name not in array_names():
            if left != right:
                yield f"{name} is {right!r}, expected {left!r}"
        elif left.shape != right.shape:
            yield f"{name} has shape {right.shape}, expected {left.shape}"
        elif name.endswith("scores"):
            error = _worst(np.minimum(left, MAX_SCORE) - right)
            worst[WORST[1]] = max(worst[WORST[1]], error)
            if error > SCORE_ERROR or ((left > 0) != (right > 0)).any():
                yield f"{name} differs by {error}"
        elif name.endswith("keypoints") or name == "bboxes":
            error = _worst(left - right)
            allowed = COORDINATE_ERROR + EPSILON * max(1.0, _worst(left))
            worst[WORST[0]] = max(worst[WORST[0]], error)
            if not error <= allowed:
                yield f"{name} differs by {error} of the frame"
        elif not np.array_equal(left, right):
            yield f"{name} differs"


def _worst(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0))
