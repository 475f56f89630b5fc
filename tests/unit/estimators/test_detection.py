from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from signverse.estimators import detection
from signverse.estimators.detection import (
    CELLS,
    PADDING,
    PERSON,
    SIZE,
    VALUES,
    letterbox,
    persons,
    suppress,
)

DIRTY = -7.0


def picture(height: int, width: int) -> np.ndarray:
    """A reproducible picture without two equal channels."""
    return np.random.default_rng(height * 10_000 + width).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )


def dirty() -> np.ndarray:
    return np.full((3, SIZE, SIZE), DIRTY, np.float32)


def boxed(image: np.ndarray, channels: str = "RGB") -> tuple[np.ndarray, float]:
    target = dirty()
    return target, letterbox(image, channels, target)


def reference(image: np.ndarray) -> tuple[np.ndarray, float]:
    """easy_dwpose's preprocess, word for word: float64 [3, 640, 640] and its ratio."""
    padded = np.ones((SIZE, SIZE, 3), dtype=np.uint8) * 114
    r = min(SIZE / image.shape[0], SIZE / image.shape[1])
    resized = cv2.resize(
        image,
        (int(image.shape[1] * r), int(image.shape[0] * r)),
        interpolation=cv2.INTER_LINEAR,
    ).astype(np.uint8)
    padded[: int(image.shape[0] * r), : int(image.shape[1] * r)] = resized
    return padded.transpose(2, 0, 1).astype(np.float64), r


# Letterbox


@pytest.mark.parametrize(
    ("height", "width"),
    [(360, 640), (640, 360), (640, 640), (720, 1280), (333, 517), (77, 45), (64, 48), (3, 5)],
)
def test_a_frame_becomes_what_the_peers_make_of_it(height: int, width: int) -> None:
    image = picture(height, width)
    found, scale = boxed(image)
    expected, ratio = reference(image)
    assert scale == ratio
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("side", [77, 154, 308, 581, 616, 1162])
def test_the_scaled_size_is_truncated_with_its_rounding_error(side: int) -> None:
    found, scale = boxed(np.zeros((side // 2, side, 3), np.uint8))
    assert scale == SIZE / side
    assert (found[:, 0, : SIZE - 1] == 0).all()
    assert (found[:, 0, SIZE - 1] == PADDING).all()  # 639 pixels wide, not 640


def test_the_frame_is_at_the_top_left_and_grey_is_beside_it() -> None:
    wide, _ = boxed(np.zeros((320, 640, 3), np.uint8))
    assert (wide[:, :320] == 0).all()
    assert (wide[:, 320:] == PADDING).all()
    tall, _ = boxed(np.zeros((640, 320, 3), np.uint8))
    assert (tall[:, :, :320] == 0).all()
    assert (tall[:, :, 320:] == PADDING).all()


def test_a_frame_of_the_networks_size_is_copied_as_it_is() -> None:
    image = picture(SIZE, SIZE)
    found, scale = boxed(image)
    assert scale == 1
    np.testing.assert_array_equal(found, image.transpose(2, 0, 1))


def test_values_stay_between_0_and_255() -> None:
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    image[0, 0] = 255
    found, _ = boxed(image)
    assert found[:, 0, 0].tolist() == [255, 255, 255]
    assert found[:, 1:].max() == 0


def test_channels_go_in_the_order_the_network_wants() -> None:
    image = np.full((360, 640, 3), (10, 20, 30), np.uint8)
    assert boxed(image, "RGB")[0][:, 0, 0].tolist() == [10, 20, 30]
    assert boxed(image, "BGR")[0][:, 0, 0].tolist() == [30, 20, 10]


@pytest.mark.parametrize(("height", "width"), [(360, 640), (333, 517), (1, 1), (3, 5)])
def test_bgr_is_rgb_with_the_channels_turned_round(height: int, width: int) -> None:
    image = picture(height, width)
    rgb, bgr = (boxed(image, channels)[0] for channels in ("RGB", "BGR"))
    np.testing.assert_array_equal(bgr, rgb[::-1])
    np.testing.assert_array_equal(bgr, boxed(np.ascontiguousarray(image[..., ::-1]), "RGB")[0])


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_nothing_of_the_last_frame_stays_in_the_buffer(channels: str) -> None:
    target = dirty()
    for height, width in [(720, 1280), (1280, 720), (3, 5), (640, 640), (1, 2000), (64, 48)]:
        image = picture(height, width)
        scale = letterbox(image, channels, target)
        fresh, expected = boxed(image, channels)
        np.testing.assert_array_equal(target, fresh)
        assert scale == expected


@pytest.mark.parametrize(
    ("height", "width", "covered"),
    [
        (1, 1, (640, 640)),
        (1, 2000, (1, 640)),
        (2000, 1, (640, 1)),
        (3, 5, (384, 640)),
        (2, 1, (640, 320)),
    ],
)
def test_tiny_and_thin_frames_fit(height: int, width: int, covered: tuple[int, int]) -> None:
    found, scale = boxed(np.zeros((height, width, 3), np.uint8))
    assert scale == SIZE / max(height, width)
    expected = np.full((SIZE, SIZE), PADDING)
    expected[: covered[0], : covered[1]] = 0
    for plane in found:
        np.testing.assert_array_equal(plane, expected)


def test_the_frame_itself_is_left_alone() -> None:
    image = picture(333, 517)
    before = image.copy()
    boxed(image, "BGR")
    np.testing.assert_array_equal(image, before)


def test_a_place_in_a_batch_is_filled_and_the_others_are_not() -> None:
    batch = np.full((3, 3, SIZE, SIZE), DIRTY, np.float32)
    letterbox(picture(64, 48), "RGB", batch[1])
    assert (batch[[0, 2]] == DIRTY).all()
    assert (batch[1] != DIRTY).all()


# Persons


def empty_output() -> np.ndarray:
    """What a network says that sees nothing; the boxes are arbitrary."""
    output = np.zeros((CELLS, VALUES), np.float32)
    output[:, :4] = 0.5
    return output


def put(
    output: np.ndarray, cell: int, box: tuple[float, ...], score: float, column: int = PERSON
) -> None:
    """Make a cell say that an object with this box, in pixels of the input, is there."""
    corner, stride = cell_of(cell)
    x1, y1, x2, y2 = box
    centre = np.array([x1 + x2, y1 + y2]) / 2
    output[cell, :2] = centre / stride - corner
    output[cell, 2:4] = np.log(np.array([x2 - x1, y2 - y1]) / stride)
    output[cell, 4] = 1
    output[cell, column] = score


def cell_of(cell: int) -> tuple[np.ndarray, int]:
    """Column and row of a cell, and its stride: 80 x 80, then 40 x 40, then 20 x 20."""
    for stride in (8, 16, 32):
        side = SIZE // stride
        if cell < side * side:
            return np.array([cell % side, cell // side]), stride
        cell -= side * side
    raise AssertionError("no such cell")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (0, (0, 0, 8)),
        (1, (8, 0, 8)),
        (80, (0, 8, 8)),
        (6399, (632, 632, 8)),
        (6400, (0, 0, 16)),
        (6441, (16, 16, 16)),
        (8000, (0, 0, 32)),
        (8019, (608, 0, 32)),
        (8399, (608, 608, 32)),
    ],
)
def test_a_cell_stands_for_its_place_and_stride(cell: int, expected: tuple[int, int, int]) -> None:
    output = empty_output()
    output[cell] = 0
    output[cell, [4, PERSON]] = 1
    boxes, scores = persons(output, 1.0, 0.3)
    x, y, stride = expected
    half = stride / 2
    assert boxes.tolist() == [[x - half, y - half, x + half, y + half]]
    assert scores.tolist() == [1]


def test_offsets_are_in_strides_and_sizes_are_exponents() -> None:
    output = empty_output()
    output[8001, :6] = 0.25, 1.5, np.log(2), np.log(3), 1, 1
    (box,), _ = persons(output, 1.0, 0.3)
    x, y = (1 + 0.25) * 32, (0 + 1.5) * 32
    np.testing.assert_allclose(box, [x - 32, y - 48, x + 32, y + 48], rtol=1e-6)


@pytest.mark.parametrize("scale", [0.5, 1.0, 640 / 77, 640 / 1920])
def test_boxes_are_in_pixels_of_the_frame(scale: float) -> None:
    output = empty_output()
    put(output, 3333, (100, 120, 220, 420), 0.9)
    (box,), _ = persons(output, scale, 0.3)
    np.testing.assert_allclose(box, np.array([100, 120, 220, 420]) / scale, rtol=1e-5)


def test_boxes_may_reach_over_the_edge() -> None:
    output = empty_output()
    put(output, 0, (-50, -30, 60, 700), 0.9)
    put(output, 6399, (600, 610, 720, 705), 0.8)
    boxes, _ = persons(output, 1.0, 0.3)
    np.testing.assert_allclose(
        boxes, [[-50, -30, 60, 700], [600, 610, 720, 705]], rtol=1e-5, atol=1e-4
    )


def test_nobody_gives_no_rows() -> None:
    boxes, scores = persons(empty_output(), 0.5, 0.3)
    assert (boxes.shape, scores.shape) == ((0, 4), (0,))
    assert boxes.dtype == scores.dtype == np.float32


def test_boxes_and_scores_are_single_precision() -> None:
    output = empty_output()
    put(output, 100, (10, 10, 50, 90), 0.9)
    boxes, scores = persons(output, 640 / 1920, 0.3)
    assert boxes.dtype == scores.dtype == np.float32


def test_a_score_is_objectness_times_person() -> None:
    output = empty_output()
    put(output, 100, (10, 10, 50, 90), 0.75)
    output[100, 4] = 0.5
    assert persons(output, 1.0, 0.3)[1].tolist() == [0.375]
    output[100, 4] = 0.25
    assert len(persons(output, 1.0, 0.3)[0]) == 0


@pytest.mark.parametrize(("min_score", "count"), [(0.5, 0), (0.499, 1), (0.25, 1), (0.0, 1)])
def test_a_person_scores_more_than_the_threshold(min_score: float, count: int) -> None:
    output = empty_output()
    put(output, 100, (10, 10, 50, 90), 0.5)
    assert len(persons(output, 1.0, min_score)[0]) == count


def test_persons_come_by_falling_score() -> None:
    output = empty_output()
    found = {0.4: (0, 0, 40, 80), 0.9: (300, 300, 360, 420), 0.6: (500, 10, 560, 130)}
    for cell, (score, box) in enumerate(found.items()):
        put(output, 1000 * cell, box, score)
    boxes, scores = persons(output, 1.0, 0.3)
    np.testing.assert_allclose(scores, [0.9, 0.6, 0.4])
    np.testing.assert_allclose(boxes, [found[s] for s in (0.9, 0.6, 0.4)], rtol=1e-4, atol=1e-4)


def test_of_many_cells_that_see_one_person_the_best_stays() -> None:
    output = empty_output()
    for cell in range(20):
        put(output, 3000 + cell, (100 + cell, 100, 200 + cell, 300), 0.5 + 0.01 * cell)
    boxes, scores = persons(output, 1.0, 0.3)
    np.testing.assert_allclose(boxes, [[119, 100, 219, 300]], rtol=1e-5)
    np.testing.assert_allclose(scores, [0.69])


@pytest.mark.parametrize("column", [PERSON + 1, PERSON + 16, VALUES - 1])
def test_other_classes_are_no_persons_and_never_touch_one(column: int) -> None:
    output = empty_output()
    put(output, 3000, (100, 100, 200, 300), 0.4)
    alone = persons(output, 1.0, 0.3)
    for cell in range(3001, 3050):
        put(output, cell, (100, 100, 200, 300), 0.99, column)
    output[3000, column] = 1
    for expected, found in zip(alone, persons(output, 1.0, 0.3), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_person_below_the_threshold_takes_nobody_away() -> None:
    output = empty_output()
    put(output, 3000, (100, 100, 200, 300), 0.31)
    put(output, 3001, (100, 100, 200, 300), 0.29)
    assert len(persons(output, 1.0, 0.3)[0]) == 1


def test_the_output_of_the_network_is_left_alone() -> None:
    output = empty_output()
    put(output, 3000, (100, 100, 200, 300), 0.9)
    before = output.copy()
    persons(output, 0.5, 0.3)
    persons(output, 0.5, 0.3)
    np.testing.assert_array_equal(output, before)


def test_the_result_is_the_peers_over_all_classes() -> None:
    random = np.random.default_rng(5)
    output = random.random((CELLS, VALUES), np.float32)
    output[:, :2] = random.normal(0, 4, (CELLS, 2))
    output[:, 2:4] = random.normal(2, 0.5, (CELLS, 2))
    output[:, 4] *= random.random(CELLS) < 0.02
    boxes, scores = persons(output.copy(), 0.75, 0.3)
    expected = by_the_peers(output.copy(), 0.75)
    assert 10 < len(expected) < 168
    np.testing.assert_array_equal(boxes, expected[:, :4])
    np.testing.assert_array_equal(scores, expected[:, 4])


def by_the_peers(output: np.ndarray, ratio: float) -> np.ndarray:
    """easy_dwpose's postprocess for class 0: every candidate over 0.1, then those over 0.3."""
    cells = [cell_of(cell) for cell in range(CELLS)]
    corners = np.array([corner for corner, _ in cells])
    strides = np.array([[stride] for _, stride in cells])
    output[:, :2] = (output[:, :2] + corners) * strides
    output[:, 2:4] = np.exp(output[:, 2:4]) * strides
    boxes = np.ones_like(output[:, :4])
    boxes[:, :2] = output[:, :2] - output[:, 2:4] / 2.0
    boxes[:, 2:] = output[:, :2] + output[:, 2:4] / 2.0
    boxes /= ratio
    scores = (output[:, 4:5] * output[:, 5:])[:, 0]
    likely = scores > 0.1
    boxes, scores = boxes[likely], scores[likely]
    rows = np.concatenate([boxes, scores[:, None]], axis=1)[kept_by_the_peers(boxes, scores)]
    return rows[rows[:, 4] > 0.3]


def kept_by_the_peers(boxes: np.ndarray, scores: np.ndarray) -> list[int]:
    x1, y1, x2, y2 = boxes.T
    areas = (x2 - x1 + 1) * (y2 - y1 + 1)
    order, keep = scores.argsort()[::-1], []
    while order.size > 0:
        i = order[0]
        keep.append(i)
        w = np.maximum(0.0, np.minimum(x2[i], x2[order[1:]]) - np.maximum(x1[i], x1[order[1:]]) + 1)
        h = np.maximum(0.0, np.minimum(y2[i], y2[order[1:]]) - np.maximum(y1[i], y1[order[1:]]) + 1)
        inter = w * h
        overlap = inter / (areas[i] + areas[order[1:]] - inter)
        order = order[np.where(overlap <= 0.45)[0] + 1]
    return keep


# Non-maximum suppression


def kept(boxes: Sequence[tuple[float, ...]], scores: Sequence[float]) -> list[int]:
    found = suppress(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))
    return [int(index) for index in found]


def test_no_box_is_kept_of_none() -> None:
    assert kept([], []) == []
    assert suppress(np.empty((0, 4)), np.empty(0)).dtype == int


def test_a_single_box_stays() -> None:
    assert kept([(0, 0, 9, 9)], [0.1]) == [0]


def test_of_equal_boxes_the_better_stays() -> None:
    assert kept([(0, 0, 9, 9), (0, 0, 9, 9)], [0.5, 0.6]) == [1]


def test_boxes_apart_stay_best_first() -> None:
    assert kept([(0, 0, 9, 9), (20, 0, 29, 9), (0, 20, 9, 29)], [0.5, 0.7, 0.6]) == [1, 2, 0]


@pytest.mark.parametrize(
    ("right", "count"),
    [
        (45, 2),  # 45 of 100 columns shared: 0.45 is not above the limit
        (46, 1),  # 46 of 100
    ],
)
def test_an_overlap_of_45_percent_is_allowed(right: int, count: int) -> None:
    # Pixels 0 … 99 and 0 … right - 1, rows 0 … 9: areas count the last pixel in.
    assert len(kept([(0, 0, 99, 9), (0, 0, right - 1, 9)], [0.9, 0.8])) == count


def test_areas_count_the_last_pixel_in() -> None:
    boxes = [(0.0, 0.0, 1.0, 1.0), (1.0, 0.0, 2.0, 1.0)]  # 2 of 6 pixels shared
    assert kept(boxes, [0.9, 0.8]) == [0, 1]
    boxes = [(0.0, 0.0, 2.0, 1.0), (1.0, 0.0, 3.0, 1.0)]  # 4 of 8 pixels shared; as areas 1 of 3
    assert kept(boxes, [0.9, 0.8]) == [0]


def test_a_box_that_was_taken_away_takes_no_other_away() -> None:
    chain = [(0, 0, 99, 9), (30, 0, 129, 9), (60, 0, 159, 9)]
    assert kept(chain, [0.9, 0.8, 0.7]) == [0, 2]
    assert kept(chain, [0.8, 0.9, 0.7]) == [1]


def test_a_small_box_within_a_large_one_stays() -> None:
    assert kept([(0, 0, 99, 99), (40, 40, 59, 59)], [0.9, 0.8]) == [0, 1]


def test_boxes_that_share_no_pixel_never_count_as_overlapping() -> None:
    # Both distances are negative; their product must not become a shared area.
    assert kept([(0, 0, 9, 9), (1000, 1000, 1009, 1009)], [0.9, 0.8]) == [0, 1]


def test_constants_are_those_of_the_exported_network() -> None:
    assert CELLS == 80 * 80 + 40 * 40 + 20 * 20 == 8400
    assert VALUES == 4 + 1 + 80
    assert (detection.OVERLAP, PADDING) == (0.45, 114)
