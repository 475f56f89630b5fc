"""Shards: everything about up to N videos in one Zarr v3 file.

Layout, version 1 (docs/format.md): group `/` with the attributes of the shard; one group per
video, `videos/00000` and so on in the order of the plan, with metadata and captions as attributes
and the arrays of `poses.npz`. A tombstone has the attributes only.
"""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from signverse.errors import InputError, VideoError
from signverse.files import atomic_path, read_json, sha256, write_json
from signverse.outcomes import EXCLUDED, OK, tombstone
from signverse.poses import Poses, array_names, load

IDENTITY: dict[str, Any] = {"format": "signverse-shard", "format_version": 1}
CHUNK_FRAMES = 1000  # frames, or detections, to a chunk
POSE_FACTS = ("fps", "total_frames", "frame_width", "frame_height", "lost_frames", "estimator")
FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip member can have; equal on every day

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
) -> None:
    """Write `{shard}.zarr.zip` and its summary `{shard}.json`.

    rows: video_id, label, sign_language and excluded (why, or nothing) of each video of the
    plan; products: files of those that are not excluded, in the same order.

    One video is in memory at a time. The same inputs give the same bytes. Raises InputError
    naming a product that is damaged or belongs to another video.
    """
    with atomic_path(path) as temporary:
        folder = temporary.with_name(f"{temporary.name}.folder")
        videos = _write_group(folder, shard, rows, iter(products))
        _zip_folder(folder, temporary)
    facts = {"sha256": sha256(path), "bytes": Path(path).stat().st_size}
    write_json(summary, {**IDENTITY, "shard": shard, **facts, "videos": videos})


def _write_group(
    folder: Path, shard: str, rows: list[Row], products: Iterator[VideoFiles]
) -> list[dict[str, Any]]:
    root = zarr.open_group(str(folder), mode="w", zarr_format=3)
    videos = []
    for number, row in enumerate(rows):
        group = root.create_group(f"videos/{number:05d}")
        head = {name: row[name] for name in ("video_id", "sign_language", "label")}
        if row["excluded"]:
            head |= {"status": EXCLUDED, "reason": row["excluded"]}
            group.attrs.update(head)
            videos.append(head)
        else:
            videos.append(_write_video(group, head, next(products)))
    ids = [row["video_id"] for row in rows]
    root.attrs.update({**IDENTITY, "shard": shard, "video_ids": ids})
    return videos


def _write_video(group: zarr.Group, head: dict[str, Any], files: VideoFiles) -> dict[str, Any]:
    """Put one video into its group; return what the summary says of it."""
    video_id = head["video_id"]
    metadata = _read_document(files.metadata, video_id)
    captions = _read_document(files.captions, video_id)
    poses: Poses | None = None
    facts: dict[str, Any] = {}
    try:
        poses = load(files.poses, video_id)
        head |= {"status": OK, "reason": ""}
        facts = {name: getattr(poses, name) for name in POSE_FACTS}
        _write_arrays(group, poses)
    except VideoError as error:
        head |= tombstone(video_id, error)
    group.attrs.update(head | facts | {"metadata": metadata, "captions": captions})
    return head | _facts(metadata, captions, poses)


def _write_arrays(group: zarr.Group, poses: Poses) -> None:
    for name in array_names():
        data = getattr(poses, name)
        chunks = (max(1, min(CHUNK_FRAMES, len(data))), *data.shape[1:])
        group.create_array(name, data=data, chunks=chunks)


def _read_document(path: str, video_id: str) -> dict[str, Any]:
    """A JSON product, or its tombstone, of the given video."""
    document = read_json(path)
    missing = {"video_id", "status", "reason"} - document.keys()
    if missing:
        raise InputError(f"{path}: fields are missing: {', '.join(sorted(missing))}")
    if document["video_id"] != video_id:
        raise InputError(
            f"{path}: belongs to video {document['video_id']!r}, expected {video_id!r}"
        )
    return document


def _facts(metadata: Any, captions: Any, poses: Poses | None) -> dict[str, Any]:
    """Key facts of every stage, for the table of the corpus."""
    tracks = captions.get("tracks", [])
    facts: dict[str, Any] = {
        "metadata_status": metadata["status"],
        "captions_status": captions["status"],
        "title": metadata.get("title"),
        "duration_sec": metadata.get("duration_sec"),
        "channel_id": metadata.get("channel_id"),
        "caption_tracks": " ".join(f"{track['language']}:{track['kind']}" for track in tracks),
        "segments": sum(len(track["segments"]) for track in tracks),
    }
    if poses is None:
        return facts
    hands = np.maximum(poses.left_hand_scores.max(1), poses.right_hand_scores.max(1))
    return facts | {
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


def _zip_folder(folder: Path, path: Path) -> None:
    """Zip a folder with members in the order of their names and one fixed date."""
    members = sorted(
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in members:
            info = zipfile.ZipInfo(name, FIXED_DATE)
            info.external_attr = 0o644 << 16
            archive.writestr(info, (folder / name).read_bytes())


def read_poses(group: zarr.Group) -> Poses:
    """The poses of one video's group, as they were packed."""
    attributes = dict(group.attrs)
    if attributes["status"] != OK:
        raise VideoError(str(attributes["status"]), str(attributes["reason"]))
    arrays = {name: np.asarray(group[name]) for name in array_names()}
    return Poses(**arrays, **{name: attributes[name] for name in ("video_id", *POSE_FACTS)})  # type: ignore[arg-type]
