"""Recipes: what decides the result of a stage that is costly or goes over the network.

Such a stage never reruns because code was edited. It reruns when its recipe changes: the version
below, or a setting that changes results. Raise the version when the same input gives another
result than before; tests over small reference inputs fail when that was forgotten.
"""

import hashlib
import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signverse.errors import InputError

METADATA_VERSION = 2
VIDEO_VERSION = 1
POSES_VERSION = 2
PREVIEW_VERSION = 1  # made from a video that would have to be fetched again

# Settings of `estimate_poses` that decide what DWPose finds.
DWPOSE_SETTINGS = (
    *("detector_channels", "pose_channels", "resize_short_side"),
    *("min_detection_score", "max_persons", "detect_every"),
)
FINGERPRINT_BYTES = 1 << 20

Recipe = dict[str, Any]


def metadata_recipe(url: str, settings: Mapping[str, Any]) -> Recipe:
    """Address and format policy of one video, and what of its people is kept."""
    return {
        "version": METADATA_VERSION,
        "url": url,
        "min_height_px": settings["min_height_px"],
        "max_height_px": settings["max_height_px"],
        "personal_data": sorted(settings["personal_data"]),
    }


def video_recipe() -> Recipe:
    """The format is chosen by fetch_metadata; nothing else decides the file."""
    return {"version": VIDEO_VERSION}


def pose_recipe(settings: Mapping[str, Any]) -> Recipe:
    """Estimator, its networks and settings, and the grid of frames."""
    recipe = {
        "version": POSES_VERSION,
        "estimator": settings["estimator"],
        "fps": settings["fps"],
    }
    if settings["estimator"] == "mediapipe":
        version = importlib.metadata.version("mediapipe")
        return recipe | {"mediapipe": settings["mediapipe"], "mediapipe_version": version}
    networks = {name: fingerprint(settings[name]) for name in ("detector", "pose")}
    return recipe | networks | {name: settings[name] for name in DWPOSE_SETTINGS}


def fingerprint(network: str | None) -> str | None:
    """A quick digest of a network file of the user's own: its size, beginning and end.

    None for no path, which means the network that fetch_model brings and checks by itself. Every
    job computes this; the true SHA-256 stands in `poses.npz`. Raises InputError without a file.
    """
    if network is None:
        return None
    try:
        with Path(network).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            head = file.read(FINGERPRINT_BYTES)
            file.seek(max(0, size - FINGERPRINT_BYTES))
            tail = file.read()
    except OSError as error:
        raise InputError(
            f"config, estimate_poses: no network file {network!r} ({error.strerror})"
        ) from error
    return hashlib.sha256(str(size).encode() + head + tail).hexdigest()[:16]


def preview_recipe(settings: Mapping[str, Any]) -> Recipe:
    """Length, size and threshold of the drawing."""
    names = ("length_sec", "height_px", "min_score")
    return {"version": PREVIEW_VERSION} | {name: settings[name] for name in names}
