"""Keypoints of one person, as RTMPose sees them: crop, normalisation, SimCC decoding.

The numerics are those of the peers that made the published corpora (easy_dwpose pose.py,
IDEA-Research/DWPose onnxpose.py).
"""

import cv2
import numpy as np

WIDTH, HEIGHT = 288, 384  # the network's input, in pixels
KEYPOINTS = 133  # COCO-WholeBody
BINS_X, BINS_Y = 576, 768  # places that a keypoint can have: half pixels of the input
PADDING = 1.25  # of the box, before it is cut out
ASPECT = WIDTH / HEIGHT
MEAN = (123.675, 116.28, 103.53)  # of ImageNet, by channel
STD = (58.395, 57.12, 57.375)

# Value of a normalised pixel by channel and its uint8 value, float32 [3, 256]: computed in
# float64 once, instead of float64 images.
NORMALISED = ((np.arange(256)[None, :] - np.array(MEAN)[:, None]) / np.array(STD)[:, None]).astype(
    np.float32
)


def centre_and_scale(box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middle and size, in pixels, of the part of a frame to cut out: float64 [2] each.

    box: x1 y1 x2 y2 in pixels. The box is padded and then widened or heightened to 3:4.
    """
    x1, y1, x2, y2 = np.asarray(box, dtype=np.float64)
    centre = np.array([x1 + x2, y1 + y2]) * 0.5
    width, height = (x2 - x1) * PADDING, (y2 - y1) * PADDING
    if width > height * ASPECT:
        return centre, np.array([width, width / ASPECT])
    return centre, np.array([height * ASPECT, height])


def cut_out(
    image: np.ndarray, centre: np.ndarray, scale: np.ndarray, channels: str, target: np.ndarray
) -> None:
    """Put a person into the network's input.

    image: uint8 [height, width, 3], RGB. channels: "RGB" or "BGR", the order the network gets;
    the normalisation goes by place. target: float32 [3, 384, 288], is overwritten.
    """
    crop = cv2.warpAffine(image, _warp(centre, scale), (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    planes = cv2.split(crop)
    for place, plane in enumerate(planes if channels == "RGB" else planes[::-1]):
        cv2.LUT(plane, NORMALISED[place], target[place])


def _warp(centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Affine map [2, 3] from the frame to the crop, from the peers' three float32 points."""
    (x, y), half = centre, scale[0] / 2
    middle, above = np.array([(x, y), (x, y - half)], dtype=np.float32)
    aside = above + (above - middle)[::-1]  # in float32, which may differ from x - half
    source = np.stack([middle, above, aside])
    middle_x, middle_y = WIDTH / 2, HEIGHT / 2
    target = np.array(
        [(middle_x, middle_y), (middle_x, middle_y - middle_x), (0, middle_y - middle_x)],
        dtype=np.float32,
    )
    return cv2.getAffineTransform(source, target)


def decode(
    simcc_x: np.ndarray, simcc_y: np.ndarray, centres: np.ndarray, scales: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints in pixels of the frame, float64 [N, 133, 2], and scores, float32 [N, 133].

    simcc_x: float32 [N, 133, 576], simcc_y: float32 [N, 133, 768]. centres, scales: float64
    [N, 2]. A score is the smaller of both maxima. A keypoint with a score of 0 or less was not
    found; its coordinates then lie just outside the crop, as in the peers.
    """
    bins = np.stack([simcc_x.argmax(axis=2), simcc_y.argmax(axis=2)], axis=2).astype(np.float64)
    scores = np.minimum(simcc_x.max(axis=2), simcc_y.max(axis=2))
    bins[scores <= 0] = -1
    places = bins / 2 / (WIDTH, HEIGHT)
    return places * scales[:, None] + centres[:, None] - scales[:, None] / 2, scores
