"""Pose estimators: one interface, chosen by name in the config."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from signverse.errors import InputError
from signverse.poses import Person

# Name in the config → whether it computes on a GPU.
ESTIMATORS = {"mediapipe": False, "dwpose": True}
NOT_YET = ("dwpose",)  # declared by name and interface; refused when the config is read


class Estimator(Protocol):
    """What `estimate_poses` asks of an estimator."""

    def describe(self) -> dict[str, Any]:
        """Name, networks with SHA-256, versions and settings: kept beside the poses."""

    def estimate(self, images: Iterable[np.ndarray]) -> Iterator[list[Person]]:
        """Persons of each image (uint8 [height, width, 3], RGB), in the order of the images.

        Takes and gives one after the other, so that memory stays flat, but may look
        ahead by a batch.
        """


def uses_gpu(name: str) -> bool:
    """Whether the estimator of this name computes on a GPU."""
    return ESTIMATORS[name]


def check_estimator(name: str) -> None:
    """Raise InputError for an estimator that this version declares but cannot run."""
    if name in NOT_YET:
        able = ", ".join(known for known in ESTIMATORS if known not in NOT_YET)
        raise InputError(
            f"config, estimate_poses: estimator: {name!r} is not available in this version; "
            f"allowed: {able}"
        )


def make_estimator(settings: Mapping[str, Any]) -> Estimator:
    """The estimator that the config section `estimate_poses` asks for."""
    check_estimator(settings["estimator"])
    from signverse.estimators.mediapipe import MediaPipeHolistic

    return MediaPipeHolistic(**settings["mediapipe"])
