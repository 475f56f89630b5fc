"""Fixed point: the stated worst errors, and what is refused."""

import numpy as np
import pytest
from packed_products import some_poses

from signverse.poses import PARTS
from signverse.shards.encoding import (
    COORDINATE_ERROR,
    FARTHEST,
    MAX_SCORE,
    SCORE_ERROR,
    decode_coordinates,
    decode_detections,
    decode_scores,
    encode_coordinates,
    encode_detections,
    encode_scores,
)


def test_a_coordinate_errs_by_less_than_a_twentieth_of_a_pixel_of_1080p() -> None:
    values = np.random.default_rng(0).uniform(-2, 3, 100_000).astype(np.float32)
    found = decode_coordinates(encode_coordinates(values, "x"))
    assert found.dtype == np.float32
    assert np.abs(found - values).max() <= COORDINATE_ERROR + 4e-7
    assert np.abs(found - values).max() * 1920 < 1 / 20


def test_coordinates_far_outside_the_frame_are_not_cut() -> None:
    values = np.array([-900.5, 99_999, 0], np.float32)
    np.testing.assert_allclose(decode_coordinates(encode_coordinates(values, "x")), values)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, FARTHEST * 1.01])
def test_a_coordinate_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="bboxes holds NaN, or coordinates beyond"):
        encode_coordinates(np.array([0.5, value], np.float32), "bboxes")


def test_a_score_errs_by_no_more_than_is_stated() -> None:
    values = np.linspace(0, MAX_SCORE, 10_001, dtype=np.float32)
    found = decode_scores(encode_scores(values, "scores"))
    assert found.dtype == np.float32
    assert np.abs(found - values).max() <= SCORE_ERROR
    assert np.abs(found - values)[values > 1 / 400].max() <= SCORE_ERROR / 2 + 1e-6


def test_not_found_stays_zero_and_nothing_else_becomes_it() -> None:
    encoded = encode_scores(np.array([0, 1e-6, 0.004, 1, 7], np.float32), "scores")
    assert encoded.tolist() == [0, 1, 1, 200, 255]


@pytest.mark.parametrize("value", [np.nan, -0.1])
def test_a_score_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="face_scores holds NaN, or scores below 0"):
        encode_scores(np.array([0.5, value], np.float32), "face_scores")


def test_every_part_comes_back_from_its_place() -> None:
    poses = some_poses("one", (2, 1))
    encoded = encode_detections(poses, slice(0, 2))
    assert {name: values.shape for name, values in encoded.items()} == {
        "points": (2, 136, 2),
        "scores": (2, 135),
    }
    fields = decode_detections(encoded["points"], encoded["scores"])
    for name in ("bboxes", *(f"{part}_keypoints" for part in PARTS)):
        np.testing.assert_allclose(fields[name], getattr(poses, name)[:2], atol=2.6e-5)
    for name in ("bbox_scores", *(f"{part}_scores" for part in PARTS)):
        np.testing.assert_allclose(fields[name], getattr(poses, name)[:2], atol=SCORE_ERROR)
