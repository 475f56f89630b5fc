"""From a video file to its poses."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from signverse.errors import VideoError
from signverse.estimators import make_estimator
from signverse.poses import Poses, PosesBuilder
from signverse.recipes import POSES_VERSION
from signverse.video import SampledFrame, sample_frames


def estimate_video(video_id: str, path: str | Path, settings: Mapping[str, Any]) -> Poses:
    """Estimate all poses of a video file at `settings["fps"]`.

    A frame that stays on screen for several times of the grid is estimated once. Raises
    VideoError when no frame decodes.
    """
    estimator = make_estimator(settings)
    frames = sample_frames(path, settings["fps"])
    first = next(frames, None)
    if first is None:
        raise VideoError("undecodable", "no frame of the video can be decoded")
    height, width = first.image.shape[:2]
    shown, to_estimate = itertools.tee(itertools.chain([first], frames))
    builder = PosesBuilder()
    for frame, persons in zip(shown, estimator.estimate(_images(to_estimate)), strict=True):
        for _ in range(frame.count):
            builder.add(frame.time_sec, persons)
    return builder.build(
        video_id=video_id,
        fps=float(settings["fps"]),
        frame_width=width,
        frame_height=height,
        estimator=estimator.describe() | {"recipe": POSES_VERSION},
    )


def _images(frames: Iterator[SampledFrame]) -> Iterator[Any]:
    for frame in frames:
        yield frame.image
