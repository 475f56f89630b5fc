from typing import Any

import numpy as np
import pytest

from signverse.drawing import draw_skeleton
from signverse.poses import PARTS
from signverse.skeleton import COLOURS, HAND_COLOURS

SIZE = 512  # height at which lines and dots have their stated sizes
NECK, RIGHT_SHOULDER, RIGHT_ELBOW = 1, 2, 3
BLACK, WHITE, BLUE, GREY = (0, 0, 0), (255, 255, 255), (0, 0, 255), (50, 60, 70)
Point = tuple[float, float]


def person(score: float = 1.0, **parts: dict[int, Point]) -> dict[str, Any]:
    """A person of whom only the given keypoints were found; places in pixels of a square."""
    found: dict[str, Any] = {}
    for part, size in PARTS.items():
        keypoints, scores = np.zeros((size, 2), np.float32), np.zeros(size, np.float32)
        for keypoint, place in parts.get(part, {}).items():
            # half a pixel more, so that no rounding leads to the pixel before
            keypoints[keypoint] = (np.array(place) + 0.5) / SIZE
            scores[keypoint] = score
        found |= {f"{part}_keypoints": keypoints, f"{part}_scores": scores}
    return found


def payload(*persons: dict[str, Any]) -> dict[str, Any]:
    numbered = {f"person_{number:03d}": found for number, found in enumerate(persons)}
    return {"num_persons": len(persons), **numbered}


def canvas(colour: tuple[int, ...] = BLACK, height: int = SIZE, width: int = SIZE) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def draw(*persons: dict[str, Any], min_score: float = 0.3, **size: Any) -> np.ndarray:
    return draw_skeleton(canvas(**size), payload(*persons), min_score)


def colour(image: np.ndarray, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(channel) for channel in image[y, x])


def arm(y: int = 100, score: float = 1.0) -> dict[str, Any]:
    return person(score, body={NECK: (100, y), RIGHT_SHOULDER: (200, y)})


def test_a_frame_without_persons_is_a_copy() -> None:
    image = canvas(GREY)
    drawn = draw_skeleton(image, payload(), 0.3)
    np.testing.assert_array_equal(drawn, image)
    assert not np.shares_memory(drawn, image)


def test_the_image_is_not_changed_in_place() -> None:
    image = canvas(GREY)
    drawn = draw_skeleton(image, payload(arm()), 0.3)
    assert (image == GREY).all()
    assert (drawn != GREY).any()
    assert (drawn.dtype, drawn.shape) == (np.uint8, image.shape)
    assert drawn.flags.c_contiguous


def test_limbs_are_dimmed_and_joints_have_their_full_colour() -> None:
    drawn = draw(arm())
    assert colour(drawn, 150, 100) == (153, 0, 0)
    assert colour(drawn, 100, 100) == (255, 85, 0)
    assert colour(drawn, 200, 100) == (255, 170, 0)


def test_a_limb_is_an_ellipse_of_nine_pixels_between_its_joints() -> None:
    drawn = draw(arm())
    middle = drawn[:, 150].any(axis=1)
    assert np.flatnonzero(middle).tolist() == list(range(96, 105))
    assert np.flatnonzero(drawn.any(axis=(0, 2)))[[0, -1]].tolist() == [96, 204]


def test_every_body_keypoint_has_its_own_colour() -> None:
    for keypoint, expected in enumerate(COLOURS):
        assert colour(draw(person(body={keypoint: (300, 200)})), 300, 200) == expected


def test_a_limb_needs_both_its_ends() -> None:
    drawn = draw(person(body={NECK: (100, 100), RIGHT_ELBOW: (200, 100)}))
    assert colour(drawn, 150, 100) == BLACK
    assert colour(drawn, 100, 100) == COLOURS[NECK]
    assert colour(drawn, 200, 100) == COLOURS[RIGHT_ELBOW]


def test_the_image_shows_beside_the_skeleton_only() -> None:
    drawn = draw(arm(), colour=GREY)
    assert colour(drawn, 150, 100) == (153, 0, 0)
    assert colour(drawn, 150, 110) == GREY
    assert (drawn[110:] == GREY).all()


@pytest.mark.parametrize(
    ("score", "min_score", "seen"),
    [
        (0.5, 0.3, True),
        (0.5, 0.5, True),
        (0.25, 0.3, False),
        (0.0, 0.0, False),
        (0.0, 0.3, False),
        (0.01, 0.0, True),
        (1.0, 1.0, True),
    ],
)
@pytest.mark.parametrize("part", ["body", "face", "left_hand", "right_hand"])
def test_keypoints_are_drawn_from_the_least_score_on_but_never_of_score_zero(
    part: str, score: float, min_score: float, seen: bool
) -> None:
    drawn = draw(person(score, **{part: {0: (60, 60), 1: (90, 60)}}), min_score=min_score)
    assert drawn.any() == seen


@pytest.mark.parametrize("hand", ["left_hand", "right_hand"])
def test_a_hand_is_drawn_in_full_colours_with_blue_joints(hand: str) -> None:
    drawn = draw(person(**{hand: {0: (100, 100), 1: (140, 100), 2: (180, 100), 20: (300, 300)}}))
    assert colour(drawn, 120, 100) == HAND_COLOURS[0]
    assert colour(drawn, 160, 100) == HAND_COLOURS[1]
    assert [colour(drawn, *place) for place in ((100, 100), (140, 100), (300, 300))] == [BLUE] * 3
    assert colour(drawn, 240, 200) == BLACK


def test_the_face_is_white_dots() -> None:
    drawn = draw(person(face={0: (100, 100), 67: (200, 150)}))
    assert colour(drawn, 100, 100) == colour(drawn, 200, 150) == WHITE
    assert set(map(tuple, drawn.reshape(-1, 3).tolist())) == {BLACK, WHITE}
    assert np.flatnonzero(drawn[100].any(axis=1)).tolist() == list(range(98, 103))


def test_feet_are_not_drawn() -> None:
    assert not draw(person(feet={0: (100, 100), 3: (200, 200)})).any()


def test_dots_lie_over_limbs_and_the_face_over_all() -> None:
    found = person(
        body={NECK: (100, 100), RIGHT_SHOULDER: (200, 100)},
        left_hand={0: (150, 100)},
        face={0: (200, 100)},
    )
    drawn = draw(found)
    assert colour(drawn, 150, 100) == BLUE
    assert colour(drawn, 200, 100) == WHITE


def test_all_persons_are_drawn() -> None:
    both = draw(arm(100), arm(300))
    np.testing.assert_array_equal(both, np.maximum(draw(arm(100)), draw(arm(300))))
    assert colour(both, 150, 100) == colour(both, 150, 300) == (153, 0, 0)


def test_the_joints_of_one_person_lie_over_the_limbs_of_all() -> None:
    across = person(body={NECK: (200, 50), RIGHT_SHOULDER: (200, 150)})
    assert colour(draw(arm(), across), 200, 100) == COLOURS[RIGHT_SHOULDER]
    assert colour(draw(across, arm()), 200, 100) == COLOURS[RIGHT_SHOULDER]


@pytest.mark.parametrize(("height", "diameter"), [(1024, 17), (512, 9), (256, 5), (32, 3), (2, 2)])
def test_sizes_follow_the_height_of_the_image(height: int, diameter: int) -> None:
    found = person(body={NECK: (256, 256)})
    drawn = draw(found, height=height, width=height)
    assert len(np.flatnonzero(drawn.any(axis=(0, 2)))) == diameter


def test_places_follow_width_and_height() -> None:
    drawn = draw(person(body={NECK: (256, 128)}), height=360, width=640)
    rows, columns = np.nonzero(drawn.any(axis=2))
    assert (rows.mean().round(), columns.mean().round()) == (90, 320)


def test_a_limb_is_drawn_up_to_the_border_when_one_end_is_outside() -> None:
    drawn = draw(person(body={NECK: (-100, 100), RIGHT_SHOULDER: (100, 100)}))
    assert colour(drawn, 0, 100) == colour(drawn, 50, 100) == (153, 0, 0)
    assert colour(drawn, 100, 100) == COLOURS[RIGHT_SHOULDER]


@pytest.mark.parametrize(
    "place", [(-1, -1), (512, 512), (-5000, 300), (300, 1e6), (-1e8, 1e8)], ids=str
)
@pytest.mark.parametrize("part", ["body", "face", "left_hand", "right_hand"])
def test_coordinates_outside_the_frame_are_no_error(part: str, place: Point) -> None:
    last = PARTS[part] - 1
    found = person(**{part: {0: place, 1: (400, 400), 2: place, last: place}})
    drawn = draw(found, colour=GREY)
    assert drawn.shape == (SIZE, SIZE, 3)
    assert colour(drawn, 400, 400) != GREY


def test_a_limb_without_length_is_a_joint() -> None:
    drawn = draw(person(body={NECK: (100, 100), RIGHT_SHOULDER: (100, 100)}))
    assert colour(drawn, 100, 100) == COLOURS[RIGHT_SHOULDER]
    assert drawn.any(axis=2).sum() < 100


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (144, 176), (361, 641)])
def test_images_of_any_size_are_drawn_on(size: tuple[int, int]) -> None:
    everything = person(
        **{part: {k: (20 * k % 512, 30 * k % 512) for k in range(n)} for part, n in PARTS.items()}
    )
    drawn = draw(everything, height=size[0], width=size[1])
    assert drawn.shape == (*size, 3)
    assert drawn.any()
