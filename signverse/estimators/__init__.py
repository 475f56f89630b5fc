"""Pose estimators: one interface, chosen by name in the config."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from signverse.poses import Person


class Estimator(Protocol):
    """What `estimate_poses` asks of an estimator."""

    def describe(self) -> dict[str, Any]:
        """Name, networks with SHA-256, versions and settings: kept beside the poses."""

    def estimate(self, images: Iterable[np.ndarray]) -> Iterator[list[Person]]:
        """Persons of each image (uint8 [height, width, 3], RGB), in the order of the images.

        Takes and gives one after the other, so that memory stays flat, but may look
        ahead by a batch.
        """


def uses_gpu(settings: Mapping[str, Any]) -> bool:
    """Whether the config section `estimate_poses` may put its jobs on a GPU."""
    return settings["estimator"] == "dwpose" and settings["provider"] != "cpu"


@contextlib.contextmanager
def opened_estimator(
    settings: Mapping[str, Any], networks: Sequence[str], shared: str | Path
) -> Iterator[Estimator]:
    """The estimator that the config section `estimate_poses` asks for, for the time of a job.

    networks: files of the detector and the pose network, for dwpose. shared: folder for what the
    jobs of a corpus share, such as leases of GPUs.
    """
    if settings["estimator"] == "mediapipe":
        from signverse.estimators.mediapipe import MediaPipeHolistic

        yield MediaPipeHolistic(**settings["mediapipe"])
    else:
        from signverse.estimators.loading import opened_dwpose

        detector, pose = networks
        with opened_dwpose(settings, detector, pose, shared) as estimator:
            yield estimator
