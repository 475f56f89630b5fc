import colorsys

import pytest

from signverse.poses import PARTS
from signverse.skeleton import (
    COLOURS,
    FACE_DOT,
    HAND_COLOURS,
    HAND_DOT,
    HAND_EDGES,
    LIMB_BRIGHTNESS,
    LIMBS,
)

# Each body keypoint in a mirror: nose and neck stay, right and left change places.
MIRROR = (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)
NAMES = (
    *("nose", "neck", "right shoulder", "right elbow", "right wrist"),
    *("left shoulder", "left elbow", "left wrist", "right hip", "right knee", "right ankle"),
    *("left hip", "left knee", "left ankle", "right eye", "left eye", "right ear", "left ear"),
)


def reached_from(start: int, edges: tuple[tuple[int, int], ...]) -> set[int]:
    reached = {start}
    for _ in edges:
        reached |= {point for edge in edges if reached & set(edge) for point in edge}
    return reached


def hue(colour: tuple[int, ...]) -> float:
    return colorsys.rgb_to_hsv(*(channel / 255 for channel in colour))[0]


@pytest.mark.parametrize(
    ("edges", "part", "root"), [(LIMBS, "body", 1), (HAND_EDGES, "left_hand", 0)]
)
def test_edges_join_all_keypoints_to_one_tree(
    edges: tuple[tuple[int, int], ...], part: str, root: int
) -> None:
    assert len(edges) == PARTS[part] - 1
    assert reached_from(root, edges) == set(range(PARTS[part]))


def test_limbs_look_the_same_in_a_mirror() -> None:
    mirrored = {frozenset((MIRROR[a], MIRROR[b])) for a, b in LIMBS}
    assert mirrored == {frozenset(limb) for limb in LIMBS}


@pytest.mark.parametrize(
    ("number", "ends"),
    [
        (0, ("neck", "right shoulder")),
        (1, ("neck", "left shoulder")),
        (3, ("right elbow", "right wrist")),
        (5, ("left elbow", "left wrist")),
        (8, ("right knee", "right ankle")),
        (9, ("neck", "left hip")),
        (12, ("neck", "nose")),
        (14, ("right eye", "right ear")),
        (16, ("left eye", "left ear")),
    ],
)
def test_limbs_come_in_the_order_of_openpose(number: int, ends: tuple[str, str]) -> None:
    assert tuple(NAMES[point] for point in LIMBS[number]) == ends


def test_there_is_a_colour_for_every_keypoint_and_every_edge() -> None:
    assert len(COLOURS) == PARTS["body"] == len(LIMBS) + 1
    assert len(HAND_COLOURS) == len(HAND_EDGES)
    assert len(set(COLOURS)) == len(COLOURS)
    assert len(set(HAND_COLOURS)) == len(HAND_COLOURS)


def test_body_colours_go_round_the_rainbow_in_equal_steps() -> None:
    for number, colour in enumerate(COLOURS):
        assert hue(colour) == pytest.approx(number / len(COLOURS), abs=1e-3)
        assert (min(colour), max(colour)) == (0, 255)


def test_hand_colours_go_round_the_rainbow_in_equal_steps() -> None:
    assert HAND_COLOURS[0] == (255, 0, 0)
    assert HAND_COLOURS[10] == (0, 255, 255)
    for number, colour in enumerate(HAND_COLOURS):
        assert hue(colour) == pytest.approx(number / len(HAND_COLOURS), abs=1e-3)
        assert (min(colour), max(colour)) == (0, 255)
        assert all(isinstance(channel, int) for channel in colour)


@pytest.mark.parametrize("finger", range(5))
def test_a_finger_is_a_chain_from_the_wrist_to_its_tip(finger: int) -> None:
    tip = 4 * finger + 4
    expected = ((0, tip - 3), (tip - 3, tip - 2), (tip - 2, tip - 1), (tip - 1, tip))
    assert HAND_EDGES[4 * finger : 4 * finger + 4] == expected


def test_dots_stand_out_from_dimmed_limbs() -> None:
    assert (FACE_DOT, HAND_DOT) == ((255, 255, 255), (0, 0, 255))
    assert 0 < LIMB_BRIGHTNESS < 1
