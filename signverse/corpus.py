"""A corpus of shards as people use it: videos, clips, languages, and windows of poses.

    corpus = signverse.open_corpus("results/shards")
    poses = corpus["VIDEO_ID"].poses[12.5:16.5]  # seconds; whole numbers are frames

Everything is read when it is asked for, and nothing is written. A corpus, a video or a clip may go
to other processes, forked or not.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from signverse.errors import InputError, VideoError
from signverse.outcomes import OK
from signverse.poses import Poses
from signverse.shards.reading import Shard

ENDING = ".zarr.zip"
ROUNDING_FRAMES = 1e-6  # a time that was computed from a frame is that frame


def open_corpus(path: str | Path) -> "Corpus":
    """Open a shard, or all shards of a folder in the order of their names.

    Raises InputError when there is none, one is damaged, or two hold the same video.
    """
    place = Path(path)
    files = sorted(place.glob(f"*{ENDING}")) if place.is_dir() else [place]
    if not files:
        raise InputError(f"{path}: holds no shards ({ENDING})")
    return Corpus([Shard(str(file)) for file in files])


class Corpus(Mapping[str, "Video"]):
    """Videos by id, tombstones too, in the order of the shards."""

    def __init__(self, shards: list[Shard]) -> None:
        self._places: dict[str, tuple[Shard, int]] = {}
        for shard in shards:
            for number, video in enumerate(shard.videos):
                if video["video_id"] in self._places:
                    raise InputError(
                        f"{shard.location}: video {video['video_id']!r} is there twice"
                    )
                self._places[video["video_id"]] = (shard, number)

    def __getitem__(self, video_id: str) -> "Video":
        return Video(*self._places[video_id])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def languages(self) -> dict[str, int]:
        """ISO 639-3 code of each sign language → number of videos with poses, most first."""
        videos = (shard.videos[number] for shard, number in self._places.values())
        return dict(Counter(v["sign_language"] for v in videos if v["status"] == OK).most_common())

    def clips(self, preferred: str = "english") -> Iterator["Clip"]:
        """The segments of each video's preferred caption track (`captions.json`: preferred).

        preferred: `english`, or `spoken` for the language around the signers. Videos without
        poses or without such a track have none.
        """
        for video in self.values():
            yield from video.clips(preferred)


class Video:
    """One video of a shard."""

    def __init__(self, shard: Shard, number: int) -> None:
        self._shard, self._number = shard, number
        entry = shard.videos[number]
        self.video_id: str = entry["video_id"]
        self.sign_language: str = entry["sign_language"]
        self.status: str = entry["status"]
        self.reason: str = entry["reason"]
        self.fps: float | None = entry.get("fps")

    @cached_property
    def metadata(self) -> dict[str, Any] | None:
        """`metadata.json`; None for an excluded video."""
        return self._shard.document(self._number, "metadata")

    @cached_property
    def captions(self) -> dict[str, Any] | None:
        """`captions.json`; None for an excluded video."""
        return self._shard.document(self._number, "captions")

    @property
    def poses(self) -> "PoseSequence":
        """Poses to cut windows from; VideoError, saying why, for a video without."""
        if self.status != OK:
            raise VideoError(self.status, self.reason)
        return PoseSequence(self._shard, self._number)

    def clips(self, preferred: str = "english") -> Iterator["Clip"]:
        """The segments of the preferred caption track; see Corpus.clips."""
        captions = self.captions if self.status == OK else None
        chosen = (captions or {}).get("preferred", {}).get(preferred, {}).get("track")
        if captions is None or chosen is None:
            return
        track = captions["tracks"][chosen]
        for segment in track["segments"]:
            times = (segment["start_sec"], segment["end_sec"])
            yield Clip(self, *times, segment["text"], track["language"], track["kind"])


class PoseSequence:
    """The frames of a video: `poses[t0:t1]` reads a window as arrays of float32."""

    def __init__(self, shard: Shard, number: int) -> None:
        self._shard, self._number = shard, number

    def __len__(self) -> int:
        return int(self._shard.videos[self._number]["total_frames"])

    def __getitem__(self, window: slice) -> Poses:
        """Frames t0 to t1 - 1, or with floats those on the grid at t0 ≤ time < t1, in seconds.

        Offsets and total_frames are those of the window. Raises VideoError without poses.
        """
        if not isinstance(window, slice) or window.step is not None:
            raise TypeError("a window is poses[start:stop], in seconds (float) or frames (int)")
        return self._shard.poses(
            self._number, self._frame(window.start) or 0, self._frame(window.stop)
        )

    def _frame(self, bound: float | int | None) -> int | None:
        if bound is None or isinstance(bound, int | np.integer):
            return None if bound is None else int(bound)
        fps = self._shard.videos[self._number]["fps"]
        grid = math.ceil(max(0.0, bound) * fps - ROUNDING_FRAMES)
        return int(np.searchsorted(self._shard.frames(self._number)["frame_indices"], grid))


@dataclass(frozen=True)
class Clip:
    """A caption segment and the poses under it."""

    video: Video
    start_sec: float
    end_sec: float
    text: str
    language: str  # of the text, as the platform names it
    kind: str  # manual, automatic or translated

    @property
    def poses(self) -> Poses:
        """Poses from the segment's start to its end."""
        return self.video.poses[float(self.start_sec) : float(self.end_sec)]
