"""A shard as one HDF5 file; docs/format.md is the specification."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py

from signverse.exports.videos import Video
from signverse.files import atomic_path
from signverse.poses import Poses, array_names

IDENTITY: dict[str, Any] = {"format": "signverse-hdf5", "format_version": 1}
CHUNK_ROWS = 1000  # frames, or detections, to a chunk; the largest is 0.5 MB, the cache 1 MB
POSE_FACTS = ("fps", "total_frames", "frame_width", "frame_height", "lost_frames")


def write_hdf5(
    path: str | Path, shard: str, videos: Iterable[Video], *, compression_level: int
) -> None:
    """Write the videos of a shard, one in memory at a time; same videos, same bytes.

    compression_level: of gzip, 0 to 9; bytes are shuffled before it, which every HDF5 reads.
    """
    with atomic_path(path) as temporary, h5py.File(temporary, "w", libver="v110") as file:
        file.attrs.update({**IDENTITY, "shard": shard})
        groups = file.create_group("videos", track_order=True)  # in the order of the plan
        for video in videos:
            _write_video(groups.create_group(video.video_id), video, compression_level)


def _write_video(group: h5py.Group, video: Video, compression_level: int) -> None:
    group.attrs.update({**video.identity, "status": video.status, "reason": video.reason})
    for name, document in (("metadata", video.metadata), ("captions", video.captions)):
        if document is not None:  # no attribute: those hold 64 KB at most
            group[name] = json.dumps(document, ensure_ascii=False)
    if video.poses is not None:
        _write_poses(group, video.poses, compression_level)


def _write_poses(group: h5py.Group, poses: Poses, compression_level: int) -> None:
    group.attrs.update({name: getattr(poses, name) for name in POSE_FACTS})
    group.attrs["estimator"] = json.dumps(poses.estimator, sort_keys=True)
    for name in array_names():
        data = getattr(poses, name)
        options: dict[str, Any] = {}
        if len(data):  # HDF5 has no empty chunks
            options["chunks"] = (min(CHUNK_ROWS, len(data)), *data.shape[1:])
            options |= {"compression": "gzip", "compression_opts": compression_level}
            options["shuffle"] = True
        group.create_dataset(name, data=data, **options)
