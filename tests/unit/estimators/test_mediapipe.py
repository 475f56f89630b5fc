import itertools
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import mediapipe
import numpy as np
import pytest
from mediapipe.python.solutions import face_mesh_connections as mesh
from mediapipe.python.solutions.holistic import PoseLandmark

from signverse.estimators.mediapipe import (
    BODY_LANDMARKS,
    FACE_LANDMARKS,
    FEET_LANDMARKS,
    NETWORKS,
    MediaPipeHolistic,
    persons_of,
)
from signverse.files import sha256
from signverse.poses import PARTS, Person

BODY_NAMES = (
    *("NOSE", None, "RIGHT_SHOULDER", "RIGHT_ELBOW", "RIGHT_WRIST"),
    *("LEFT_SHOULDER", "LEFT_ELBOW", "LEFT_WRIST", "RIGHT_HIP", "RIGHT_KNEE", "RIGHT_ANKLE"),
    *("LEFT_HIP", "LEFT_KNEE", "LEFT_ANKLE", "RIGHT_EYE", "LEFT_EYE", "RIGHT_EAR", "LEFT_EAR"),
)
FEET_NAMES = ("LEFT_FOOT_INDEX", None, "LEFT_HEEL", "RIGHT_FOOT_INDEX", None, "RIGHT_HEEL")
# Keypoints of iBUG-68 and the one each becomes in a mirror.
FACE_MIRROR = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
)
# The same as pairs, the person's right first; in the lower lips the left one comes first.
LEFT_FIRST = (55, 56, 65)
MIRROR_PAIRS = {
    (mirrored, k) if k in LEFT_FIRST else (k, mirrored)
    for k, mirrored in enumerate(FACE_MIRROR)
    if k < mirrored
}
# Face Mesh landmarks on the midline of the face.
MIDDLE = {0, 4, 5, 13, 14, 17, 2, 152, 168, 197}
SETTINGS = {"min_detection_confidence": 0.5, "min_tracking_confidence": 0.5}


def landmarks_of(connections: Iterable[tuple[int, int]]) -> set[int]:
    return {index for pair in connections for index in pair}


def marks(points: np.ndarray, visibility: np.ndarray | None = None) -> SimpleNamespace:
    """Landmarks as MediaPipe gives them."""
    seen = np.ones(len(points)) if visibility is None else visibility
    return SimpleNamespace(
        landmark=[
            SimpleNamespace(x=float(x), y=float(y), z=0.0, visibility=float(score))
            for (x, y), score in zip(points, seen, strict=True)
        ]
    )


def result(**landmarks: Any) -> SimpleNamespace:
    """A result of Holistic: nothing was found but what is given."""
    names = ("pose", "face", "left_hand", "right_hand")
    return SimpleNamespace(**{f"{n}_landmarks": landmarks.get(n) for n in names})


def places(count: int) -> np.ndarray:
    """A place of its own for each landmark."""
    return np.stack([np.arange(count) / 1000, 0.5 + np.arange(count) / 1000], axis=1)


def the_person(**landmarks: Any) -> Person:
    (person,) = persons_of(result(**landmarks))
    return person


@pytest.mark.parametrize(
    ("table", "part"),
    [(BODY_LANDMARKS, "body"), (FACE_LANDMARKS, "face"), (FEET_LANDMARKS, "feet")],
)
def test_each_keypoint_has_a_landmark_of_its_own(table: tuple[int, ...], part: str) -> None:
    assert len(table) == PARTS[part]
    real = [landmark for landmark in table if landmark >= 0]
    assert len(set(real)) == len(real)
    assert max(real) < (468 if part == "face" else len(PoseLandmark))


@pytest.mark.parametrize(
    ("table", "names"), [(BODY_LANDMARKS, BODY_NAMES), (FEET_LANDMARKS, FEET_NAMES)]
)
def test_the_landmarks_bear_the_names_of_the_keypoints(
    table: tuple[int, ...], names: tuple[str | None, ...]
) -> None:
    found = tuple(None if index < 0 else PoseLandmark(index).name for index in table)
    assert found == names


@pytest.mark.parametrize(
    ("keypoints", "connections"),
    [
        (range(17), mesh.FACEMESH_FACE_OVAL),
        (range(36, 42), mesh.FACEMESH_RIGHT_EYE),
        (range(42, 48), mesh.FACEMESH_LEFT_EYE),
        (range(48, 60), mesh.FACEMESH_LIPS),
        (range(60, 68), mesh.FACEMESH_LIPS),
        (range(27, 31), mesh.FACEMESH_NOSE),
    ],
    ids=["jaw", "right eye", "left eye", "outer lips", "inner lips", "nose bridge"],
)
def test_the_keypoints_of_the_face_are_on_its_contours(
    keypoints: range, connections: frozenset[tuple[int, int]]
) -> None:
    assert {FACE_LANDMARKS[k] for k in keypoints} <= landmarks_of(connections)


@pytest.mark.parametrize(
    ("keypoints", "connections"),
    [
        (range(18, 22), mesh.FACEMESH_RIGHT_EYEBROW),
        (range(22, 26), mesh.FACEMESH_LEFT_EYEBROW),
    ],
    ids=["right", "left"],
)
def test_the_brows_are_on_the_brows(
    keypoints: range, connections: frozenset[tuple[int, int]]
) -> None:
    assert {FACE_LANDMARKS[k] for k in keypoints} <= landmarks_of(connections)


@pytest.mark.parametrize(
    ("keypoints", "connections"),
    [
        (range(17), mesh.FACEMESH_FACE_OVAL),
        ((*range(36, 42), 36), mesh.FACEMESH_RIGHT_EYE),
        ((*range(42, 48), 42), mesh.FACEMESH_LEFT_EYE),
        ((*range(48, 60), 48), mesh.FACEMESH_LIPS),
        ((*range(60, 68), 60), mesh.FACEMESH_LIPS),
    ],
    ids=["jaw", "right eye", "left eye", "outer lips", "inner lips"],
)
def test_neighbours_on_a_contour_are_in_order(
    keypoints: Iterable[int], connections: frozenset[tuple[int, int]]
) -> None:
    path = [FACE_LANDMARKS[k] for k in keypoints]
    passed = [index for a, b in itertools.pairwise(path) for index in walk(a, b, connections)]
    assert len(set(passed)) == len(passed)


def walk(start: int, end: int, connections: frozenset[tuple[int, int]]) -> list[int]:
    """Landmarks on the shortest way from one to another, without the first."""
    ways = [[start]]
    reached = {start}
    for way in ways:
        if way[-1] == end:
            return way[1:]
        for pair in connections:
            if way[-1] in pair:
                (following,) = set(pair) - {way[-1]}
                if following not in reached:
                    reached.add(following)
                    ways.append([*way, following])
    raise AssertionError(f"no way from {start} to {end}")


def test_the_middle_of_the_face_is_its_own_mirror() -> None:
    own = {FACE_LANDMARKS[k] for k, mirrored in enumerate(FACE_MIRROR) if k == mirrored}
    assert own == MIDDLE


def test_the_face_table_is_symmetrical_on_a_face(astronaut: Path) -> None:
    (person,) = next(MediaPipeHolistic(**SETTINGS).estimate([photograph(astronaut)]))
    face = person.keypoints["face"]
    to_the_left = face[45] - face[36]
    to_the_left /= np.hypot(*to_the_left)
    upwards = np.array([-to_the_left[1], to_the_left[0]])
    right, left = np.array(sorted(MIRROR_PAIRS)).T
    apart = face[left] - face[right]
    assert (apart @ to_the_left > 0).all()
    assert (np.abs(apart @ upwards) < 0.35 * (apart @ to_the_left)).all()


def photograph(clip: Path) -> np.ndarray:
    capture = cv2.VideoCapture(str(clip))
    found, picture = capture.read()
    capture.release()
    assert found
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def test_no_body_is_no_person() -> None:
    assert persons_of(result()) == []
    assert persons_of(result(face=marks(places(468)), left_hand=marks(places(21)))) == []


def test_the_body_takes_its_landmarks_with_their_visibility() -> None:
    visibility = np.arange(33) / 100
    person = the_person(pose=marks(places(33), visibility))
    for keypoint, name in enumerate(BODY_NAMES):
        if name is not None:
            landmark = PoseLandmark[name]
            np.testing.assert_allclose(person.keypoints["body"][keypoint], places(33)[landmark])
            assert person.scores["body"][keypoint] == pytest.approx(landmark / 100)


@pytest.mark.parametrize(("left", "right"), [(0.9, 0.2), (0.3, 0.8), (0.0, 1.0)])
def test_the_neck_is_between_the_shoulders_and_as_sure_as_the_less_sure(
    left: float, right: float
) -> None:
    points, visibility = np.zeros((33, 2)), np.ones(33)
    points[PoseLandmark.LEFT_SHOULDER], points[PoseLandmark.RIGHT_SHOULDER] = (0.7, 0.4), (0.3, 0.5)
    visibility[[PoseLandmark.LEFT_SHOULDER, PoseLandmark.RIGHT_SHOULDER]] = left, right
    person = the_person(pose=marks(points, visibility))
    np.testing.assert_allclose(person.keypoints["body"][1], (0.5, 0.45), rtol=1e-6)
    assert person.scores["body"][1] == np.float32(min(left, right))


def test_small_toes_do_not_exist() -> None:
    person = the_person(pose=marks(places(33)))
    assert person.scores["feet"].tolist() == [1, 0, 1, 1, 0, 1]
    assert person.keypoints["feet"][[1, 4]].tolist() == [[0, 0], [0, 0]]
    for keypoint, name in enumerate(FEET_NAMES):
        if name is not None:
            np.testing.assert_allclose(
                person.keypoints["feet"][keypoint], places(33)[PoseLandmark[name]]
            )


@pytest.mark.parametrize("part", ["face", "left_hand", "right_hand"])
def test_a_part_that_was_not_found_is_zero_with_score_zero(part: str) -> None:
    sizes = {"face": 468, "left_hand": 21, "right_hand": 21}
    found = {name: marks(places(size)) for name, size in sizes.items() if name != part}
    person = the_person(pose=marks(places(33)), **found)
    assert person.keypoints[part].tolist() == [[0, 0]] * PARTS[part]
    assert person.scores[part].tolist() == [0] * PARTS[part]
    for other in found:
        assert person.scores[other].tolist() == [1] * PARTS[other]


@pytest.mark.parametrize("part", ["left_hand", "right_hand"])
def test_hands_stay_in_their_order_and_on_their_side(part: str) -> None:
    points = places(21)[::-1]
    person = the_person(pose=marks(places(33)), **{part: marks(points)})
    np.testing.assert_allclose(person.keypoints[part], points, rtol=1e-6)


@pytest.mark.parametrize("count", [468, 478])
def test_the_face_takes_its_landmarks_with_and_without_irises(count: int) -> None:
    person = the_person(pose=marks(places(33)), face=marks(places(count)))
    np.testing.assert_allclose(
        person.keypoints["face"], places(count)[list(FACE_LANDMARKS)], rtol=1e-6
    )


def test_coordinates_outside_the_frame_are_kept() -> None:
    points = places(33)
    points[PoseLandmark.LEFT_ANKLE], points[PoseLandmark.RIGHT_WRIST] = (0.4, 1.75), (-0.5, 0.5)
    person = the_person(pose=marks(points))
    np.testing.assert_allclose(person.keypoints["body"][13], (0.4, 1.75))
    np.testing.assert_allclose(person.keypoints["body"][4], (-0.5, 0.5))
    assert person.bbox[0] == np.float32(-0.5)
    assert person.bbox[3] == np.float32(1.75)


def test_the_box_spans_the_body_and_is_as_sure_as_its_keypoints_on_average() -> None:
    points = np.full((33, 2), 0.5)
    points[PoseLandmark.NOSE], points[PoseLandmark.LEFT_KNEE] = (0.25, 0.125), (0.75, 0.875)
    person = the_person(pose=marks(points, np.full(33, 0.5)))
    assert person.bbox.tolist() == [0.25, 0.125, 0.75, 0.875]
    assert person.bbox_score == 0.5


def test_all_numbers_of_a_person_are_single_precision() -> None:
    person = the_person(pose=marks(places(33)), face=marks(places(468)))
    assert person.bbox.dtype == np.float32
    assert person.keypoints.keys() == person.scores.keys() == PARTS.keys()
    for part, size in PARTS.items():
        assert (person.keypoints[part].dtype, person.scores[part].dtype) == (np.float32,) * 2
        assert (person.keypoints[part].shape, person.scores[part].shape) == ((size, 2), (size,))


def test_the_description_names_every_network_by_its_digest() -> None:
    description = MediaPipeHolistic(**SETTINGS).describe()
    folder = Path(mediapipe.__file__).parent / "modules"
    assert description["models"] == {Path(n).name: sha256(folder / n) for n in NETWORKS}
    assert len(description["models"]) == len(NETWORKS)
    assert description["versions"] == {"mediapipe": mediapipe.__version__}


def test_images_are_asked_for_one_at_a_time(astronaut: Path) -> None:
    asked: list[int] = []
    picture = photograph(astronaut)

    def images() -> Iterable[np.ndarray]:
        for number in range(3):
            asked.append(number)
            yield picture

    persons = MediaPipeHolistic(**SETTINGS).estimate(images())
    assert asked == []
    assert len(next(persons)) == 1
    assert asked == [0]
    persons.close()


def test_every_call_starts_afresh(astronaut: Path) -> None:
    picture = photograph(astronaut)
    estimator = MediaPipeHolistic(**SETTINGS)
    (first,), (second,) = (next(estimator.estimate([picture])) for _ in range(2))
    for part in PARTS:
        np.testing.assert_array_equal(first.keypoints[part], second.keypoints[part])


def test_a_black_picture_has_no_person_and_pictures_may_differ_in_size(astronaut: Path) -> None:
    picture = photograph(astronaut)
    black = np.zeros((120, 160, 3), np.uint8)
    counts = [len(p) for p in MediaPipeHolistic(**SETTINGS).estimate([black, picture, black])]
    assert counts[:2] == [0, 1]
