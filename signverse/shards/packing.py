"""Packing: the products of a shard's videos become `{shard}.zarr.zip` and `{shard}.json`."""

import hashlib
import importlib.metadata
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signverse import __version__
from signverse.errors import InputError, VideoError
from signverse.files import atomic_path, sha256, write_json
from signverse.outcomes import EXCLUDED, OK, read_document, tombstone
from signverse.poses import Poses, load
from signverse.shards.columns import ShardWriter
from signverse.shards.encoding import COORDINATE_STEPS, SCORE_STEPS, encode_detections
from signverse.shards.layout import IDENTITY, POSE_FACTS, part_slices

FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip member can have; equal on every day
BLOCK_ROWS = 8192  # detections that are encoded at a time
LIBRARIES = ("zarr", "numcodecs", "numpy")  # their versions decide the bytes

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VideoFiles:
    """Paths of one video's products."""

    metadata: str
    captions: str
    poses: str


def pack_shard(
    shard: str,
    rows: list[Row],
    products: Iterable[VideoFiles],
    *,
    path: str | Path,
    summary: str | Path,
    made_by: Mapping[str, Any],
) -> None:
    """Write `{shard}.zarr.zip` and its summary `{shard}.json`.

    rows: video_id, label, sign_language and excluded (why, or nothing) of each video of the
    plan; products: files of those that are not excluded, in the same order. made_by: what the
    workflow knows of the shard's origin, the digest of the code and the config.

    One video is in memory at a time. The same inputs give the same bytes. Raises InputError
    naming a product that is damaged or belongs to another video.
    """
    with atomic_path(path) as temporary:
        folder = temporary.with_name(f"{temporary.name}.folder")
        writer = ShardWriter(folder)
        table, videos, estimators = _write_videos(writer, rows, iter(products))
        writer.close(
            {
                **IDENTITY,
                "shard": shard,
                "provenance": provenance(rows, made_by),
                "coordinate_steps": COORDINATE_STEPS,
                "score_steps": SCORE_STEPS,
                "parts": {name: [part.start, part.stop] for name, part in part_slices().items()},
                "estimators": estimators,
                "videos": table,
            }
        )
        _zip_folder(folder, temporary)
    facts = {"sha256": sha256(path), "bytes": Path(path).stat().st_size}
    write_json(summary, {**IDENTITY, "shard": shard, **facts, **_totals(videos), "videos": videos})


def provenance(rows: list[Row], made_by: Mapping[str, Any]) -> dict[str, Any]:
    """Where a shard comes from: its rows of the manifest, code, config and libraries.

    The hash is of the shard's own rows, so that rows appended to the manifest leave it as it is.
    """
    text = json.dumps([dict(row) for row in rows], ensure_ascii=False, sort_keys=True)
    return {
        "manifest_rows_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "signverse": __version__,
        **made_by,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


Dicts = list[dict[str, Any]]


def _write_videos(
    writer: ShardWriter, rows: list[Row], products: Iterator[VideoFiles]
) -> tuple[Dicts, Dicts, Dicts]:
    """Rows of the shard's table of videos, those of its summary, and the estimators."""
    table: Dicts = []
    videos: Dicts = []
    estimators: Dicts = []
    for row in rows:
        head = {name: row[name] for name in ("video_id", "sign_language", "label")}
        if row["excluded"]:
            head |= {"status": EXCLUDED, "reason": row["excluded"]}
            entry, facts = dict(head), dict(head)
        else:
            entry, facts = _write_video(writer, head, next(products), estimators)
        writer.end_video()
        table.append(entry)
        videos.append(facts)
    return table, videos, estimators


def _write_video(
    writer: ShardWriter, head: dict[str, Any], files: VideoFiles, estimators: Dicts
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Add one video; return its row of the table and what the summary says of it."""
    video_id = head["video_id"]
    metadata = read_document(files.metadata, video_id)
    captions = read_document(files.captions, video_id)
    writer.append_document("metadata", metadata)
    writer.append_document("captions", captions)
    try:
        poses = load(files.poses, video_id)
    except VideoError as error:
        head |= tombstone(video_id, error)
        return head, head | _facts(metadata, captions)
    head |= {"status": OK, "reason": ""}
    _write_poses(writer, poses, files.poses)
    if poses.estimator not in estimators:
        estimators.append(poses.estimator)
    entry = head | {name: getattr(poses, name) for name in POSE_FACTS}
    entry["estimator"] = estimators.index(poses.estimator)
    return entry, head | _facts(metadata, captions) | _pose_facts(poses)


def _write_poses(writer: ShardWriter, poses: Poses, path: str) -> None:
    before = writer.count("points")
    for start in range(0, len(poses.bboxes), BLOCK_ROWS):
        try:
            block = encode_detections(poses, slice(start, start + BLOCK_ROWS))
        except ValueError as error:
            raise InputError(f"{path}: {error}") from error
        for name, values in block.items():
            writer.append(name, values)
    writer.append("person_offsets", poses.person_offsets[1:] + before)
    writer.append("frame_indices", poses.frame_indices)
    writer.append("frame_times", poses.frame_times)


def _facts(metadata: Any, captions: Any) -> dict[str, Any]:
    """Key facts of the first stages, for the table of the corpus."""
    tracks = captions.get("tracks", [])
    return {
        "metadata_status": metadata["status"],
        "captions_status": captions["status"],
        "title": metadata.get("title"),
        "duration_sec": metadata.get("duration_sec"),
        "channel_id": metadata.get("channel_id"),
        "caption_tracks": " ".join(f"{track['language']}:{track['kind']}" for track in tracks),
        "segments": sum(len(track["segments"]) for track in tracks),
    }


def _pose_facts(poses: Poses) -> dict[str, Any]:
    hands = np.maximum(poses.left_hand_scores.max(1), poses.right_hand_scores.max(1))
    return {
        "fps": poses.fps,
        "frames": poses.total_frames,
        "frame_width": poses.frame_width,
        "frame_height": poses.frame_height,
        "lost_frames": poses.lost_frames,
        "frames_with_person": int((poses.num_persons > 0).sum()),
        "detections": len(poses.bboxes),
        "detections_with_hand": int((hands > 0).sum()),
        "estimator": poses.estimator["name"],
    }


def _totals(videos: Dicts) -> dict[str, Any]:
    """What the shard holds in all; hours are those of the poses."""
    packed = [video for video in videos if video["status"] == OK]
    seconds = sum(video["frames"] / video["fps"] for video in packed)
    lost = Counter(video["status"] for video in videos if video["status"] != OK)
    return {
        "packed_videos": len(packed),
        "frames": sum(video["frames"] for video in packed),
        "detections": sum(video["detections"] for video in packed),
        "hours": round(seconds / 3600, 6),
        "sign_languages": dict(sorted(Counter(v["sign_language"] for v in packed).items())),
        "tombstones": dict(sorted(lost.items())),
    }


def _zip_folder(folder: Path, path: Path) -> None:
    """Zip a folder: members in the order of their names, metadata last, and one fixed date.

    The metadata of all arrays thus lies beside the zip's directory: a reader far away gets both
    at once.
    """
    files = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    members = sorted(files, key=lambda name: (name.endswith("zarr.json"), name))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in members:
            info = zipfile.ZipInfo(name, FIXED_DATE)
            info.external_attr = 0o644 << 16
            archive.writestr(info, (folder / name).read_bytes())
