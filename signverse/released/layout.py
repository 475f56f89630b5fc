"""Names and quirks of the published layout.

Source: the code published with SignVerse-2M, commit 1c6dfc7,
`SignDW_Transformer/scripts/pipeline02_extract_dwpose_from_video.py`. An aggregated `poses.npz`
holds `frame_payloads`, a pickled object array of one dict per frame; else there is one
`00000001.npz` per frame with the same keys. Frames are numbered from 1.
"""

import numpy as np

FPS = 24.0  # of a folder of frames, which does not say; the published rate
# Part of the body → number of keypoints.
PARTS = {"body": 18, "face": 68, "left_hand": 21, "right_hand": 21}
# Keys of a person that only this project writes → shape. Published tools leave them unread.
EXTRAS: dict[str, tuple[int, ...]] = {
    "body_confidences": (18,),
    "feet_keypoints": (6, 2),
    "feet_scores": (6,),
    "bbox": (4,),
    "bbox_score": (),
}
VISIBLE_SCORE = 0.3  # a joint with a score up to this is marked as not visible
HIDDEN = -1.0  # the mark


def joint_indices(persons: int) -> np.ndarray:
    """What stands in place of the body's scores for visible joints, float32 [persons, 18].

    The place of each joint in all bodies of the frame, one after another; the published drawing
    code looks coordinates up by it.
    """
    return np.arange(persons * PARTS["body"], dtype=np.float32).reshape(persons, PARTS["body"])


def regroup_hands(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each person of a frame their own hands; shapes [persons, ...] in and out.

    The published code puts all left hands before all right hands, and then takes hands 2 p and
    2 p + 1 for person p: right for one person, wrong for more.
    """
    persons = len(left)
    stack = np.stack([left, right], axis=1).reshape(2 * persons, *left.shape[1:])
    return stack[:persons], stack[persons:]
