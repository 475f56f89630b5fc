"""DWPose against reference outputs that were made by running the peers' own code.

Runs when the environment variable POSE_GOLDEN_DIR names the folder of the reference: two stand-in
networks and one NAME.npz per frame (its README.md has the meaning of each array).
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from signverse.estimators import detection, simcc
from signverse.estimators.dwpose import DETECTOR, POSE, DWPose, DWPoseSettings
from signverse.estimators.networks import Network, load_network
from signverse.poses import PARTS, Person

VARIABLE = "POSE_GOLDEN_DIR"
FOLDER = Path(os.environ.get(VARIABLE, ""))
pytestmark = pytest.mark.skipif(
    not os.environ.get(VARIABLE), reason=f"{VARIABLE} does not name the folder of the reference"
)

# Frame → number of persons in it.
FRAMES = {
    "s1_640x360_one": 1,
    "s2_360x640_one_obj": 1,
    "s3_333x517_two": 2,
    "s4_64x48_one": 1,
    "s5_1280x720_three_obj": 3,
    "s6_400x400_none": 0,
}
CV = 4 if int(cv2.__version__.split(".")[0]) < 5 else 5  # warpAffine rounds differently from 5.0
BOX_PX, SCORE, POINT_PX = 1e-3, 1e-4, 1e-3
FRAME_SCORE = 5e-4  # in a whole frame without a person, where the stand-in network is less steady
SHARE = 0.995  # of the coordinates that lie within POINT_PX; the rest within one bin
FLOAT32_PX = 2e-4  # what normalised float32 coordinates of these frames are exact to

# Rows of the 134 keypoints of easy_dwpose, with the neck, by part.
ROWS = {
    "body": slice(0, 18),
    "feet": slice(18, 24),
    "face": slice(24, 92),
    "left_hand": slice(92, 113),
    "right_hand": slice(113, 134),
}
NECK, RIGHT_SHOULDER, LEFT_SHOULDER = 1, 2, 5
SHOULDERS = [RIGHT_SHOULDER, LEFT_SHOULDER]
RGB = DWPoseSettings(detector_channels="RGB", pose_channels="RGB")
BGR = DWPoseSettings(detector_channels="BGR", pose_channels="BGR")
NATIVE = {"native_rgb": RGB, "native_bgr": BGR}
EASY = replace(RGB, resize_short_side=512)

frames = pytest.mark.parametrize("name", FRAMES)
channels = pytest.mark.parametrize("kind", NATIVE)


@dataclass(frozen=True)
class Reference:
    """Arrays of one frame, and what is known of its intermediate images."""

    image: np.ndarray
    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]

    @property
    def size(self) -> np.ndarray:
        return np.array([self.image.shape[1], self.image.shape[0]])


def read_reference(name: str) -> Reference:
    suffix = "" if CV == 4 else ".cv5"
    with np.load(FOLDER / f"{name}.npz") as archive:
        image = archive["frame_rgb"]
    with np.load(FOLDER / f"{name}{suffix}.npz") as archive:
        arrays = {key: archive[key] for key in archive.files}
    facts = json.loads((FOLDER / f"info_cv{CV}.json").read_text("utf-8"))["frames"][name]
    return Reference(image, arrays, facts)


@pytest.fixture(scope="module")
def references() -> dict[str, Reference]:
    return {name: read_reference(name) for name in FRAMES}


@pytest.fixture(scope="module")
def detector() -> Network:
    return load_network(FOLDER / "yolox_l.onnx", DETECTOR, batch=4, threads=1)


@pytest.fixture(scope="module")
def pose() -> Network:
    return load_network(FOLDER / "dw-ll_ucoco_384.onnx", POSE, batch=4, threads=1)


def detected(detector: Network, image: np.ndarray, order: str) -> tuple[np.ndarray, np.ndarray]:
    target = np.empty((1, 3, *DETECTOR.size), np.float32)
    scale = detection.letterbox(image, order, target[0])
    (outputs,) = detector.run(target)
    return detection.persons(outputs[0], scale, 0.3)


def keypoints_in(
    pose: Network, image: np.ndarray, boxes: np.ndarray, order: str
) -> tuple[np.ndarray, np.ndarray]:
    cuts = [simcc.centre_and_scale(box) for box in boxes]
    crops = np.empty((len(boxes), 3, *POSE.size), np.float32)
    for cut, crop in zip(cuts, crops, strict=True):
        simcc.cut_out(image, *cut, order, crop)
    simcc_x, simcc_y = pose.run(crops)
    return simcc.decode(simcc_x, simcc_y, *map(np.array, zip(*cuts, strict=True)))


def assert_same_points(
    found: np.ndarray, expected: np.ndarray, scales: np.ndarray, slack: float = 0.0
) -> None:
    """Keypoints [N, K, 2] of a frame in pixels; scales: [N, 2] of the parts cut out."""
    apart = np.abs(found - expected)
    assert (apart <= POINT_PX + slack).mean() >= SHARE
    bins = scales[:, None] / (simcc.BINS_X, simcc.BINS_Y)
    assert (apart <= bins + POINT_PX + slack).all()


# Step by step


@frames
@channels
def test_the_detector_gets_the_same_bytes(
    references: dict[str, Reference], name: str, kind: str
) -> None:
    reference = references[name]
    target = np.full((3, *DETECTOR.size), np.nan, np.float32)
    scale = detection.letterbox(reference.image, NATIVE[kind].detector_channels, target)
    assert scale == reference.arrays[f"{kind}_letterbox_ratio"]
    assert (
        hashlib.sha256(target.astype(np.uint8).tobytes()).hexdigest()
        == (reference.facts[kind]["letterbox_u8_chw_sha256"])
    )


@frames
@channels
def test_boxes_and_their_scores(
    references: dict[str, Reference], detector: Network, name: str, kind: str
) -> None:
    reference = references[name]
    boxes, scores = detected(detector, reference.image, NATIVE[kind].detector_channels)
    assert len(boxes) == FRAMES[name]
    np.testing.assert_allclose(boxes, reference.arrays[f"{kind}_boxes"], rtol=0, atol=BOX_PX)
    np.testing.assert_allclose(scores, reference.arrays[f"{kind}_box_scores"], rtol=0, atol=SCORE)


@frames
@channels
def test_a_lower_threshold_gives_the_persons_among_all_detections(
    references: dict[str, Reference], detector: Network, name: str, kind: str
) -> None:
    reference = references[name]
    target = np.empty((1, 3, *DETECTOR.size), np.float32)
    scale = detection.letterbox(reference.image, NATIVE[kind].detector_channels, target[0])
    boxes, scores = detection.persons(detector.run(target)[0][0], scale, 0.1)
    everything = reference.arrays[f"{kind}_dets_all"]
    expected = everything[everything[:, 5] == 0]
    np.testing.assert_allclose(scores, expected[:, 4], rtol=0, atol=SCORE)
    np.testing.assert_allclose(boxes, expected[:, :4], rtol=0, atol=BOX_PX)


@frames
@channels
def test_centre_scale_and_map_of_each_person(
    references: dict[str, Reference], name: str, kind: str
) -> None:
    arrays = references[name].arrays
    for row, box in enumerate(boxes_or_frame(references[name], kind)):
        centre, scale = simcc.centre_and_scale(box)
        np.testing.assert_array_equal(centre, arrays[f"{kind}_center"][row])
        np.testing.assert_array_equal(scale, arrays[f"{kind}_scale"][row])
        np.testing.assert_array_equal(
            simcc._warp(centre, scale), arrays[f"{kind}_warp_matrix"][row]
        )


@frames
@channels
def test_the_pose_network_gets_the_same_bytes(
    references: dict[str, Reference], name: str, kind: str
) -> None:
    reference = references[name]
    boxes = boxes_or_frame(reference, kind)
    assert len(boxes) == max(1, FRAMES[name])
    for box, expected in zip(boxes, reference.facts[kind]["crop_u8_hwc_sha256"], strict=True):
        target = np.full((3, *POSE.size), np.nan, np.float32)
        simcc.cut_out(
            reference.image, *simcc.centre_and_scale(box), NATIVE[kind].pose_channels, target
        )
        crop = target.transpose(1, 2, 0) * simcc.STD + simcc.MEAN
        assert np.abs(crop - crop.round()).max() < 1e-4
        assert hashlib.sha256(crop.round().astype(np.uint8).tobytes()).hexdigest() == expected


@frames
@channels
def test_keypoints_in_the_reference_boxes(
    references: dict[str, Reference], pose: Network, name: str, kind: str
) -> None:
    reference = references[name]
    boxes = boxes_or_frame(reference, kind)
    points, scores = keypoints_in(pose, reference.image, boxes, NATIVE[kind].pose_channels)
    arrays = reference.arrays
    assert_same_points(points, arrays[f"{kind}_kp133"], arrays[f"{kind}_scale"])
    tolerance = SCORE if FRAMES[name] else FRAME_SCORE
    np.testing.assert_allclose(scores, arrays[f"{kind}_score133"], rtol=0, atol=tolerance)
    np.testing.assert_array_equal(scores <= 0, arrays[f"{kind}_score133"] <= 0)


def boxes_or_frame(reference: Reference, kind: str) -> np.ndarray:
    """The peers take the whole frame where nobody was detected."""
    boxes = reference.arrays[f"{kind}_boxes"]
    return boxes if len(boxes) else np.array([[0.0, 0.0, *reference.size]])


@pytest.mark.parametrize("name", [name for name, count in FRAMES.items() if count])
@channels
def test_keypoints_in_the_boxes_that_were_found(
    references: dict[str, Reference], detector: Network, pose: Network, name: str, kind: str
) -> None:
    reference, settings = references[name], NATIVE[kind]
    boxes, _ = detected(detector, reference.image, settings.detector_channels)
    points, scores = keypoints_in(pose, reference.image, boxes, settings.pose_channels)
    arrays = reference.arrays
    assert_same_points(points, arrays[f"{kind}_kp133"], arrays[f"{kind}_scale"])
    np.testing.assert_allclose(scores, arrays[f"{kind}_score133"], rtol=0, atol=SCORE)


# The whole estimator


def estimated(
    references: dict[str, Reference], detector: Network, pose: Network, settings: DWPoseSettings
) -> dict[str, list[Person]]:
    """All frames in one call: frames of six sizes share batches."""
    estimator = DWPose(detector, pose, settings, batch=4)
    persons = estimator.estimate(reference.image for reference in references.values())
    return dict(zip(references, persons, strict=True))


@pytest.fixture(scope="module")
def native(
    references: dict[str, Reference], detector: Network, pose: Network
) -> dict[str, dict[str, list[Person]]]:
    return {
        kind: estimated(references, detector, pose, settings) for kind, settings in NATIVE.items()
    }


@pytest.fixture(scope="module")
def easy(
    references: dict[str, Reference], detector: Network, pose: Network
) -> dict[str, list[Person]]:
    return estimated(references, detector, pose, EASY)


@channels
def test_frames_with_no_one_two_and_three_persons(
    native: dict[str, dict[str, list[Person]]], kind: str
) -> None:
    assert {name: len(persons) for name, persons in native[kind].items()} == FRAMES
    assert set(FRAMES.values()) == {0, 1, 2, 3}


@frames
@channels
def test_persons_on_frames_as_they_are(
    references: dict[str, Reference],
    native: dict[str, dict[str, list[Person]]],
    name: str,
    kind: str,
) -> None:
    reference = references[name]
    found = native[kind][name]
    assert_boxes(found, reference, kind, reference.size)
    points, scores = with_neck(reference, kind)
    count = len(found)
    assert_keypoints(
        found,
        points[:count],
        scores[:count],
        reference.arrays[f"{kind}_scale"][:count],
        reference.size,
    )


def assert_boxes(found: list[Person], reference: Reference, kind: str, size: np.ndarray) -> None:
    boxes, scores = (reference.arrays[f"{kind}_{what}"] for what in ("boxes", "box_scores"))
    for person, box, score in zip(found, boxes, scores, strict=True):
        assert person.bbox.dtype == np.float32
        np.testing.assert_allclose(
            person.bbox * np.tile(size, 2), box, rtol=0, atol=BOX_PX + FLOAT32_PX
        )
        assert person.bbox_score == pytest.approx(score, abs=SCORE)


def with_neck(reference: Reference, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """The reference's 133 keypoints as [N, 134, 2] and [N, 134]: neck, OpenPose's order."""
    points, scores = (reference.arrays[f"{kind}_{what}133"] for what in ("kp", "score"))
    body = [0, 5, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
    order = [*body, *range(17, 133)]
    points, scores = points[:, order].copy(), scores[:, order].copy()
    points[:, NECK] = (points[:, RIGHT_SHOULDER] + points[:, LEFT_SHOULDER]) / 2
    scores[:, NECK] = np.minimum(scores[:, RIGHT_SHOULDER], scores[:, LEFT_SHOULDER])
    return points, scores


def assert_keypoints(
    found: list[Person], points: np.ndarray, scores: np.ndarray, scales: np.ndarray,
    size: np.ndarray,
) -> None:  # fmt: skip
    """Persons against keypoints [N, 134, 2] in pixels and scores [N, 134]."""
    assert len(found) == len(points)
    if not found:
        return
    places = np.array([joined(person.keypoints) for person in found])
    values = np.array([joined(person.scores) for person in found])
    assert places.dtype == values.dtype == np.float32
    seen = scores > 0
    np.testing.assert_array_equal(values > 0, seen)
    np.testing.assert_allclose(values, np.where(seen, scores, 0), rtol=0, atol=SCORE)
    assert (places[~seen] == 0).all()
    expected = np.where(seen[..., None], points, 0)
    assert_same_points(places * size, expected, scales, slack=FLOAT32_PX)


def joined(parts: dict[str, np.ndarray]) -> np.ndarray:
    assert parts.keys() == PARTS.keys() == ROWS.keys()
    return np.concatenate([parts[part] for part in ROWS])


def test_some_keypoints_of_the_reference_were_not_found(references: dict[str, Reference]) -> None:
    scores = np.concatenate([r.arrays["native_rgb_score133"] for r in references.values()])
    assert 0 < (scores <= 0).mean() < 0.5


def test_a_part_cut_out_of_a_frame_reaches_over_its_edge(references: dict[str, Reference]) -> None:
    reference = references["s3_333x517_two"]
    centres, scales = (reference.arrays[f"native_rgb_{what}"] for what in ("center", "scale"))
    assert (centres + scales / 2 > reference.size).any()


@frames
def test_the_detector_may_get_bgr_and_the_pose_network_rgb(
    references: dict[str, Reference], detector: Network, pose: Network, name: str
) -> None:
    reference = references[name]
    (found,) = DWPose(detector, pose, DWPoseSettings(), batch=1).estimate([reference.image])
    assert_boxes(found, reference, "native_bgr", reference.size)
    boxes = reference.arrays["native_bgr_boxes"]
    if len(boxes):
        points, scores = keypoints_in(pose, reference.image, boxes, "RGB")
        arrays = {"x_kp133": points, "x_score133": scores}
        points, scores = with_neck(replace(reference, arrays=arrays), "x")
        scales = reference.arrays["native_bgr_scale"]
        assert_keypoints(found, points, scores, scales, reference.size)


# As the published corpus was made


@frames
def test_the_resized_frame_has_the_same_bytes(
    references: dict[str, Reference], detector: Network, pose: Network, name: str
) -> None:
    reference = references[name]
    image = DWPose(detector, pose, EASY, batch=1)._resized(reference.image)
    assert image.shape[1::-1] == tuple(reference.arrays["easy_resized_wh"])
    assert hashlib.sha256(image.tobytes()).hexdigest() == reference.facts["easy_resized_sha256"]


@frames
def test_persons_on_frames_resized_to_512(
    references: dict[str, Reference], easy: dict[str, list[Person]], name: str
) -> None:
    reference, found = references[name], easy[name]
    size = reference.arrays["easy_resized_wh"]
    assert_boxes(found, reference, "easy", size)
    points, scores = reference.arrays["easy_kp134"], reference.arrays["easy_score134"].copy()
    assert set(scores[:, NECK]) <= {0.0, 1.0}  # easy_dwpose's; ours is a confidence
    scores[:, NECK] = scores[:, SHOULDERS].min(axis=1)
    count = len(found)  # the reference has one whole frame too many where nobody is
    scales = reference.arrays["easy_scale"]
    assert_keypoints(found, points[:count], scores[:count], scales[:count], size)


@frames
def test_hands_and_faces_belong_to_their_person(
    references: dict[str, Reference], easy: dict[str, list[Person]], name: str
) -> None:
    arrays, found = references[name].arrays, easy[name]
    for number, person in enumerate(found):
        expected = {
            "body": arrays["easy_bodies"].reshape(-1, 18, 2)[number],
            "face": arrays["easy_faces"][number],
            "left_hand": arrays["easy_hands"][number],
            "right_hand": arrays["easy_hands"][len(found) + number],
        }
        for part, points in expected.items():
            seen = person.scores[part] > 0
            apart = np.abs(person.keypoints[part] - points)[seen]
            assert (apart < 1e-6).mean() >= SHARE, part
    scores = arrays["easy_hands_scores"][: 2 * len(found)].clip(0)
    hands = [p.scores[part] for part in ("left_hand", "right_hand") for p in found]
    np.testing.assert_allclose(np.reshape(hands, scores.shape), scores, rtol=0, atol=SCORE)


def test_hands_of_different_persons_are_told_apart(references: dict[str, Reference]) -> None:
    hands = references["s5_1280x720_three_obj"].arrays["easy_hands"]
    assert len(hands) == 6
    for a in range(6):
        for b in range(a):
            assert np.abs(hands[a] - hands[b]).max() > 0.01


@frames
def test_the_payload_of_the_published_pipeline(
    references: dict[str, Reference], easy: dict[str, list[Person]], name: str
) -> None:
    reference, found = references[name], easy[name]
    arrays = reference.arrays
    assert len(found) == arrays["p02_num_persons"]
    assert reference.size.tolist() == [arrays["p02_frame_width"], arrays["p02_frame_height"]]
    for part, person, points in published(arrays, found):
        seen = person.scores[part] > 0
        assert (np.abs(person.keypoints[part] - points)[seen] < 1e-6).mean() >= SHARE, part


def published(
    arrays: dict[str, np.ndarray], found: list[Person]
) -> Iterator[tuple[str, Person, np.ndarray]]:
    """Part, person of ours, its published coordinates; hands regrouped where it mixed them up."""
    slots = [
        arrays[f"p02_person_{number:03d}_{side}_hand_keypoints"]
        for number in range(len(found))
        for side in ("left", "right")
    ]
    for number, person in enumerate(found):
        for part in ("body", "face"):
            yield part, person, arrays[f"p02_person_{number:03d}_{part}_keypoints"]
        yield "left_hand", person, slots[number]
        yield "right_hand", person, slots[len(found) + number]
