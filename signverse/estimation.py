"""From a video file to its poses."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from signverse.errors import VideoError
from signverse.estimators import opened_estimator
from signverse.poses import Poses, PosesBuilder
from signverse.recipes import POSES_VERSION
from signverse.threads import read_ahead
from signverse.video import SampledFrame, SampledVideo

FRAMES_AHEAD = 8  # decoded while the networks work


def estimate_video(
    video_id: str,
    path: str | Path,
    settings: Mapping[str, Any],
    *,
    networks: Sequence[str] = (),
    shared: str | Path = ".",
    scratch: str | Path | None = None,
) -> Poses:
    """Estimate all poses of a video file at `settings["fps"]`.

    networks: files of the estimator's networks. shared: folder that the jobs of a corpus share.
    scratch: folder for what does not fit into memory. A frame that stays on screen for several
    times of the grid is estimated once. Raises VideoError when no frame decodes.
    """
    sampled = SampledVideo(path, settings["fps"])
    frames = read_ahead(sampled, FRAMES_AHEAD)
    first = next(frames, None)
    if first is None:
        raise VideoError("undecodable", "no frame of the video can be decoded")
    height, width = first.image.shape[:2]
    shown, to_estimate = itertools.tee(itertools.chain([first], frames))
    builder = PosesBuilder(scratch)
    with opened_estimator(settings, networks, shared) as estimator:
        for frame, persons in zip(shown, estimator.estimate(_images(to_estimate)), strict=True):
            for _ in range(frame.count):
                builder.add(frame.time_sec, persons)
    return builder.build(
        video_id=video_id,
        fps=float(settings["fps"]),
        frame_width=width,
        frame_height=height,
        lost_frames=sampled.lost_frames,
        estimator=estimator.describe() | {"recipe": POSES_VERSION},
    )


def _images(frames: Iterator[SampledFrame]) -> Iterator[Any]:
    for frame in frames:
        yield frame.image
