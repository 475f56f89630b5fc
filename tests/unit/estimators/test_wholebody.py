import numpy as np
import pytest

from signverse.estimators.wholebody import BODY, NECK, PARTS, make_person
from signverse.poses import PARTS as SIZES
from signverse.poses import Person

COCO_BODY = (
    *("nose", "left eye", "right eye", "left ear", "right ear"),
    *("left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist"),
    *("left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle"),
)
OPENPOSE_BODY = (
    *("nose", "neck", "right shoulder", "right elbow", "right wrist"),
    *("left shoulder", "left elbow", "left wrist", "right hip", "right knee", "right ankle"),
    *("left hip", "left knee", "left ankle", "right eye", "left eye", "right ear", "left ear"),
)
SIZE = np.array([640, 360])
BOX = np.array([64.0, 36.0, 320.0, 270.0], np.float32)


def points() -> np.ndarray:
    """133 places that can be told apart: float64 [133, 2], in pixels."""
    return np.stack([np.arange(133) * 4.0 + 3, 350 - np.arange(133) * 2.5], axis=1)


def values() -> np.ndarray:
    return (np.arange(133) + 1) / 200


def person(
    keypoints: np.ndarray | None = None, scores: np.ndarray | None = None, score: float = 0.75
) -> Person:
    return make_person(
        BOX,
        score,
        points() if keypoints is None else keypoints,
        values() if scores is None else scores,
        SIZE,
    )


def assert_is(found: Person, part: str, rows: slice | list[int]) -> None:
    np.testing.assert_array_equal(found.keypoints[part], (points()[rows] / SIZE).astype(np.float32))
    np.testing.assert_array_equal(found.scores[part], values()[rows].astype(np.float32))


@pytest.mark.parametrize("name", [name for name in OPENPOSE_BODY if name != "neck"])
def test_the_body_is_in_the_order_of_openpose(name: str) -> None:
    ours, coco = OPENPOSE_BODY.index(name), COCO_BODY.index(name)
    found = person()
    np.testing.assert_array_equal(
        found.keypoints["body"][ours], (points()[coco] / SIZE).astype(np.float32)
    )
    assert found.scores["body"][ours] == np.float32(values()[coco])


@pytest.mark.parametrize(
    ("part", "first", "count"),
    [("feet", 17, 6), ("face", 23, 68), ("left_hand", 91, 21), ("right_hand", 112, 21)],
)
def test_the_other_parts_are_runs_of_keypoints(part: str, first: int, count: int) -> None:
    assert_is(person(), part, slice(first, first + count))


def test_every_keypoint_has_one_place() -> None:
    found = person()
    places = np.concatenate([np.delete(found.keypoints["body"], NECK, axis=0),
                             *(found.keypoints[part] for part in PARTS)])  # fmt: skip
    assert len(places) == 133
    assert len(np.unique(places[:, 0])) == 133


def test_parts_have_the_sizes_of_the_corpus() -> None:
    found = person()
    assert found.keypoints.keys() == found.scores.keys() == SIZES.keys()
    for part, size in SIZES.items():
        assert found.keypoints[part].shape == (size, 2)
        assert found.scores[part].shape == (size,)
        assert found.keypoints[part].dtype == found.scores[part].dtype == np.float32
    assert len(BODY) == SIZES["body"]


def test_the_neck_is_in_the_middle_of_the_shoulders() -> None:
    keypoints = points()
    keypoints[5], keypoints[6] = (400, 100), (240, 140)
    assert person(keypoints).keypoints["body"][NECK].tolist() == pytest.approx([0.5, 120 / 360])


@pytest.mark.parametrize(("left", "right"), [(0.9, 0.2), (0.2, 0.9), (0.5, 0.5), (0.01, 1.04)])
def test_the_neck_is_as_sure_as_the_less_sure_shoulder(left: float, right: float) -> None:
    scores = values()
    scores[5], scores[6] = left, right
    assert person(scores=scores).scores["body"][NECK] == np.float32(min(left, right))


@pytest.mark.parametrize(("left", "right"), [(0.0, 0.9), (0.9, -0.2), (-1, -2)])
def test_without_a_shoulder_there_is_no_neck(left: float, right: float) -> None:
    scores = values()
    scores[5], scores[6] = left, right
    found = person(scores=scores)
    assert found.scores["body"][NECK] == 0
    assert found.keypoints["body"][NECK].tolist() == [0, 0]


@pytest.mark.parametrize("keypoint", range(0, 133, 4))
@pytest.mark.parametrize("score", [0.0, -0.3])
def test_a_keypoint_that_was_not_found_is_zero_with_score_zero(keypoint: int, score: float) -> None:
    scores = values()
    scores[keypoint] = score
    found = person(scores=scores)
    everything = person()
    rows = {"body": list(BODY)} | {part: list(range(133))[rows] for part, rows in PARTS.items()}
    for part, coco in rows.items():
        for place, number in enumerate(coco):
            if number == keypoint:
                assert found.scores[part][place] == 0
                assert found.keypoints[part][place].tolist() == [0, 0]
            elif number >= 0:
                assert found.scores[part][place] == everything.scores[part][place]
                np.testing.assert_array_equal(
                    found.keypoints[part][place], everything.keypoints[part][place]
                )


def test_a_person_of_whom_nothing_was_found_is_all_zero() -> None:
    found = person(scores=np.full(133, -0.1))
    for part in SIZES:
        assert not found.keypoints[part].any()
        assert not found.scores[part].any()
    assert found.bbox_score == 0.75


def test_small_scores_stay_and_scores_over_one_too() -> None:
    scores = values()
    scores[0], scores[1] = 1e-6, 1.045
    found = person(scores=scores)
    assert found.scores["body"][0] == np.float32(1e-6)
    assert found.keypoints["body"][0].any()
    assert found.scores["body"][15] == np.float32(1.045)


def test_coordinates_outside_the_frame_are_kept() -> None:
    keypoints = points()
    keypoints[9], keypoints[120] = (-64, 400), (700, -36)
    found = person(keypoints)
    np.testing.assert_allclose(found.keypoints["body"][7], (-0.1, 400 / 360), rtol=1e-6)
    np.testing.assert_allclose(found.keypoints["right_hand"][8], (700 / 640, -0.1), rtol=1e-6)


def test_the_box_is_normalised_and_may_reach_over_the_edge() -> None:
    found = person()
    np.testing.assert_allclose(found.bbox, [0.1, 0.1, 0.5, 0.75], rtol=1e-6)
    assert found.bbox.dtype == np.float32
    box = np.array([-64.0, -36.0, 704.0, 432.0])
    found = make_person(box, 0.5, points(), values(), SIZE)
    np.testing.assert_allclose(found.bbox, [-0.1, -0.1, 1.1, 1.2], rtol=1e-6)


def test_the_score_of_the_box_is_a_plain_number() -> None:
    found = make_person(BOX, np.float64(0.625), points(), values(), SIZE)
    assert type(found.bbox_score) is float
    assert found.bbox_score == 0.625


def test_what_is_given_is_left_alone() -> None:
    box, keypoints, scores = BOX.copy(), points(), values()
    scores[3] = -1
    before = scores.copy()
    make_person(box, 0.5, keypoints, scores, SIZE)
    np.testing.assert_array_equal(box, BOX)
    np.testing.assert_array_equal(keypoints, points())
    np.testing.assert_array_equal(scores, before)


def test_a_person_has_numbers_of_its_own() -> None:
    keypoints, scores = points(), values()
    found = person(keypoints, scores)
    keypoints[:], scores[:] = 0, 0
    assert_is(found, "face", slice(23, 91))
    assert_is(found, "left_hand", slice(91, 112))
