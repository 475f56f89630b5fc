"""Poses of a video as a `.pose` file of the pose-format library.

Components and points have the names by which that library knows OpenPose's, so that its tools
(normalising by the shoulders, hiding the legs) work. Feet are a component of their own.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pose_format import Pose, PoseHeader
from pose_format.numpy import NumPyPoseBody
from pose_format.pose_header import PoseHeaderComponent, PoseHeaderDimensions

from signverse.files import atomic_path
from signverse.poses import PARTS, Poses
from signverse.skeleton import COLOURS, HAND_COLOURS, HAND_DOT, HAND_EDGES, LIMBS

VERSION = 0.2  # of the file format, https://github.com/sign-language-processing/pose
NAMES = {
    "body": "pose_keypoints_2d",
    "face": "face_keypoints_2d",
    "left_hand": "hand_left_keypoints_2d",
    "right_hand": "hand_right_keypoints_2d",
    "feet": "feet_keypoints_2d",
}
BODY_POINTS = (
    *("Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "RHip"),
    *("RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar"),
)
HAND_POINTS = (
    "BASE",
    *("T_STT", "T_BCMC", "T_MCP", "T_IP"),
    *(f"{finger}_{joint}" for finger in "IMRP" for joint in ("CMC", "MCP", "PIP", "DIP")),
)
FEET_POINTS = ("LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel")
FEET_LIMBS = ((2, 0), (0, 1), (5, 3), (3, 4))
# Lines of the 68 points of iBUG 300-W: first and last point, and whether they are joined too.
FACE_LINES = (
    *((0, 16, False), (17, 21, False), (22, 26, False), (27, 30, False), (31, 35, False)),
    *((36, 41, True), (42, 47, True), (48, 59, True), (60, 67, True)),
)
FACE_PREFIXES = ((17, "FB"), (27, "FEB"), (36, "FN"), (48, "FE"), (60, "FLO"), (68, "FLI"))
FACE_COLOUR = (128, 128, 128)  # seen on black and on white
FEET_COLOURS = (COLOURS[13],) * 3 + (COLOURS[10],) * 3  # those of the ankles


def save_pose_file(path: str | Path, poses: Poses, *, max_persons: int | None) -> None:
    """Write a `.pose` file: x, y in pixels and the score of each point, float32.

    The format has the same number of persons in every frame: the greatest of the video, or
    `max_persons`, by falling detection score; who is not there is 0 with score 0. A person of
    one frame is not followed into the next.
    """
    most = int(poses.num_persons.max(initial=0))
    persons = most if max_persons is None else min(most, max_persons)
    shape = (len(poses.frame_indices), persons, sum(PARTS.values()))
    points, scores = np.zeros((*shape, 2), np.float32), np.zeros(shape, np.float32)
    size = np.array([poses.frame_width, poses.frame_height], np.float32)
    for t in range(shape[0]):
        rows = poses.persons(t)[:persons]
        seen = slice(rows.start, rows.stop)
        found = [getattr(poses, f"{part}_keypoints")[seen] for part in PARTS]
        points[t, : len(rows)] = np.concatenate(found, axis=1) * size
        scored = [getattr(poses, f"{part}_scores")[seen] for part in PARTS]
        scores[t, : len(rows)] = np.concatenate(scored, axis=1)
    dimensions = PoseHeaderDimensions(poses.frame_width, poses.frame_height)
    pose = Pose(
        PoseHeader(VERSION, dimensions, components()), NumPyPoseBody(poses.fps, points, scores)
    )
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        pose.write(file)


def components() -> list[PoseHeaderComponent]:
    """The header's components in the order of PARTS: points, limbs, one RGB colour per point."""
    hand_colours = (HAND_DOT, *HAND_COLOURS)  # of a joint: the colour of the edge that leads to it
    return [
        _component("body", BODY_POINTS, LIMBS, COLOURS),
        _component("face", _face_points(), _face_limbs(), (FACE_COLOUR,) * 68),
        _component("left_hand", HAND_POINTS, HAND_EDGES, hand_colours),
        _component("right_hand", HAND_POINTS, HAND_EDGES, hand_colours),
        _component("feet", FEET_POINTS, FEET_LIMBS, FEET_COLOURS),
    ]


def _component(
    part: str,
    points: Sequence[str],
    limbs: Sequence[tuple[int, int]],
    colours: Sequence[tuple[int, ...]],
) -> PoseHeaderComponent:
    rgb = [(red, green, blue) for red, green, blue in colours]
    return PoseHeaderComponent(NAMES[part], list(points), list(limbs), rgb, "XYC")


def _face_points() -> list[str]:
    """FB_0 … FLI_67, as the pose-format library names them."""
    return [f"{next(p for end, p in FACE_PREFIXES if n < end)}_{n}" for n in range(PARTS["face"])]


def _face_limbs() -> list[tuple[int, int]]:
    limbs = []
    for first, last, closed in FACE_LINES:
        limbs += [(n, n + 1) for n in range(first, last)]
        limbs += [(last, first)] if closed else []
    return limbs
