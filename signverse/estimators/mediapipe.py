"""MediaPipe Holistic: body, face and hands of one person, on the CPU.

The landmarks are mapped to the keypoints of the corpus by the tables below; docs/keypoints.md
gives them with their sources and the rules for the scores.
"""

import contextlib
import importlib.metadata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from signverse.files import sha256
from signverse.poses import PARTS, Person

# BlazePose landmark of each OpenPose body keypoint; the neck is made of two.
# Order: nose, neck, right shoulder/elbow/wrist, left …, right hip/knee/ankle, left …, right
# eye, left eye, right ear, left ear. Right and left are the person's own.
NOSE, LEFT_SHOULDER, RIGHT_SHOULDER = 0, 11, 12
BODY_LANDMARKS = (
    *(NOSE, -1, RIGHT_SHOULDER, 14, 16, LEFT_SHOULDER, 13, 15),
    *(24, 26, 28, 23, 25, 27, 5, 2, 8, 7),
)
NECK = 1

# Face Mesh landmark of each iBUG-68 keypoint: jaw, brows, nose, eyes, outer and inner lips,
# the person's right side first. Source: the table in common use, e.g. in MaixPy and LatentSync.
FACE_LANDMARKS = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
    *(78, 82, 13, 312, 308, 317, 14, 87),
)

# BlazePose landmark of each COCO-WholeBody foot keypoint: left big toe, small toe, heel, then
# right. BlazePose has one point for the toes, so the small toes do not exist.
FEET_LANDMARKS = (31, -1, 29, 32, -1, 30)

NETWORKS = (
    "pose_detection/pose_detection.tflite",
    "pose_landmark/pose_landmark_full.tflite",
    "face_detection/face_detection_short_range.tflite",
    "face_landmark/face_landmark.tflite",
    "hand_landmark/hand_landmark_full.tflite",
    "holistic_landmark/hand_recrop.tflite",
)
MODEL_COMPLEXITY = 1  # the one whose networks the wheel holds; the others would be downloaded


class MediaPipeHolistic:
    """Poses of the most prominent person, tracked from frame to frame."""

    def __init__(self, min_detection_confidence: float, min_tracking_confidence: float) -> None:
        self.settings = {
            "model_complexity": MODEL_COMPLEXITY,
            "min_detection_confidence": min_detection_confidence,
            "min_tracking_confidence": min_tracking_confidence,
        }

    def describe(self) -> dict[str, Any]:
        """Name, version and settings, and the SHA-256 of the networks in the wheel."""
        return {
            "name": "mediapipe",
            "models": _networks(),
            "versions": {"mediapipe": importlib.metadata.version("mediapipe")},
            "settings": self.settings,
        }

    def estimate(self, images: Iterable[np.ndarray]) -> Iterator[list[Person]]:
        """One person or none per image; every call tracks from a fresh start."""
        from mediapipe.python.solutions.holistic import Holistic

        with contextlib.closing(Holistic(**self.settings)) as holistic:
            for image in images:
                yield persons_of(holistic.process(image))


def persons_of(result: Any) -> list[Person]:
    """The person in a result of MediaPipe Holistic; no body means no person."""
    if result.pose_landmarks is None:
        return []
    pose = _coordinates(result.pose_landmarks)
    visibility = np.array([mark.visibility for mark in result.pose_landmarks.landmark], np.float32)
    body, body_scores = _picked(pose, visibility, BODY_LANDMARKS)
    shoulders = [LEFT_SHOULDER, RIGHT_SHOULDER]
    body[NECK] = pose[shoulders].mean(axis=0)
    body_scores[NECK] = visibility[shoulders].min()
    feet, feet_scores = _picked(pose, visibility, FEET_LANDMARKS)
    keypoints = {"body": body, "feet": feet}
    scores = {"body": body_scores, "feet": feet_scores}
    for part, landmarks, order in (
        ("face", result.face_landmarks, FACE_LANDMARKS),
        ("left_hand", result.left_hand_landmarks, tuple(range(21))),
        ("right_hand", result.right_hand_landmarks, tuple(range(21))),
    ):
        keypoints[part], scores[part] = _found_or_not(part, landmarks, order)
    bbox = np.concatenate([body.min(axis=0), body.max(axis=0)])
    return [Person(bbox, float(body_scores.mean()), keypoints, scores)]


def _coordinates(landmarks: Any) -> np.ndarray:
    return np.array([(mark.x, mark.y) for mark in landmarks.landmark], dtype=np.float32)


def _picked(
    coordinates: np.ndarray, scores: np.ndarray, order: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates and scores in another order; an index of -1 gives 0, 0 with score 0."""
    exists = np.array(order) >= 0
    picked = np.where(exists[:, None], coordinates[list(order)], 0).astype(np.float32)
    return picked, np.where(exists, scores[list(order)], 0).astype(np.float32)


def _found_or_not(
    part: str, landmarks: Any, order: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Face and hands come without scores of their own: 1 where found, else 0."""
    if landmarks is None:
        size = PARTS[part]
        return np.zeros((size, 2), np.float32), np.zeros(size, np.float32)
    coordinates = _coordinates(landmarks)
    return _picked(coordinates, np.ones(len(coordinates), np.float32), order)


def _networks() -> dict[str, str]:
    """File name → SHA-256 of the networks that Holistic runs."""
    import mediapipe

    folder = Path(mediapipe.__file__).parent / "modules"
    return {Path(name).name: sha256(folder / name) for name in NETWORKS}
