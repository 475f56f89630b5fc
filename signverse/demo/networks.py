"""Stand-ins for the two networks of DWPose: their signatures, none of their skill.

So that a plain clone tests the whole path, from video to shard, without weights. Persons are
what is magenta or like skin, and stand upright, facing the camera. The files are always the
same, byte for byte.

* detector: YOLOX-L, float32 [batch, 3, 640, 640], 0 to 255 → float32 [batch, 8400, 85]
* pose: RTMPose-L, float32 [batch, 3, 384, 288], normalised RGB → SimCC over x and over y,
  float32 [batch, 133, 576] and [batch, 133, 768]
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from onnx import TensorProto

from signverse.demo.graphs import Net
from signverse.errors import InputError

STRIDES, CELL = (8, 16, 32), 8  # of YOLOX; all is computed on the finest grid
CLASSES, PERSON, DOG = 80, 0, 16  # of COCO; persons are a little dog-like, to be filtered out
GROWTH = 40  # cells: how far the extent of an area is followed from its middle

HEIGHT, WIDTH, KEYPOINTS = 384, 288, 133  # of the pose network's input; COCO-WholeBody
MEAN, STD = [[[123.675]], [[116.28]], [[103.53]]], [[[58.395]], [[57.12]], [[57.375]]]  # ImageNet
BLOCK = 24  # pixels: the pose network sees 16 x 12 blocks
BINS, PEAK = 2, 6.0  # of SimCC, per pixel; standard deviation of a peak, in bins

# A painted person: head, trunk, legs. Red and blue exceed green by MAGENTA in each of them.
PAINT, MAGENTA = ((255, 95, 255), (200, 40, 200), (170, 10, 170)), 160

BODY_SPREAD, FACE_SPREAD = 89.0, 13.0  # pixels: standard deviation over y of the template
NOSE, PRIOR = 120.0, 1e-3  # pixels above the body's middle; weight of what holds without persons


def write_networks(folder: Path) -> dict[str, Path]:
    """Write both under the names of the real files; return "detector" and "pose" → path."""
    paths = {"detector": folder / "yolox_l.onnx", "pose": folder / "dw-ll_ucoco_384.onnx"}
    write_detector(paths["detector"])
    write_pose(paths["pose"])
    return paths


def synthetic_frame(width: int, height: int, boxes: Iterable[tuple[int, ...]]) -> np.ndarray:
    """A grey frame, uint8 [height, width, 3] in RGB, with a magenta person in each box.

    Boxes are x1, y1, x2, y2, cut at the edges. Found ones are off by less than 1.5 pixels of the
    detector's input (measured on 497), in which persons are to be 32 wide and high and 24 apart.
    """
    shades = np.linspace(90, 140, width)[None, :, None]  # grey is neither skin nor magenta
    frame = np.broadcast_to(shades, (height, width, 3)).astype(np.uint8)
    for x1, y1, x2, y2 in boxes:
        rows = [max(0, round(y1 + (y2 - y1) * share)) for share in (0, 0.25, 0.55, 1)]
        for colour, top, bottom in zip(PAINT, rows, rows[1:], strict=False):
            frame[top:bottom, max(0, x1) : max(0, x2)] = colour
    return frame


def write_detector(
    path: Path, *, batch: int | None = 1, size: int = 640, channels: str = "BGR"
) -> None:
    """Write the detector: `images` → `output`, YOLOX rows before the decoding of the grid.

    Each connected magenta area is a person; all that has the colour of skin together is one
    more. `channels` is the order in which they will be fed, "BGR" or "RGB". `batch` None makes
    the first dimension dynamic. Raises InputError for a size that is no multiple of 32.
    """
    if size < STRIDES[-1] or size % STRIDES[-1]:
        raise InputError(f"size of the detector: found {size}; allowed: multiples of 32")
    net = Net()
    cells = net("AveragePool", "images", kernel_shape=[CELL, CELL], strides=[CELL, CELL])
    planes = dict(zip(channels, net.split(cells, 1, 1, 1), strict=True))
    colours = [planes[letter] for letter in "RGB"]
    magenta = _magenta_areas(net, _magenta(net, *colours), size)
    skin = _skin_area(net, _skin(net, *colours), size)
    painted = net("Greater", magenta[1], 0.0)
    areas = [net("Where", painted, *pair) for pair in zip(magenta, skin, strict=True)]
    levels = [_anchors(net, areas, stride, size) for stride in STRIDES]
    rows = net("Transpose", net("Concat", *levels, axis=2), perm=[0, 2, 1])
    slope, base = np.zeros((1, CLASSES)), np.full(CLASSES, 0.02)
    slope[0, [PERSON, DOG]], base[[PERSON, DOG]] = (0.4, 0.35), (0.55, 0.1)
    classes = net("Add", net("MatMul", net("Slice", rows, [4], [5], [2]), slope), base)
    net("Concat", rows, classes, axis=2, result="output")
    count = sum((size // stride) ** 2 for stride in STRIDES)
    net.write(path, batch, {"images": (3, size, size)}, {"output": (count, 5 + CLASSES)})


def _magenta(net: Net, red: str, green: str, blue: str) -> str:
    """0 to 1: the share of a cell that has the colour of a painted person."""
    return net.between(net("Sub", net("Min", red, blue), green), 0, MAGENTA)


def _skin(net: Net, red: str, green: str, blue: str) -> str:
    """0 to 1: how much a cell is like skin. Numbers by eye, on the recordings of the demo."""
    over_green = net("Mul", net("Sub", red, green), 2.0)
    return net.between(net("Min", net("Sub", red, blue), over_green), 15, 45)


def _magenta_areas(net: Net, share: str, size: int) -> tuple[str, str]:
    """Box of the area that each cell belongs to, [batch, 4, n, n], and its strength, 0 to 1."""
    near = np.indices((size // CELL, size // CELL))[None, ::-1] * float(CELL)
    inside = net("Cast", net("Greater", share, 0.06), to=TensorProto.FLOAT)
    # An edge lies as far inside of its cell as the share says. All grow by maxima; so left and
    # top are counted from the opposite side.
    starts = np.concatenate([size - CELL - near, near], axis=1)
    edges = net("Add", net("Mul", share, float(CELL)), starts)
    grown = net("Mul", net("Concat", edges, share, axis=1), inside)
    for _ in range(GROWTH):
        grown = net("Mul", net("MaxPool", grown, kernel_shape=[3, 3], pads=[1] * 4), inside)
    opposite, far, purest = net.split(grown, 2, 2, 1)
    near_edges = net("Sub", float(size), opposite)
    area = net("Mul", net("ReduceProd", net("Sub", far, near_edges), axes=[1]), inside)
    # What is purple at best is not a person.
    strength = net("Mul", net.between(purest, 0.7, 0.9), net("Div", area, net("Add", area, 600.0)))
    return net("Concat", near_edges, far, axis=1), strength


def _skin_area(net: Net, skin: str, size: int) -> tuple[str, str]:
    """Box around all skin of a picture, [batch, 4, 1, 1], and its strength, 0 to 1."""
    y, x = (np.indices((size // CELL, size // CELL))[:, None, None] + 0.5) * CELL
    near, far = [], []
    for ramp, before, after in ((x, 2.2, 2.2), (y, 2.1, 2.6)):
        middle, spread = _moments(net, skin, ramp, size / 2, size / 4)
        near.append(net("Sub", middle, net("Mul", spread, before)))
        far.append(net("Add", middle, net("Mul", spread, after)))
    share = net("ReduceMean", skin, axes=[2, 3])
    return net("Concat", *near, *far, axis=1), net("Div", share, net("Add", share, 0.02))


def _moments(net: Net, weight: str, ramp: np.ndarray, *prior: float) -> list[str]:
    """Mean and standard deviation of a coordinate; without any weight the prior ones."""
    mass = net("Add", net("ReduceSum", weight, [2, 3]), PRIOR)
    found: list[str] = []
    for power, value in enumerate(prior, start=1):
        away = net("Sub", ramp, found[0]) if found else net.constant(ramp)
        total = net("ReduceSum", net("Mul", weight, net("Pow", away, float(power))), [2, 3])
        found.append(net("Div", net("Add", total, PRIOR * value**power), mass))
    return [found[0], net("Sqrt", found[1])]


def _anchors(net: Net, areas: list[str], stride: int, size: int) -> str:
    """Raw rows of one stride: tx, ty, tw, th, objectness; [batch, 5, n * n]."""
    every = [[0, 0], [size, size], [2, 3], [stride // CELL] * 2]
    boxes, strength = (net("Slice", value, *every) for value in areas)
    grid = np.indices((size // stride, size // stride))[None, ::-1].astype(float)
    near, far = net.split(net("Mul", boxes, 1 / stride), 2, 2)
    middle = net("Mul", net("Add", near, far), 0.5)
    extent = net("Log", net("Max", net("Sub", far, near), 0.1))
    away = net("Sub", grid + 0.5, middle)
    close = net("Exp", net("Mul", net("ReduceSum", net("Mul", away, away), [1]), -1 / 4.5))
    # No two anchors tie: later and coarser ones are a little weaker.
    rank = 0.97 - 0.001 * stride - 1e-4 * (grid[:, :1] + 1.37 * grid[:, 1:])
    objectness = net("Add", net("Mul", net("Mul", close, strength), rank), 0.01)
    # Each leans to its own place, so that the choice of one shows in the box.
    offset = net("Sub", net("Add", middle, net("Mul", away, 0.03)), grid)
    return net("Reshape", net("Concat", offset, extent, objectness, axis=1), [0, 5, -1])


def write_pose(path: Path, *, batch: int | None = None) -> None:
    """Write the pose network: `input` → `simcc_x`, `simcc_y`.

    Keypoints follow what is magenta or bare skin. Those on black, as beyond the edges of a frame,
    or out of the crop have no maximum above 0. `batch` None makes the first dimension dynamic.
    """
    net = Net()
    blocks = net("AveragePool", "input", kernel_shape=[BLOCK, BLOCK], strides=[BLOCK, BLOCK])
    colours = net("Add", net("Mul", blocks, STD), MEAN)
    planes = net.split(colours, 1, 1, 1)
    skin = _face(net, *planes)
    person = net("Max", skin, _magenta(net, *planes))
    grey = net("ReduceMean", colours, axes=[1])
    positions = _positions(net, skin, person, grey)
    visible = net("Mul", net.between(grey, 3, 33), net("Add", net("Mul", person, 0.4), 0.6))
    height = net("Sub", _around(net, visible, *positions), 1.1)  # 1 lower, for the peak on top
    outputs = {"simcc_x": (KEYPOINTS, WIDTH * BINS), "simcc_y": (KEYPOINTS, HEIGHT * BINS)}
    for seed, position, (name, (_, bins)) in zip((2, 3), positions, outputs.items(), strict=True):
        own = net("Add", height, net("Mul", _noise(net, grey, seed), 0.08))
        away = net("Sub", np.arange(bins) / BINS, position)
        peak = net("Exp", net("Mul", net("Mul", away, away), -((BINS / PEAK) ** 2) / 2))
        # The slope leaves no ties where the peak is out of the crop.
        net("Sub", net("Add", peak, own), net("Mul", net("Abs", away), 2e-4), result=name)
    net.write(path, batch, {"input": (3, HEIGHT, WIDTH)}, outputs)


def _face(net: Net, red: str, green: str, blue: str) -> str:
    """0 to 1: how much a block is inside of bare skin; orange clothes are warm, but too vivid."""
    pale = net.between(net("Sub", blue, net("Mul", red, 0.45)), 0, 15)
    bare = net("Mul", _skin(net, red, green, blue), pale)
    around = net("AveragePool", bare, kernel_shape=[3, 3], pads=[1] * 4)
    return net("Mul", bare, net("Pow", around, 4.0))


def _positions(net: Net, skin: str, person: str, grey: str) -> list[str]:
    """Keypoints in pixels of the crop: x and y, each [batch, 133, 1]."""
    y, x = (np.indices((HEIGHT // BLOCK, WIDTH // BLOCK))[:, None, None] + 0.5) * BLOCK
    nose_x, _ = _moments(net, person, x, WIDTH / 2, WIDTH / 4)
    middle, spread = _moments(net, person, y, HEIGHT / 2, BODY_SPREAD)
    # The nose is in the middle of a face, but near the top of a painted body.
    bare, mass = (net("ReduceMean", share, axes=[2, 3]) for share in (skin, person))
    bare = net("Div", bare, net("Add", mass, PRIOR))
    above = net("Mul", net("Sub", 1.0, bare), NOSE / BODY_SPREAD)
    nose_y = net("Sub", middle, net("Mul", spread, above))
    unit = net("Sub", BODY_SPREAD, net("Mul", bare, BODY_SPREAD - FACE_SPREAD))
    zoom = net("Min", net("Div", spread, unit), 2.4)
    places = []
    for axis, nose in enumerate((nose_x, nose_y)):
        place = net("Add", net("Mul", _standing_person()[:, axis, None, None], zoom), nose)
        place = net("Reshape", place, [0, KEYPOINTS, 1])
        places.append(net("Add", place, net("Mul", _noise(net, grey, axis), 1.5)))
    return places


def _around(net: Net, shown: str, x: str, y: str) -> str:
    """Mean of a map of blocks around each keypoint, 0 beyond the crop; [batch, 133, 1]."""
    weights = []
    for position, side in ((x, WIDTH), (y, HEIGHT)):
        away = net("Sub", (np.arange(side // BLOCK) + 0.5) * BLOCK, position)
        near = net("Exp", net("Mul", net("Mul", away, away), -1 / (2 * 18.0**2)))
        weights.append(net("Mul", near, BLOCK / (18.0 * np.sqrt(2 * np.pi))))
    columns = net("Transpose", net("Squeeze", shown, [1]), perm=[0, 2, 1])
    return net("ReduceSum", net("Mul", net("MatMul", weights[0], columns), weights[1]), [2])


def _noise(net: Net, grey: str, seed: int) -> str:
    """-1 to 1: a number of each keypoint that depends on the whole picture; [batch, 133, 1]."""
    blocks = HEIGHT * WIDTH // BLOCK**2
    weights = np.random.RandomState(seed).randint(-8, 9, (blocks, KEYPOINTS)) / 64
    values = net("Reshape", net("Sub", net("Mul", grey, 1 / 64), 2.0), [0, 1, blocks])
    return net("Transpose", net("Tanh", net("MatMul", values, weights)), perm=[0, 2, 1])


def _standing_person() -> np.ndarray:
    """x, y in pixels from the nose, [133, 2], COCO-WholeBody; the right side is on the left."""

    def _arc(x: float, y: float, width: float, height: float, count: int) -> list[np.ndarray]:
        angles = np.arange(count) * 2 * np.pi / count  # from the left, over the top
        return [np.array([x - width * np.cos(a), y - height * np.sin(a)]) for a in angles]

    mirror = np.array([-1, 1])
    # Left eye, ear, shoulder, elbow, wrist, hip, knee, ankle; toes and heel.
    pairs = [(5, -6), (11, -3), (36, 40), (50, 92), (56, 140), (20, 135), (20, 198), (20, 258)]
    body = [(0, 0), *(np.array(pair) * side for pair in pairs for side in (1, mirror))]
    foot = np.array([(30, 270), (36, 268), (17, 266)])
    spread = np.linspace(-0.6, 0.6, 5).repeat(4)  # radians: the thumb points to the body
    fingers = np.c_[np.sin(spread), np.cos(spread)] * np.tile([6, 12, 18, 24], 5)[:, None]
    hand = np.array([(0, 0), *fingers]) + np.array([56, 140])
    face = [
        *_arc(0, -4, 15, -25, 32)[:17], *((x, -11) for x in (*range(-12, -3, 2), *range(4, 13, 2))),
        *((0, y) for y in (-5, -3, -1, 1)), *((x, 3) for x in (-4, -2, 0, 2, 4)),
        *_arc(-6, -6, 3, 1.5, 6), *_arc(6, -6, 3, 1.5, 6),
        *_arc(0, 10, 7, 3.5, 12), *_arc(0, 10, 5, 1.5, 8),
    ]  # fmt: skip
    return np.concatenate([body, foot, foot * mirror, face, hand, hand * mirror]).round(3)
