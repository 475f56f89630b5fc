"""Stand-in networks: real files, run by onnxruntime, decoded here in plain numpy."""

from pathlib import Path

import av
import cv2
import numpy as np
import onnx
import onnxruntime
import pytest

from signverse.demo.networks import synthetic_frame, write_detector, write_networks, write_pose
from signverse.errors import InputError
from signverse.files import sha256
from signverse.preview import write_video

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
NAMES = ["simcc_x", "simcc_y"]
BODY, FEET, FACE = slice(0, 17), slice(17, 23), slice(23, 91)
LEFT_HAND, RIGHT_HAND = slice(91, 112), slice(112, 133)
PEOPLE = [(40, 60, 140, 340), (260, 80, 330, 250), (450, 150, 560, 330)]
CROP = (30, 38, 258, 346)  # a person that fills the pose network's input as the padding lets it


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_networks(tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def detector(paths: dict[str, Path]) -> onnxruntime.InferenceSession:
    return session(paths["detector"])


@pytest.fixture(scope="module")
def pose(paths: dict[str, Path]) -> onnxruntime.InferenceSession:
    return session(paths["pose"])


def letterbox(frame: np.ndarray, channels: str = "BGR") -> tuple[np.ndarray, float]:
    """The detector's input of an RGB frame, float32 [1, 3, 640, 640], and its scale."""
    height, width = frame.shape[:2]
    scale = min(640 / height, 640 / width)
    size = int(width * scale), int(height * scale)
    canvas = np.full((640, 640, 3), 114, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(frame, size)
    planes = canvas.transpose(2, 0, 1)[None].astype(np.float32)
    return (planes[:, ::-1] if channels == "BGR" else planes), scale


def decode(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes [n, 4] in pixels of the input and scores of every class [n, 80]."""
    cells = []
    for stride in (8, 16, 32):
        y, x = np.mgrid[: 640 // stride, : 640 // stride]
        cells.append(np.stack([x.ravel(), y.ravel(), np.full(x.size, stride)], axis=1))
    grid = np.concatenate(cells).astype(np.float32)
    centre = (rows[:, :2] + grid[:, :2]) * grid[:, 2:]
    size = np.exp(rows[:, 2:4]) * grid[:, 2:]
    return np.hstack([centre - size / 2, centre + size / 2]), rows[:, 4:5] * rows[:, 5:]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    inner = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]) + 1
    shared = np.prod(np.maximum(inner, 0))
    return shared / (np.prod(one[2:] - one[:2] + 1) + np.prod(other[2:] - other[:2] + 1) - shared)


def persons(detector: onnxruntime.InferenceSession, frame: np.ndarray) -> np.ndarray:
    """Boxes of class 0 over 0.3 that survive NMS, best first, [n, 4] in pixels of the frame."""
    planes, scale = letterbox(frame)
    boxes, scores = decode(detector.run(None, {"images": planes})[0][0])
    kept: list[np.ndarray] = []
    for row in np.argsort(-scores[:, 0]):
        if scores[row, 0] > 0.3 and all(overlap(boxes[row], box) <= 0.45 for box in kept):
            kept.append(boxes[row])
    return np.array(kept).reshape(-1, 4) / scale


def assert_found(found: np.ndarray, painted: list, tolerance: float) -> None:
    """Each painted box has its found box, and there is no other."""
    assert len(found) == len(painted)
    for box in painted:
        assert np.abs(found - box).max(axis=1).min() < tolerance


def crops(*images: np.ndarray) -> np.ndarray:
    """The pose network's input of RGB crops of 288 x 384."""
    planes = (np.stack(images) - MEAN) / STD
    return planes.transpose(0, 3, 1, 2).astype(np.float32)


def keypoints(pose: onnxruntime.InferenceSession, image: np.ndarray) -> tuple:
    """x, y in pixels of the crop [133, 2]; the maxima over x and over y [133]."""
    x, y = (out[0] for out in pose.run(NAMES, {"input": crops(image)}))
    return np.stack([x.argmax(1), y.argmax(1)], axis=1) / 2, x.max(1), y.max(1)


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def signature(values: list) -> list[tuple]:
    return [(value.name, value.type, value.shape) for value in values]


def test_the_files_have_the_names_of_the_real_ones_and_are_small(paths: dict[str, Path]) -> None:
    assert {part: path.name for part, path in paths.items()} == {
        "detector": "yolox_l.onnx",
        "pose": "dw-ll_ucoco_384.onnx",
    }
    assert max(path.stat().st_size for path in paths.values()) < 1_000_000
    assert {path.name for path in paths["pose"].parent.iterdir()} == {
        p.name for p in paths.values()
    }


def test_the_files_are_valid_onnx(paths: dict[str, Path]) -> None:
    for path in paths.values():
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        assert (model.ir_version, model.opset_import[0].version) == (9, 17)


def test_the_same_bytes_are_written_again(paths: dict[str, Path], tmp_path: Path) -> None:
    again = write_networks(tmp_path)
    assert {part: sha256(path) for part, path in again.items()} == {
        part: sha256(path) for part, path in paths.items()
    }


def test_the_detector_has_the_signature_of_yolox(detector: onnxruntime.InferenceSession) -> None:
    assert signature(detector.get_inputs()) == [("images", "tensor(float)", [1, 3, 640, 640])]
    assert signature(detector.get_outputs()) == [("output", "tensor(float)", [1, 8400, 85])]


def test_the_pose_network_has_the_signature_of_rtmpose(pose: onnxruntime.InferenceSession) -> None:
    assert signature(pose.get_inputs()) == [("input", "tensor(float)", ["batch", 3, 384, 288])]
    assert signature(pose.get_outputs()) == [
        ("simcc_x", "tensor(float)", ["batch", 133, 576]),
        ("simcc_y", "tensor(float)", ["batch", 133, 768]),
    ]


@pytest.mark.parametrize("batch", [1, 2])
def test_the_batch_can_be_static(tmp_path: Path, batch: int) -> None:
    write_pose(tmp_path / "pose.onnx", batch=batch)
    write_detector(tmp_path / "detector.onnx", batch=batch)
    pose, detector = session(tmp_path / "pose.onnx"), session(tmp_path / "detector.onnx")
    assert pose.get_inputs()[0].shape == [batch, 3, 384, 288]
    assert detector.get_outputs()[0].shape == [batch, 8400, 85]
    planes = np.zeros((batch, 3, 384, 288), np.float32)
    assert [len(out) for out in pose.run(None, {"input": planes})] == [batch, batch]
    with pytest.raises(Exception, match="dimensions"):
        pose.run(None, {"input": np.zeros((3, 3, 384, 288), np.float32)})


def test_the_size_of_the_detector_can_be_another(tmp_path: Path) -> None:
    write_detector(tmp_path / "small.onnx", size=416)
    small = session(tmp_path / "small.onnx")
    assert small.get_inputs()[0].shape == [1, 3, 416, 416]
    (rows,) = small.run(None, {"images": np.zeros((1, 3, 416, 416), np.float32)})
    assert rows.shape == (1, 52 * 52 + 26 * 26 + 13 * 13, 85)


@pytest.mark.parametrize("size", [0, 100, -32])
def test_a_size_that_the_strides_do_not_divide_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(InputError, match=f"found {size}; allowed: multiples of 32"):
        write_detector(tmp_path / "odd.onnx", size=size)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [0, 60, 114, 200, 255])
def test_nobody_is_in_a_uniform_frame(detector: onnxruntime.InferenceSession, value: int) -> None:
    for shape in ((480, 640, 3), (97, 31, 3), (1, 1, 3)):
        assert len(persons(detector, np.full(shape, value, np.uint8))) == 0


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_painted_persons_are_found_in_their_places(
    detector: onnxruntime.InferenceSession, count: int
) -> None:
    frame = synthetic_frame(640, 360, PEOPLE[:count])
    assert frame.shape == (360, 640, 3)
    assert frame.dtype == np.uint8
    assert_found(persons(detector, frame), PEOPLE[:count], tolerance=0.5)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (333, 517), (64, 48), (640, 640)])
def test_painted_persons_are_found_in_frames_of_any_size(
    detector: onnxruntime.InferenceSession, width: int, height: int
) -> None:
    shares = [(0.1, 0.2, 0.3, 0.9), (0.6, 0.1, 0.9, 0.6)]
    boxes = [tuple(int(s * n) for s, n in zip(b, (width, height) * 2, strict=True)) for b in shares]
    found = persons(detector, synthetic_frame(width, height, boxes))
    assert_found(found, boxes, tolerance=1.5 * max(width, height) / 640)


def test_of_a_person_over_the_edge_the_part_inside_is_found(
    detector: onnxruntime.InferenceSession,
) -> None:
    boxes = [(-40, -30, 80, 200), (560, 200, 700, 500), (-90, 10, -10, 50)]
    found = persons(detector, synthetic_frame(640, 360, boxes))
    assert_found(found, [(0, 0, 80, 200), (560, 200, 640, 360)], tolerance=1)


def test_the_larger_of_two_persons_comes_first(detector: onnxruntime.InferenceSession) -> None:
    found = persons(detector, synthetic_frame(640, 360, [PEOPLE[1], PEOPLE[0]]))
    assert np.abs(found - [PEOPLE[0], PEOPLE[1]]).max() < 0.5


def test_painted_persons_survive_a_video_codec(
    detector: onnxruntime.InferenceSession, tmp_path: Path
) -> None:
    moves = [[(40 + 9 * t, 60, 140 + 9 * t, 340), PEOPLE[2]] for t in range(5)]
    write_video(tmp_path / "clip.mp4", (synthetic_frame(640, 360, boxes) for boxes in moves), 25)
    for boxes, frame in zip(moves, frames_of(tmp_path / "clip.mp4"), strict=True):
        assert_found(persons(detector, frame), boxes, tolerance=2)


def test_a_person_has_many_overlapping_candidates_and_no_two_tie(
    detector: onnxruntime.InferenceSession,
) -> None:
    planes, _ = letterbox(synthetic_frame(640, 640, [(160, 160, 320, 480)]))
    boxes, scores = decode(detector.run(None, {"images": planes})[0][0])
    candidates = scores[:, 0] > 0.3
    assert 20 < candidates.sum() < 100
    assert len(np.unique(scores[candidates, 0])) == candidates.sum()
    assert len(np.unique(boxes[candidates].round(3), axis=0)) > 20


def test_a_person_is_also_a_little_of_another_class(
    detector: onnxruntime.InferenceSession,
) -> None:
    planes, _ = letterbox(synthetic_frame(640, 360, PEOPLE))
    rows = detector.run(None, {"images": planes})[0][0]
    best = (rows[:, 4:5] * rows[:, 5:]).max(axis=0)
    assert np.flatnonzero(best > 0.3).tolist() == [0, 16]
    assert best[0] > 0.7
    assert rows[:, 4:].min() >= 0
    assert rows[:, 4:].max() <= 1


def test_the_astronaut_is_one_person_in_every_frame(
    detector: onnxruntime.InferenceSession, astronaut: Path
) -> None:
    for frame in frames_of(astronaut):
        ((x1, y1, x2, y2),) = persons(detector, frame)
        assert x1 < 100 < 300 < x2
        assert y1 < 60 < 400 < y2


def test_the_man_in_the_car_is_one_person_in_every_frame(
    detector: onnxruntime.InferenceSession, carphone: Path
) -> None:
    for frame in frames_of(carphone)[::10]:
        ((x1, y1, x2, y2),) = persons(detector, frame)
        assert 20 < x1 < 80 < x2 < 130
        assert 0 < y1 < 40
        assert 100 < y2 < 144


def test_skin_is_known_in_the_order_of_channels_that_was_asked_for(
    detector: onnxruntime.InferenceSession, carphone: Path, tmp_path: Path
) -> None:
    write_detector(tmp_path / "rgb.onnx", channels="RGB")
    frame = frames_of(carphone)[0]
    bgr, rgb = letterbox(frame)[0], letterbox(frame, "RGB")[0]
    (usual,), (swapped,) = (detector.run(None, {"images": planes}) for planes in (bgr, rgb))
    (same,) = session(tmp_path / "rgb.onnx").run(None, {"images": rgb})
    assert np.array_equal(usual, same)
    assert not np.allclose(usual, swapped, atol=0.1)


def test_a_batch_gives_what_single_pictures_give(
    pose: onnxruntime.InferenceSession, tmp_path: Path, astronaut: Path
) -> None:
    write_detector(tmp_path / "batched.onnx", batch=None)
    frames = [synthetic_frame(640, 360, PEOPLE), *frames_of(astronaut)[::4]]
    pictures = np.concatenate([letterbox(frame)[0] for frame in frames])
    planes = crops(*(cv2.resize(frame, (288, 384)) for frame in frames))
    for net, images in ((session(tmp_path / "batched.onnx"), pictures), (pose, planes)):
        name = net.get_inputs()[0].name
        together = net.run(None, {name: images})
        for row in range(len(images)):
            alone = net.run(None, {name: images[row : row + 1]})
            for one, other in zip(alone, together, strict=True):
                assert np.abs(one[0] - other[row]).max() < 1e-5
                assert np.array_equal(one[0].argmax(-1), other[row].argmax(-1))


def test_a_person_stands_upright_with_the_right_side_on_the_left(
    pose: onnxruntime.InferenceSession,
) -> None:
    points, _, _ = keypoints(pose, synthetic_frame(288, 384, [CROP]))
    x, y = points.T
    for left, right in ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)):
        assert x[right] < x[left]
        assert abs(y[right] - y[left]) < 8
    assert y[0] < y[5] < y[7] < y[9] < y[13] < y[15] < y[FEET].mean()
    assert np.abs(points[FACE] - points[0]).max() < 35
    assert np.abs(points[LEFT_HAND] - points[9]).max() < 35
    assert np.abs(points[RIGHT_HAND] - points[10]).max() < 35
    assert (np.array([x[BODY].min(), y[BODY].min()]) > CROP[:2]).all()
    assert (np.array([x[BODY].max(), y[BODY].max()]) < CROP[2:]).all()


def test_the_keypoints_follow_the_person(pose: onnxruntime.InferenceSession) -> None:
    shift = np.array([-24, 36])
    moved = tuple(np.array(CROP) + np.tile(shift, 2))
    here, _, _ = keypoints(pose, synthetic_frame(288, 384, [CROP]))
    there, _, _ = keypoints(pose, synthetic_frame(288, 384, [tuple(map(int, moved))]))
    assert np.abs(np.median((there - here)[BODY], axis=0) - shift).max() < 12
    smaller, _, _ = keypoints(pose, synthetic_frame(288, 384, [(90, 110, 200, 270)]))
    assert np.ptp(smaller[BODY, 1]) < 0.7 * np.ptp(here[BODY, 1])


def test_the_face_of_the_man_in_the_car_is_found(
    pose: onnxruntime.InferenceSession, carphone: Path
) -> None:
    crop = cv2.resize(frames_of(carphone)[0][10:140, 40:138], (288, 384))
    points, over_x, over_y = keypoints(pose, crop)
    nose = points[0] * (98 / 288, 130 / 384) + (40, 10)
    assert np.abs(nose - (85, 68)).max() < 12
    assert (np.minimum(over_x, over_y)[FACE] > 0.1).all()


def test_maxima_of_a_person_in_full_view_lie_between_0_and_about_1(
    pose: onnxruntime.InferenceSession,
) -> None:
    _, over_x, over_y = keypoints(pose, synthetic_frame(288, 384, [CROP]))
    for maxima in (over_x, over_y):
        assert maxima.min() > 0.2
        assert 0.8 < maxima.max() < 1.1
        assert np.ptp(maxima) > 0.2
    assert np.abs(over_x - over_y).max() > 0.02


def test_keypoints_on_black_are_invalid_and_the_others_are_not(
    pose: onnxruntime.InferenceSession,
) -> None:
    image = synthetic_frame(288, 384, [])
    image[250:] = 0
    _, over_x, over_y = keypoints(pose, image)
    scores = np.minimum(over_x, over_y)
    assert 6 <= (scores <= 0).sum() < 40
    assert (scores[FEET] <= 0).all()
    assert (scores[FACE] > 0).all()


def test_a_black_crop_has_no_valid_keypoint_and_a_white_one_no_invalid_one(
    pose: onnxruntime.InferenceSession,
) -> None:
    for value, valid in ((0, False), (255, True)):
        _, over_x, over_y = keypoints(pose, np.full((384, 288, 3), value, np.uint8))
        assert ((np.minimum(over_x, over_y) > 0) == valid).all()


def test_some_keypoint_is_valid_by_its_mean_and_invalid_by_its_minimum(
    pose: onnxruntime.InferenceSession, astronaut: Path
) -> None:
    found = 0
    for frame in frames_of(astronaut):
        _, over_x, over_y = keypoints(pose, cv2.resize(frame, (288, 384)))
        found += ((np.minimum(over_x, over_y) <= 0) & (over_x + over_y > 0)).sum()
    assert found > 0


def test_no_maximum_ties(pose: onnxruntime.InferenceSession, astronaut: Path) -> None:
    images = [cv2.resize(frame, (288, 384)) for frame in frames_of(astronaut)]
    images += [synthetic_frame(288, 384, [CROP]), np.zeros((384, 288, 3), np.uint8)]
    for out in pose.run(NAMES, {"input": crops(*images)}):
        second, first = np.sort(out, axis=-1)[..., -2:].transpose(2, 0, 1)
        assert (first > second).all()
