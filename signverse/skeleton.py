"""How keypoints are joined and coloured: the constants of the OpenPose drawing style.

Sources: OpenPose-18 limbs and the 18 rainbow colours as drawn by IDEA-Research/DWPose
(branch onnx, util.py) and easy_dwpose (draw/openpose.py).
"""

import colorsys

# Limbs as pairs of body keypoints (from 0), in drawing order. Limb i has colour i.
LIMBS = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7)),
    *((1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
    *((1, 0), (0, 14), (14, 16), (0, 15), (15, 17)),
)

# RGB of limb i and of body keypoint i.
COLOURS = (
    *((255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0)),
    *((0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255)),
    *((0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)),
)

# Bones of a hand: wrist to the tip of thumb, index, middle, ring and little finger.
HAND_EDGES = tuple(
    (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1)
    for finger in range(5)
    for joint in range(4)
)

# RGB of edge e: hue e/20, full saturation and value.
HAND_COLOURS = tuple(
    tuple(round(255 * channel) for channel in colorsys.hsv_to_rgb(edge / 20, 1, 1))
    for edge in range(len(HAND_EDGES))
)
HAND_DOT = (0, 0, 255)
FACE_DOT = (255, 255, 255)
LIMB_BRIGHTNESS = 0.6  # limbs are dimmed, joints drawn over them at full colour
