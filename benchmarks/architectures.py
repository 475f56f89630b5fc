"""Networks of the true architecture of DWPose's, with random weights: for memory and time.

They find nothing; the detector says that two persons stand in every frame, so that the pose
network has its work. YOLOX-L is that of Megvii-BaseDetection/YOLOX (yolo_pafpn.py, yolo_head.py),
RTMPose-L that of open-mmlab/mmpose (cspnext.py, rtmcc_head.py). Batch normalisation is folded
into convolutions, as in exported files.
"""

from pathlib import Path

import numpy as np

from signverse.demo.graphs import Net

LEVELS = {8: 256, 16: 512, 32: 1024}  # stride → channels of YOLOX-L
PERSONS = ((6, 10), (14, 10))  # cells of the coarsest level with a person
KEYPOINTS, WIDTH, HEIGHT = 133, 288, 384


class RandomNet(Net):
    """A graph whose convolutions have random weights."""

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(0)

    def weights(self, *shape: int) -> np.ndarray:
        """Random numbers that keep the size of what they are multiplied with."""
        inputs = np.prod(shape[1:])
        return (self.random.standard_normal(shape) * np.sqrt(1 / inputs)).astype(np.float32)

    def convolve(
        self, value: str, shape: tuple[int, int, int], stride: int = 1, groups: int = 1
    ) -> str:
        """A convolution alone; `shape` is channels in, channels out and kernel."""
        before, after, kernel = shape
        weights = self.weights(after, before // groups, kernel, kernel)
        return self(
            "Conv", value, weights, np.zeros(after), kernel_shape=[kernel, kernel],
            strides=[stride, stride], pads=[kernel // 2] * 4, group=groups,
        )  # fmt: skip

    def conv(self, value: str, *shape: int, stride: int = 1, groups: int = 1) -> str:
        """A convolution and SiLU."""
        out = self.convolve(value, (shape[0], shape[1], shape[2]), stride, groups)
        return self("Mul", out, self("Sigmoid", out))

    def pool_pyramid(self, value: str, channels: int) -> str:
        """YOLO's spatial pyramid pooling with kernels of 5, 9 and 13."""
        half = self.conv(value, channels, channels // 2, 1)
        pooled = [
            self("MaxPool", half, kernel_shape=[k, k], strides=[1, 1], pads=[k // 2] * 4)
            for k in (5, 9, 13)
        ]
        return self.conv(self("Concat", half, *pooled, axis=1), 2 * channels, channels, 1)

    def stage(
        self, value: str, before: int, after: int, blocks: int, *, add: bool, next_block: bool
    ) -> str:
        """A cross-stage partial layer: of YOLOX, or of CSPNeXt with its channel attention."""
        half = after // 2
        main, short = (self.conv(value, before, half, 1) for _ in range(2))
        for _ in range(blocks):
            if next_block:
                out = self.conv(self.conv(main, half, half, 3), half, half, 5, groups=half)
                out = self.conv(out, half, half, 1)
            else:
                out = self.conv(self.conv(main, half, half, 1), half, half, 3)
            main = self("Add", main, out) if add else out
        both = self("Concat", main, short, axis=1)
        if next_block:
            mean = self("GlobalAveragePool", both)
            both = self("Mul", both, self("HardSigmoid", self.convolve(mean, (after, after, 1))))
        return self.conv(both, after, after, 1)

    def twice_as_large(self, value: str) -> str:
        """Nearest neighbours."""
        scales = np.array([1, 1, 2, 2], np.float32)
        return self("Resize", value, "", scales, mode="nearest")


def write_yolox_l(path: Path, batch: int | None = None) -> None:
    """Write a detector, float32 [batch, 3, 640, 640] → [batch, 8400, 85]."""
    net = RandomNet()
    levels = _pyramid(net, *_backbone(net))
    rows = [_head(net, value, stride) for value, stride in zip(levels, LEVELS, strict=True)]
    joined = net("Concat", *rows, axis=2)
    net("Transpose", joined, perm=[0, 2, 1], result="output")
    net.write(path, batch, {"images": (3, 640, 640)}, {"output": (8400, 85)})


def _backbone(net: RandomNet) -> list[str]:
    """CSPDarknet of depth and width 1; its outputs of strides 8, 16 and 32."""
    focus = net("SpaceToDepth", net("Mul", "images", 1 / 255), blocksize=2)
    value = net.conv(focus, 12, 64, 3)
    outputs = []
    for channels, blocks in ((128, 3), (256, 9), (512, 9), (1024, 3)):
        value = net.conv(value, channels // 2, channels, 3, stride=2)
        last = channels == 1024
        if last:
            value = net.pool_pyramid(value, channels)
        value = net.stage(value, channels, channels, blocks, add=not last, next_block=False)
        outputs.append(value)
    return outputs[1:]


def _pyramid(net: RandomNet, fine: str, middle: str, coarse: str) -> list[str]:
    """Path aggregation: from coarse to fine and back."""

    def merge(first: str, second: str, after: int) -> str:
        both = net("Concat", first, second, axis=1)
        before = after if after > 512 else 2 * after
        return net.stage(both, before, after, 3, add=False, next_block=False)

    top = net.conv(coarse, 1024, 512, 1)
    between = merge(net.twice_as_large(top), middle, 512)
    reduced = net.conv(between, 512, 256, 1)
    low = merge(net.twice_as_large(reduced), fine, 256)
    down = net.conv(low, 256, 256, 3, stride=2)
    mid = net.stage(net("Concat", down, reduced, axis=1), 512, 512, 3, add=False, next_block=False)
    down = net.conv(mid, 512, 512, 3, stride=2)
    return [low, mid, merge(down, top, 1024)]


def _head(net: RandomNet, value: str, stride: int) -> str:
    """Rows of one level, [batch, 85, cells]."""
    side = 640 // stride
    value = net.conv(value, LEVELS[stride], 256, 1)
    classes, boxes = value, value
    for _ in range(2):
        classes, boxes = net.conv(classes, 256, 256, 3), net.conv(boxes, 256, 256, 3)
    there = np.full((1, 1, side, side), -10.0)
    if stride == 32:
        there[0, 0, [y for _, y in PERSONS], [x for x, _ in PERSONS]] = 10
    kind = np.where(np.arange(80) == 0, 10.0, -10.0)[None, :, None, None]
    extent = np.log([1, 1, 6, 15])[None, :, None, None]
    parts = [
        net("Add", net("Tanh", net.convolve(boxes, (256, 4, 1))), extent),
        net("Sigmoid", net("Add", net("Tanh", net.convolve(boxes, (256, 1, 1))), there)),
        net("Sigmoid", net("Add", net("Tanh", net.convolve(classes, (256, 80, 1))), kind)),
    ]
    return net("Reshape", net("Concat", *parts, axis=1), [0, 85, -1])


def write_rtmpose_l(path: Path, batch: int | None = None) -> None:
    """Write a pose network, float32 [batch, 3, 384, 288] → SimCC, [batch, 133, 576 and 768]."""
    net = RandomNet()
    value = net.conv(net.conv("input", 3, 32, 3, stride=2), 32, 32, 3)
    value = net.conv(value, 32, 64, 3)
    for channels, blocks in ((128, 3), (256, 6), (512, 6), (1024, 3)):
        value = net.conv(value, channels // 2, channels, 3, stride=2)
        last = channels == 1024
        if last:
            value = net.pool_pyramid(value, channels)
        value = net.stage(value, channels, channels, blocks, add=not last, next_block=True)
    maps = net.convolve(value, (1024, KEYPOINTS, 7))
    cells = (HEIGHT // 32) * (WIDTH // 32)
    tokens = net("MatMul", net("Reshape", maps, [0, KEYPOINTS, cells]), net.weights(cells, 256))
    tokens = net("Add", tokens, _attention(net, tokens))
    for name, bins in (("simcc_x", 2 * WIDTH), ("simcc_y", 2 * HEIGHT)):
        net("MatMul", tokens, net.weights(256, bins), result=name)
    outputs = {"simcc_x": (KEYPOINTS, 2 * WIDTH), "simcc_y": (KEYPOINTS, 2 * HEIGHT)}
    net.write(path, batch, {"input": (3, HEIGHT, WIDTH)}, outputs)


def _attention(net: RandomNet, tokens: str) -> str:
    """A gated attention unit over the keypoints: 512 hidden, 128 shared channels."""
    gate, values, shared = (net("MatMul", tokens, net.weights(256, n)) for n in (512, 512, 128))
    product = net("MatMul", shared, net("Transpose", shared, perm=[0, 2, 1]))
    kernel = net("Pow", net("Relu", net("Mul", product, 1 / KEYPOINTS)), 2.0)
    mixed = net("Mul", gate, net("MatMul", kernel, values))
    return net("MatMul", mixed, net.weights(512, 256))
