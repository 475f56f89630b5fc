"""Recipes: what decides the result of a stage that is costly or goes over the network.

Such a stage never reruns because code was edited. It reruns when its recipe changes: the version
below, or a setting that changes results. Raise the version when the same input gives another
result than before; tests over small reference inputs fail when that was forgotten.
"""

import importlib.metadata
from collections.abc import Mapping
from typing import Any

METADATA_VERSION = 1
VIDEO_VERSION = 1
POSES_VERSION = 1
PREVIEW_VERSION = 1  # made from a video that would have to be fetched again

Recipe = dict[str, Any]


def metadata_recipe(url: str, settings: Mapping[str, Any]) -> Recipe:
    """Address and format policy of one video."""
    return {
        "version": METADATA_VERSION,
        "url": url,
        "max_height_px": settings["max_height_px"],
    }


def video_recipe() -> Recipe:
    """The format is chosen by fetch_metadata; nothing else decides the file."""
    return {"version": VIDEO_VERSION}


def pose_recipe(settings: Mapping[str, Any]) -> Recipe:
    """Estimator, its version and settings, and the grid of frames."""
    return {
        "version": POSES_VERSION,
        "estimator": settings["estimator"],
        "fps": settings["fps"],
        "mediapipe": settings["mediapipe"],
        "mediapipe_version": importlib.metadata.version("mediapipe"),
    }


def preview_recipe(settings: Mapping[str, Any]) -> Recipe:
    """Length, size and threshold of the drawing."""
    names = ("length_sec", "height_px", "min_score")
    return {"version": PREVIEW_VERSION} | {name: settings[name] for name in names}
