"""COCO-WholeBody's 133 keypoints as the parts of the corpus."""

import numpy as np

from signverse.poses import Person

LEFT_SHOULDER, RIGHT_SHOULDER = 5, 6
NECK = 1
# COCO keypoint of each OpenPose body keypoint; the neck (-1) is made of the shoulders.
BODY = (0, -1, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
PARTS = {
    "feet": slice(17, 23),
    "face": slice(23, 91),
    "left_hand": slice(91, 112),
    "right_hand": slice(112, 133),
}


def make_person(
    box: np.ndarray, box_score: float, keypoints: np.ndarray, scores: np.ndarray, size: np.ndarray
) -> Person:
    """A person of the corpus from one of COCO-WholeBody.

    box: x1 y1 x2 y2, keypoints: [133, 2], both in pixels of a frame of `size` (width, height).
    scores: [133]. The neck is the middle of the shoulders with the smaller score of the two. A
    keypoint with a score of 0 or less was not found.
    """
    shoulders = [LEFT_SHOULDER, RIGHT_SHOULDER]
    body, body_scores = keypoints[list(BODY)], scores[list(BODY)]
    body[NECK] = keypoints[shoulders].mean(axis=0)
    body_scores[NECK] = scores[shoulders].min()
    parts = {"body": (body, body_scores)}
    parts |= {part: (keypoints[rows], scores[rows]) for part, rows in PARTS.items()}
    found = {part: values > 0 for part, (_, values) in parts.items()}
    return Person(
        bbox=(box / np.tile(size, 2)).astype(np.float32),
        bbox_score=float(box_score),
        keypoints={
            part: np.where(found[part][:, None], points / size, 0).astype(np.float32)
            for part, (points, _) in parts.items()
        },
        scores={
            part: np.where(found[part], values, 0).astype(np.float32)
            for part, (_, values) in parts.items()
        },
    )
