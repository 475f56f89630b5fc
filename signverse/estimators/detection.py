"""Persons in a frame, as YOLOX sees them: letterbox, grid decoding, non-maximum suppression.

The numerics are those of the peers that made the published corpora (easy_dwpose
detector.py, IDEA-Research/DWPose onnxdet.py), for the class "person" alone.
"""

import functools

import cv2
import numpy as np

SIZE = 640  # height and width of the network's input, in pixels
STRIDES = (8, 16, 32)
PADDING = 114  # grey beside the frame
CELLS = sum((SIZE // stride) ** 2 for stride in STRIDES)
VALUES = 85  # per cell: box, objectness, 80 classes of COCO
OBJECTNESS, PERSON = 4, 5  # columns of the output
OVERLAP = 0.45  # intersection over union above which the lower score goes


def letterbox(image: np.ndarray, channels: str, target: np.ndarray) -> float:
    """Put a frame into the network's input; return the scale, input pixels per frame pixel.

    image: uint8 [height, width, 3], RGB. channels: "RGB" or "BGR", the order the network gets.
    target: float32 [3, 640, 640], is overwritten; values stay 0..255. The truncation of the
    scaled size is the peers'.
    """
    height, width = image.shape[:2]
    scale = min(SIZE / height, SIZE / width)
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    target[:, size[1] :, :] = PADDING
    target[:, : size[1], size[0] :] = PADDING
    for place, channel in enumerate(cv2.split(resized)):
        target[place if channels == "RGB" else 2 - place, : size[1], : size[0]] = channel
    return scale


@functools.cache
def _grid() -> tuple[np.ndarray, np.ndarray]:
    """Corner of each cell in units of its stride, float32 [8400, 2], and stride, [8400, 1]."""
    corners, strides = [], []
    for stride in STRIDES:
        side = SIZE // stride
        x, y = np.meshgrid(np.arange(side), np.arange(side))
        corners.append(np.stack([x, y], axis=2).reshape(-1, 2))
        strides.append(np.full((side * side, 1), stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(strides).astype(np.float32)


def persons(output: np.ndarray, scale: float, min_score: float) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and scores of the persons in a frame, best score first.

    output: float32 [8400, 85], the network's. Returns float32 [P, 4] (x1 y1 x2 y2 in pixels of the
    frame, may reach beyond it) and float32 [P]. A person scores more than `min_score`. Other
    classes never touch a person, and a lower score never removes a higher one, so dropping
    both first gives the peers' result.
    """
    scores = output[:, OBJECTNESS] * output[:, PERSON]
    likely = np.flatnonzero(scores > min_score)
    corners, strides = _grid()
    raw = output[likely, :4]
    centre = (raw[:, :2] + corners[likely]) * strides[likely]
    half = np.exp(raw[:, 2:]) * strides[likely] / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    boxes /= scale
    keep = suppress(boxes, scores[likely])
    return boxes[keep], scores[likely][keep]


def suppress(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Indices of the boxes that greedy non-maximum suppression keeps, best score first.

    Areas count the last pixel in (+1), as in the peers.
    """
    x1, y1, x2, y2 = boxes.T
    areas = (x2 - x1 + 1) * (y2 - y1 + 1)
    order = scores.argsort()[::-1]
    keep = []
    while order.size:
        best, rest = order[0], order[1:]
        keep.append(best)
        width = np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest]) + 1
        height = np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest]) + 1
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        order = rest[shared / (areas[best] + areas[rest] - shared) <= OVERLAP]
    return np.array(keep, dtype=int)
