"""Skeletons drawn on images, in the OpenPose style."""

import math
from typing import Any

import cv2
import numpy as np

from signverse.skeleton import (
    COLOURS,
    FACE_DOT,
    HAND_COLOURS,
    HAND_DOT,
    HAND_EDGES,
    LIMB_BRIGHTNESS,
    LIMBS,
)

REFERENCE_HEIGHT = 512  # height in pixels at which the sizes below hold
LIMB_HALF_WIDTH, JOINT_RADIUS, HAND_LINE, HAND_RADIUS, FACE_RADIUS = 4, 4, 2, 3, 2

Payload = dict[str, Any]


def draw_skeleton(image: np.ndarray, payload: Payload, min_score: float) -> np.ndarray:
    """Draw the persons of one frame on a copy of `image` (uint8 [height, width, 3], RGB).

    Keypoints with a score below `min_score`, or of 0, are left out.
    """
    height, width = image.shape[:2]
    scale = height / REFERENCE_HEIGHT
    persons = [payload[f"person_{n:03d}"] for n in range(payload["num_persons"])]
    limbs = np.zeros_like(image)
    for person in persons:
        _draw_limbs(limbs, *_visible(person, "body", width, height, min_score), scale)
    drawn = np.where(limbs.any(axis=2, keepdims=True), limbs * LIMB_BRIGHTNESS, image)
    canvas = np.ascontiguousarray(drawn.astype(np.uint8))
    for person in persons:
        points, seen = _visible(person, "body", width, height, min_score)
        for joint in np.flatnonzero(seen):
            _dot(canvas, points[joint], JOINT_RADIUS * scale, COLOURS[joint])
        for hand in ("left_hand", "right_hand"):
            _draw_hand(canvas, *_visible(person, hand, width, height, min_score), scale)
        points, seen = _visible(person, "face", width, height, min_score)
        for point in points[seen]:
            _dot(canvas, point, FACE_RADIUS * scale, FACE_DOT)
    return canvas


def _visible(
    person: Payload, part: str, width: int, height: int, min_score: float
) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints in whole pixels, int [K, 2], and which of them to draw, bool [K]."""
    points = (person[f"{part}_keypoints"] * (width, height)).astype(int)
    scores = person[f"{part}_scores"]
    return points, (scores >= min_score) & (scores > 0)


def _draw_limbs(canvas: np.ndarray, points: np.ndarray, seen: np.ndarray, scale: float) -> None:
    half_width = max(1, round(LIMB_HALF_WIDTH * scale))
    for (a, b), colour in zip(LIMBS, COLOURS, strict=False):
        if seen[a] and seen[b]:
            (x1, y1), (x2, y2) = points[a], points[b]
            centre = ((x1 + x2) // 2, (y1 + y2) // 2)
            half_length = int(math.hypot(x2 - x1, y2 - y1) / 2)
            angle = int(math.degrees(math.atan2(y2 - y1, x2 - x1)))
            axes = (half_length, half_width)
            outline = cv2.ellipse2Poly((int(centre[0]), int(centre[1])), axes, angle, 0, 360, 1)
            cv2.fillConvexPoly(canvas, np.array(outline), colour)


def _draw_hand(canvas: np.ndarray, points: np.ndarray, seen: np.ndarray, scale: float) -> None:
    for (a, b), colour in zip(HAND_EDGES, HAND_COLOURS, strict=True):
        if seen[a] and seen[b]:
            ends = tuple(map(int, points[a])), tuple(map(int, points[b]))
            cv2.line(canvas, *ends, colour, max(1, round(HAND_LINE * scale)))
    for point in points[seen]:
        _dot(canvas, point, HAND_RADIUS * scale, HAND_DOT)


def _dot(canvas: np.ndarray, point: np.ndarray, radius: float, colour: tuple[int, ...]) -> None:
    cv2.circle(canvas, (int(point[0]), int(point[1])), max(1, round(radius)), colour, -1)
