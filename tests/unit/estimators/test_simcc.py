import cv2
import numpy as np
import pytest

from signverse.estimators import simcc
from signverse.estimators.simcc import (
    ASPECT,
    BINS_X,
    BINS_Y,
    HEIGHT,
    KEYPOINTS,
    MEAN,
    NORMALISED,
    STD,
    WIDTH,
    centre_and_scale,
    cut_out,
    decode,
)

ORDERS = ("RGB", "BGR")
# Boxes within a frame of 640 x 360, over each of its edges, around it, and beside it.
BOXES = [
    (100.0, 50.0, 220.0, 330.0),
    (300.25, 40.5, 620.75, 200.125),
    (-80.0, -60.0, 90.0, 120.0),
    (560.0, 250.0, 760.0, 500.0),
    (-100.0, -100.0, 740.0, 460.0),
    (700.0, 400.0, 800.0, 500.0),
    (10.0, 10.0, 12.0, 13.0),
]


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 10_000 + width).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )


def crop_of(
    image: np.ndarray, box: tuple[float, ...], channels: str = "RGB", filled: float = np.nan
) -> np.ndarray:
    target = np.full((3, HEIGHT, WIDTH), filled, np.float32)
    cut_out(image, *centre_and_scale(np.array(box)), channels, target)
    return target


# Centre and scale


def test_a_tall_box_is_padded_and_widened() -> None:
    centre, scale = centre_and_scale(np.array([100, 40, 140, 240]))
    assert centre.tolist() == [120, 140]
    assert scale.tolist() == [200 * 1.25 * 0.75, 200 * 1.25]


def test_a_wide_box_is_padded_and_heightened() -> None:
    centre, scale = centre_and_scale(np.array([100, 40, 400, 140]))
    assert centre.tolist() == [250, 90]
    assert scale.tolist() == [300 * 1.25, 300 * 1.25 / 0.75]


def test_a_box_of_the_right_shape_is_just_padded() -> None:
    centre, scale = centre_and_scale(np.array([0, 0, 300, 400]))
    assert centre.tolist() == [150, 200]
    assert scale.tolist() == [375, 500]


@pytest.mark.parametrize("box", BOXES)
def test_the_part_holds_the_padded_box_in_the_shape_of_the_input(box: tuple[float, ...]) -> None:
    centre, scale = centre_and_scale(np.array(box))
    padded = np.array([box[2] - box[0], box[3] - box[1]]) * 1.25
    assert (scale >= padded * (1 - 1e-12)).all()
    assert (np.isclose(scale, padded, rtol=1e-12)).any()
    assert scale[0] / scale[1] == pytest.approx(ASPECT, rel=1e-12)
    np.testing.assert_array_equal(centre, [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])


def test_single_precision_boxes_are_reckoned_with_in_double_precision() -> None:
    box = np.array([0.1, 0.2, 100.3, 200.7], np.float32)
    centre, scale = centre_and_scale(box)
    assert centre.dtype == scale.dtype == np.float64
    np.testing.assert_array_equal(centre, (box[:2].astype(float) + box[2:].astype(float)) * 0.5)
    assert scale[1] == (float(box[3]) - float(box[1])) * 1.25


# Crop


def crop_by_the_peers(image: np.ndarray, box: tuple[float, ...]) -> np.ndarray:
    """easy_dwpose's crop, step by step: uint8 [384, 288, 3]."""
    centre, scale = centre_and_scale(np.array(box))
    source, target = np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32)
    source[0], target[0] = centre, (WIDTH * 0.5, HEIGHT * 0.5)
    source[1] = centre + np.array([0.0, scale[0] * -0.5])
    target[1] = np.array([WIDTH * 0.5, HEIGHT * 0.5]) + np.array([0.0, WIDTH * -0.5])
    for points in (source, target):
        direction = points[0] - points[1]
        points[2] = points[1] + np.r_[-direction[1], direction[0]]
    warp = cv2.getAffineTransform(source, target)
    return np.asarray(cv2.warpAffine(image, warp, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR))


def normalised_by_the_peers(crop: np.ndarray) -> np.ndarray:
    """In float64, then float32 [3, 384, 288]."""
    return ((crop - np.array(MEAN)) / np.array(STD)).transpose(2, 0, 1).astype(np.float32)


@pytest.mark.parametrize("box", BOXES)
def test_a_crop_is_the_formula_of_the_peers_to_the_last_bit(box: tuple[float, ...]) -> None:
    image = picture(360, 640)
    expected = normalised_by_the_peers(crop_by_the_peers(image, box))
    np.testing.assert_array_equal(crop_of(image, box, "RGB"), expected)


@pytest.mark.parametrize("seed", range(20))
def test_the_map_is_the_peers_to_the_last_bit(seed: int) -> None:
    random = np.random.default_rng(seed)
    corner, sides = random.uniform(-50, 900, 2), random.uniform(40, 500, 2)
    box = np.concatenate([corner, corner + sides]).astype(np.float32)
    image = picture(720, 1280)
    expected = normalised_by_the_peers(crop_by_the_peers(image, tuple(box)))
    np.testing.assert_array_equal(crop_of(image, tuple(box)), expected)


@pytest.mark.parametrize("box", BOXES)
def test_bgr_turns_the_channels_round_and_normalises_by_place(box: tuple[float, ...]) -> None:
    image = picture(360, 640)
    turned = np.ascontiguousarray(image[..., ::-1])
    expected = normalised_by_the_peers(crop_by_the_peers(turned, box))
    found = crop_of(image, box, "BGR")
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found, crop_of(turned, box, "RGB"))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 2000), (2000, 1), (3, 5), (333, 517)])
@pytest.mark.parametrize("channels", ORDERS)
def test_odd_and_tiny_frames(height: int, width: int, channels: str) -> None:
    image = picture(height, width)
    box = (0.0, 0.0, float(width), float(height))
    given = image if channels == "RGB" else np.ascontiguousarray(image[..., ::-1])
    expected = normalised_by_the_peers(crop_by_the_peers(given, box))
    np.testing.assert_array_equal(crop_of(image, box, channels), expected)


def test_every_value_is_normalised_by_its_channel() -> None:
    for channel in range(3):
        values = (np.arange(256, dtype=np.float64) - MEAN[channel]) / STD[channel]
        np.testing.assert_array_equal(NORMALISED[channel], values.astype(np.float32))
    assert (NORMALISED.shape, NORMALISED.dtype) == ((3, 256), np.float32)
    assert MEAN == (123.675, 116.28, 103.53)
    assert STD == (58.395, 57.12, 57.375)


@pytest.mark.parametrize("channels", ORDERS)
def test_outside_the_frame_is_black_before_normalisation(channels: str) -> None:
    image = np.full((360, 640, 3), 255, np.uint8)
    crop = crop_of(image, (700.0, 400.0, 800.0, 500.0), channels)
    for place in range(3):
        assert (crop[place] == NORMALISED[place, 0]).all()


def test_a_box_over_the_edge_shows_the_frame_where_it_is_and_black_beside_it() -> None:
    image = np.full((400, 400, 3), 255, np.uint8)
    crop = crop_of(image, (-120.0, 40.0, 120.0, 360.0))  # its middle is on the left edge
    row = crop[0, HEIGHT // 2]
    assert (row[: WIDTH // 2 - 1] == NORMALISED[0, 0]).all()
    assert (row[WIDTH // 2 :] == NORMALISED[0, 255]).all()


def test_the_middle_of_the_box_is_the_middle_of_the_crop() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    image[200, 150] = 255
    box = (150 - 115.2, 200 - 153.6, 150 + 115.2, 200 + 153.6)  # a scale of 288 x 384: 1 to 1
    crop = crop_of(image, box)
    assert np.argwhere(crop[0] == NORMALISED[0, 255]).tolist() == [[192, 144]]


def test_all_of_the_buffer_is_overwritten() -> None:
    image = picture(64, 48)
    fresh = crop_of(image, (-10.0, 0.0, 60.0, 70.0), filled=0.0)
    np.testing.assert_array_equal(crop_of(image, (-10.0, 0.0, 60.0, 70.0), filled=1e9), fresh)
    assert not np.isnan(crop_of(image, (-10.0, 0.0, 60.0, 70.0))).any()


def test_a_place_in_a_batch_is_filled_and_the_others_are_not() -> None:
    batch = np.full((3, 3, HEIGHT, WIDTH), -7, np.float32)
    image = picture(360, 640)
    cut_out(image, *centre_and_scale(np.array(BOXES[0])), "BGR", batch[1])
    assert (batch[[0, 2]] == -7).all()
    np.testing.assert_array_equal(batch[1], crop_of(image, BOXES[0], "BGR"))


def test_the_frame_itself_is_left_alone() -> None:
    image = picture(360, 640)
    before = image.copy()
    crop_of(image, BOXES[0], "BGR")
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("box", BOXES)
def test_the_map_is_a_scaling_about_the_centre(box: tuple[float, ...]) -> None:
    centre, scale = centre_and_scale(np.array(box))
    factor = WIDTH / scale[0]
    offsets = np.array([WIDTH / 2, HEIGHT / 2]) - centre * factor
    expected = np.array([[factor, 0, offsets[0]], [0, factor, offsets[1]]])
    np.testing.assert_allclose(simcc._warp(centre, scale), expected, rtol=1e-4, atol=0.05)


# Decoding


def flat(count: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Answers of the network in which nothing was found."""
    return (
        np.full((count, KEYPOINTS, BINS_X), -1, np.float32),
        np.full((count, KEYPOINTS, BINS_Y), -1, np.float32),
    )


def decoded(
    simcc_x: np.ndarray,
    simcc_y: np.ndarray,
    centre: tuple[float, float] = (144, 192),
    scale: tuple[float, float] = (288, 384),
) -> tuple[np.ndarray, np.ndarray]:
    count = len(simcc_x)
    return decode(simcc_x, simcc_y, np.tile(centre, (count, 1)), np.tile(scale, (count, 1)))


@pytest.mark.parametrize(
    ("column", "row"), [(0, 0), (575, 767), (288, 384), (1, 766), (574, 2), (143, 191)]
)
def test_bins_are_half_pixels_of_the_crop(column: int, row: int) -> None:
    simcc_x, simcc_y = flat()
    simcc_x[0, :, column], simcc_y[0, :, row] = 0.5, 0.5
    points, _ = decoded(simcc_x, simcc_y)
    assert (points == (column / 2, row / 2)).all()


@pytest.mark.parametrize("scale", [(288.0, 384.0), (93.75, 125.0), (1011.3, 1348.4)])
def test_positions_are_the_formula_of_the_peers_to_the_last_bit(scale: tuple[float, float]) -> None:
    random = np.random.default_rng(1)
    simcc_x = random.random((1, KEYPOINTS, BINS_X), np.float32)
    simcc_y = random.random((1, KEYPOINTS, BINS_Y), np.float32)
    centre = (321.0625, -17.3)
    points, scores = decoded(simcc_x, simcc_y, centre, scale)
    bins = np.stack([simcc_x[0].argmax(1), simcc_y[0].argmax(1)], axis=1).astype(np.float64)
    expected = bins / 2.0 / np.array((WIDTH, HEIGHT)) * scale + centre - np.array(scale) / 2
    np.testing.assert_array_equal(points[0], expected)
    np.testing.assert_array_equal(scores[0], np.minimum(simcc_x[0].max(1), simcc_y[0].max(1)))
    assert points.dtype == np.float64
    assert scores.dtype == np.float32
    assert (points.shape, scores.shape) == ((1, KEYPOINTS, 2), (1, KEYPOINTS))


def test_of_equal_maxima_the_first_counts() -> None:
    simcc_x, simcc_y = flat()
    simcc_x[0, :, [10, 20, 500]] = 0.5
    simcc_y[0, :, [30, 700]] = 0.5
    points, _ = decoded(simcc_x, simcc_y)
    assert (points == (5, 15)).all()


@pytest.mark.parametrize(("best_x", "best_y"), [(0.9, 0.4), (0.4, 0.9), (0.5, 0.5), (1.04, 1.02)])
def test_the_score_is_the_smaller_maximum(best_x: float, best_y: float) -> None:
    simcc_x, simcc_y = flat()
    simcc_x[0, :, 7], simcc_y[0, :, 9] = best_x, best_y
    _, scores = decoded(simcc_x, simcc_y)
    assert (scores == np.float32(min(best_x, best_y))).all()


@pytest.mark.parametrize(("best_x", "best_y"), [(0.0, 0.9), (0.9, 0.0), (-0.1, 0.9), (-0.5, -0.2)])
def test_a_maximum_of_zero_or_less_means_not_found(best_x: float, best_y: float) -> None:
    simcc_x, simcc_y = flat()
    simcc_x[0, :, 7], simcc_y[0, :, 9] = best_x, best_y
    points, scores = decoded(simcc_x, simcc_y)
    assert (scores == np.float32(min(best_x, best_y))).all()
    assert (points == (-0.5, -0.5)).all()  # outside the crop, by one bin


def test_the_smallest_score_above_zero_is_found() -> None:
    simcc_x, simcc_y = flat()
    simcc_x[0, :, 7], simcc_y[0, :, 9] = 1e-30, 1
    points, scores = decoded(simcc_x, simcc_y)
    assert (scores > 0).all()
    assert (points == (3.5, 4.5)).all()


def test_keypoints_are_found_each_for_itself() -> None:
    simcc_x, simcc_y = flat()
    simcc_x[0, np.arange(KEYPOINTS), np.arange(KEYPOINTS) * 4] = np.linspace(0.1, 0.9, KEYPOINTS)
    simcc_y[0, np.arange(KEYPOINTS), np.arange(KEYPOINTS) * 5] = 2
    simcc_y[0, 50] = -3
    points, scores = decoded(simcc_x, simcc_y)
    expected = np.stack([np.arange(KEYPOINTS) * 2.0, np.arange(KEYPOINTS) * 2.5], axis=1)
    expected[50] = -0.5
    np.testing.assert_array_equal(points[0], expected)
    assert scores[0, 50] == -3


def test_each_person_has_a_centre_and_scale_of_its_own() -> None:
    simcc_x, simcc_y = flat(2)
    simcc_x[..., 288], simcc_y[..., 384] = 1, 1  # the middle of the crop
    centres = np.array([[10.0, 20.0], [300.0, 100.0]])
    points, _ = decode(simcc_x, simcc_y, centres, np.array([[30.0, 40.0], [288.0, 384.0]]))
    assert (points[0] == (10, 20)).all()
    assert (points[1] == (300, 100)).all()
    simcc_x[..., 576 - 1] = 2
    points, _ = decode(simcc_x, simcc_y, centres, np.array([[30.0, 40.0], [288.0, 384.0]]))
    np.testing.assert_allclose(points[:, 0, 0], [10 + 15 - 30 / 576, 300 + 144 - 0.5])


def test_a_point_of_the_frame_is_found_where_the_crop_shows_it() -> None:
    image = np.zeros((720, 1280, 3), np.uint8)
    x, y = 500, 300
    image[y - 1 : y + 2, x - 1 : x + 2] = 255
    box = np.array([430.0, 200.0, 590.0, 480.0])
    crop = crop_of(image, tuple(box))
    row, column = np.argwhere(crop[0] > 0).mean(axis=0)
    simcc_x, simcc_y = flat()
    simcc_x[0, :, round(column * 2)], simcc_y[0, :, round(row * 2)] = 1, 1
    points, _ = decoded(simcc_x, simcc_y, *map(tuple, centre_and_scale(box)))
    np.testing.assert_allclose(points[0, 0], (x, y), atol=0.5)


def test_the_answers_of_the_network_are_left_alone() -> None:
    simcc_x, simcc_y = flat()
    before = simcc_x.copy(), simcc_y.copy()
    decoded(simcc_x, simcc_y)
    np.testing.assert_array_equal(simcc_x, before[0])
    np.testing.assert_array_equal(simcc_y, before[1])
