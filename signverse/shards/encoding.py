"""Coordinates and scores of a shard: fixed point, with a stated worst error.

Coordinates: int32, 1/20,000 of the frame's width and height. Rounding errs by half of that, 0.048
pixels of a side of 1,920, and so never by more than 1/20 pixel at 1080p, upright or not.
Scores: uint8, 1/200, so that DWPose's, which can be a little above 1, fit; from 1.275 on all are
255. 0 is "not found" and nothing else: what is above 0 is stored as 1 at least.
"""

import numpy as np

from signverse.poses import PARTS, Poses
from signverse.shards.layout import part_slices

COORDINATE_STEPS = 20_000  # to the width, or height, of the frame
SCORE_STEPS = 200
COORDINATE_ERROR = 0.5 / COORDINATE_STEPS
SCORE_ERROR = 1 / SCORE_STEPS  # next to 0; half of it from 1/400 to 1.275
MAX_SCORE = 255 / SCORE_STEPS
FARTHEST = 100_000  # widths of the frame; int32 ends at 107,374


def encode_coordinates(values: np.ndarray, name: str) -> np.ndarray:
    """float32 → int32 of the same shape; ValueError for what is not finite or absurdly far."""
    steps = values * np.float64(COORDINATE_STEPS)
    if not (np.abs(steps) <= FARTHEST * COORDINATE_STEPS).all():
        raise ValueError(f"{name} holds NaN, or coordinates beyond {FARTHEST} frames")
    return np.rint(steps, out=steps).astype(np.int32)


def encode_scores(values: np.ndarray, name: str) -> np.ndarray:
    """float32 → uint8 of the same shape; ValueError for NaN and scores below 0."""
    if not (values >= 0).all():
        raise ValueError(f"{name} holds NaN, or scores below 0")
    steps = np.rint(np.minimum(values, MAX_SCORE) * SCORE_STEPS)
    return np.where(values > 0, np.maximum(steps, 1), 0).astype(np.uint8)


def decode_coordinates(steps: np.ndarray) -> np.ndarray:
    """int32 → float32."""
    return (steps / np.float64(COORDINATE_STEPS)).astype(np.float32)


def decode_scores(steps: np.ndarray) -> np.ndarray:
    """uint8 → float32."""
    return steps / np.float32(SCORE_STEPS)


def encode_detections(poses: Poses, rows: slice) -> dict[str, np.ndarray]:
    """The arrays of a shard for some detections of a video; ValueError names a bad field."""
    keypoints, scores = [], []
    for part in PARTS:
        name = f"{part}_keypoints"
        keypoints.append(encode_coordinates(getattr(poses, name)[rows], name))
        scores.append(encode_scores(getattr(poses, f"{part}_scores")[rows], f"{part}_scores"))
    keypoints.append(encode_coordinates(poses.bboxes[rows], "bboxes").reshape(-1, 2, 2))
    scores.append(encode_scores(poses.bbox_scores[rows], "bbox_scores")[:, None])
    return {"points": np.concatenate(keypoints, axis=1), "scores": np.concatenate(scores, axis=1)}


def decode_detections(points: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Fields of Poses from rows of a shard's `points` and `scores`, float32."""
    coordinates, confidences = decode_coordinates(points), decode_scores(scores)
    fields = {"bboxes": coordinates[:, -2:].reshape(-1, 4), "bbox_scores": confidences[:, -1]}
    for part, place in part_slices().items():
        fields[f"{part}_keypoints"] = coordinates[:, place]
        fields[f"{part}_scores"] = confidences[:, place]
    return fields
