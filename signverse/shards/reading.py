"""Reading a shard: its table of videos, documents, and windows of poses as float32."""

import json
from functools import cached_property
from typing import Any, cast

import numpy as np
import zarr

from signverse.errors import InputError, VideoError
from signverse.outcomes import OK
from signverse.poses import Poses
from signverse.shards.encoding import decode_detections
from signverse.shards.layout import COLUMNS, IDENTITY, POSE_FACTS
from signverse.shards.store import StoredZip


class Shard:
    """An open `{shard}.zarr.zip`, by path or URL.

    Raises InputError, naming the file, for what is no shard of this version.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self._store = StoredZip(location)
        try:
            self.root = zarr.open_group(self._store, mode="r")
            self.attributes = dict(self.root.attrs)
        except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{location}: is no shard ({error})") from error
        found = {name: self.attributes.get(name) for name in IDENTITY}
        if found != IDENTITY:
            raise InputError(f"{location}: {found} is found, {IDENTITY} is read")
        self.videos = cast(list[dict[str, Any]], self.attributes["videos"])
        self._frames: dict[int, dict[str, np.ndarray]] = {}

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    @cached_property
    def arrays(self) -> dict[str, zarr.Array]:
        """The arrays by name."""
        return {column.name: cast(zarr.Array, self.root[column.name]) for column in COLUMNS}

    @cached_property
    def _ends(self) -> dict[str, np.ndarray]:
        names = ("frame_offsets", "metadata_offsets", "captions_offsets")
        return {name: self.read(name) for name in names}

    def read(self, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rows of an array, as stored; InputError when they cannot be decoded."""
        try:
            return np.asarray(self.arrays[name][start:stop])
        except (KeyError, ValueError, RuntimeError, OSError) as error:
            raise InputError(f"{self.location}: {name} cannot be read ({error})") from error

    def document(self, number: int, name: str) -> dict[str, Any] | None:
        """`metadata` or `captions` of a video; None for one that is excluded."""
        start, stop = (int(row) for row in self._ends[f"{name}_offsets"][number : number + 2])
        if start == stop:
            return None
        try:
            return cast(dict[str, Any], json.loads(self.read(name, start, stop).tobytes()))
        except ValueError as error:
            raise InputError(f"{self.location}: {name} of video {number} is no JSON") from error

    def frames(self, number: int) -> dict[str, np.ndarray]:
        """The arrays of frames of one video; person_offsets [T + 1] are rows of the shard.

        Those of the last video are kept: whoever reads one window reads more.
        """
        if number not in self._frames:
            start, stop = (int(row) for row in self._ends["frame_offsets"][number : number + 2])
            names = ("frame_indices", "frame_times")
            frames = {name: self.read(name, start, stop) for name in names}
            frames["person_offsets"] = self.read("person_offsets", start, stop + 1)
            self._frames = {number: frames}
        return self._frames[number]

    def poses(self, number: int, start: int = 0, stop: int | None = None) -> Poses:
        """Poses of frames `start` to `stop` - 1 of a video; VideoError where there are none."""
        video = self.videos[number]
        if video["status"] != OK:
            raise VideoError(str(video["status"]), str(video["reason"]))
        frames = self.frames(number)
        start, stop, _ = slice(start, stop).indices(len(frames["frame_times"]))
        stop = max(start, stop)
        edges = frames["person_offsets"][start : stop + 1]
        rows = int(edges[0]), int(edges[-1])
        estimators = cast(list[dict[str, Any]], self.attributes["estimators"])
        facts = {name: video[name] for name in POSE_FACTS} | {"total_frames": len(edges) - 1}
        return Poses(
            video_id=video["video_id"],
            estimator=estimators[video["estimator"]],
            **facts,
            frame_indices=frames["frame_indices"][start:stop],
            frame_times=frames["frame_times"][start:stop],
            num_persons=np.diff(edges).astype(np.int32),
            person_offsets=edges - edges[0],
            **decode_detections(*(self.read(name, *rows) for name in ("points", "scores"))),  # type: ignore[arg-type]
        )
