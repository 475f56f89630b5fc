"""DWPose: every person in view, by YOLOX-L and RTMPose-L 384x288, two ONNX networks."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from signverse.estimators import detection, simcc
from signverse.estimators.networks import Network, Signature
from signverse.estimators.wholebody import make_person
from signverse.poses import Person

DETECTOR = Signature(
    size=(detection.SIZE, detection.SIZE), outputs=((detection.CELLS, detection.VALUES),)
)
POSE = Signature(
    size=(simcc.HEIGHT, simcc.WIDTH),
    outputs=((simcc.KEYPOINTS, simcc.BINS_X), (simcc.KEYPOINTS, simcc.BINS_Y)),
)
STEP = 64  # of the sizes that `resize_short_side` gives, as in the published corpora
NARROWEST = 16  # long side of a frame made larger, in short sides: memory has an end
SEEN, ENLARGED = 0.3, 1.25  # rtmlib: keypoints that span the next box, and how it is enlarged
FADED = 0.7  # share of the confidence at detection below which to detect anew
MERGED = 0.5  # overlap of two propagated boxes above which they may have become one person


@dataclass(frozen=True, slots=True)
class DWPoseSettings:
    """What decides the poses; see config.schema.yaml."""

    detector_channels: str = "BGR"
    pose_channels: str = "RGB"
    resize_short_side: int | None = None
    min_detection_score: float = 0.3
    max_persons: int | None = None
    detect_every: int = 1


@dataclass(frozen=True, slots=True)
class Sighting:
    """The persons of one frame before they become Person: float64 [P, 133, 2] and so on."""

    boxes: np.ndarray
    box_scores: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray


class DWPose:
    """Top-down whole-body poses with two loaded networks.

    batch: frames that are worked on together, where the networks allow it. facts: what else to say
    of the networks beside the poses.
    """

    def __init__(
        self,
        detector: Network,
        pose: Network,
        settings: DWPoseSettings,
        batch: int,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.detector, self.pose, self.settings, self.batch = detector, pose, settings, batch
        self.facts = dict(facts or {})
        self._frames = np.empty((detector.batch, 3, *DETECTOR.size), np.float32)
        self._crops = np.empty((pose.batch, 3, *POSE.size), np.float32)

    def describe(self) -> dict[str, Any]:
        """Name, networks, versions and settings."""
        return {"name": "dwpose", **self.facts, "settings": asdict(self.settings)}

    def estimate(self, images: Iterable[np.ndarray]) -> Iterator[list[Person]]:
        """Every person of each image, by falling detection score."""
        if self.settings.detect_every == 1:
            images = iter(images)
            while batch := list(itertools.islice(images, self.batch)):
                frames = [self._resized(image) for image in batch]
                yield from map(_persons, frames, self._sightings(frames, self._boxes(frames)))
        else:
            yield from self._propagated(images)

    def _resized(self, image: np.ndarray) -> np.ndarray:
        """The frame that both networks look at."""
        short = self.settings.resize_short_side
        if short is None:
            return image
        height, width = image.shape[:2]
        scale = min(short / min(height, width), NARROWEST * short / max(height, width))
        size = [max(STEP, STEP * round(side * scale / STEP)) for side in (width, height)]
        how = cv2.INTER_LANCZOS4 if scale > 1 else cv2.INTER_AREA
        return np.asarray(cv2.resize(image, size, interpolation=how), dtype=np.uint8)

    def _boxes(self, frames: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Boxes and scores of the persons in each frame."""
        found = []
        room = len(self._frames)
        for start in range(0, len(frames), room):
            part = frames[start : start + room]
            scales = [
                detection.letterbox(frame, self.settings.detector_channels, target)
                for frame, target in zip(part, self._frames, strict=False)
            ]
            (outputs,) = self.detector.run(self._frames[: len(part)])
            for output, scale in zip(outputs, scales, strict=True):
                boxes, scores = detection.persons(output, scale, self.settings.min_detection_score)
                most = self.settings.max_persons
                found.append((boxes[:most], scores[:most]))
        return found

    def _sightings(
        self, frames: Sequence[np.ndarray], boxes: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> list[Sighting]:
        """Keypoints in the given boxes; the crops of all frames go into common batches."""
        places = [
            (frame, box) for frame, (found, _) in zip(frames, boxes, strict=True) for box in found
        ]
        parts = [
            self._keypoints(places[start : start + len(self._crops)])
            for start in range(0, len(places), len(self._crops))
        ]
        keypoints = np.concatenate([np.empty((0, simcc.KEYPOINTS, 2)), *(k for k, _ in parts)])
        scores = np.concatenate([np.empty((0, simcc.KEYPOINTS)), *(s for _, s in parts)])
        ends = np.cumsum([len(found) for found, _ in boxes])[:-1]
        return [
            Sighting(*found, *rows)
            for found, *rows in zip(
                boxes, np.split(keypoints, ends), np.split(scores, ends), strict=True
            )
        ]  # fmt: skip

    def _keypoints(
        self, places: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Keypoints [N, 133, 2] and scores [N, 133] of N persons, no more than fit the buffer."""
        cuts = [simcc.centre_and_scale(box) for _, box in places]
        for (frame, _), cut, target in zip(places, cuts, self._crops, strict=False):
            simcc.cut_out(frame, *cut, self.settings.pose_channels, target)
        simcc_x, simcc_y = self.pose.run(self._crops[: len(places)])
        return simcc.decode(simcc_x, simcc_y, *map(np.array, zip(*cuts, strict=True)))

    def _propagated(self, images: Iterable[np.ndarray]) -> Iterator[list[Person]]:
        """As `estimate`, detecting on every k-th frame and where the persons may be others."""
        last: Sighting | None = None
        confidence = np.empty(0)
        age = 0
        for image in images:
            frame = self._resized(image)
            age += 1
            if last is None or age >= self.settings.detect_every or _doubtful(last, confidence):
                (boxes,) = self._boxes([frame])
                age = 0
            else:
                boxes = _next_boxes(last), last.box_scores
            (last,) = self._sightings([frame], [boxes])
            if age == 0:
                confidence = last.scores.mean(axis=1)
            yield _persons(frame, last)


def _persons(frame: np.ndarray, seen: Sighting) -> list[Person]:
    size = np.array([frame.shape[1], frame.shape[0]])
    rows = zip(seen.boxes, seen.box_scores, seen.keypoints, seen.scores, strict=True)
    return [make_person(box, score, points, scores, size) for box, score, points, scores in rows]


def _next_boxes(seen: Sighting) -> np.ndarray:
    """Boxes around the keypoints seen last, enlarged about their middle: float64 [P, 4]."""
    boxes = []
    for points, scores in zip(seen.keypoints, seen.scores, strict=True):
        sure = points[scores > SEEN]
        low, high = sure.min(axis=0), sure.max(axis=0)
        centre, half = (low + high) / 2, (high - low) / 2 * ENLARGED
        boxes.append(np.concatenate([centre - half, centre + half]))
    return np.array(boxes).reshape(-1, 4)


def _doubtful(seen: Sighting, confidence: np.ndarray) -> bool:
    """Whether the persons may not be those of the last detection: none, faded, or merged."""
    if len(seen.boxes) == 0:
        return True
    if (seen.scores.mean(axis=1) < FADED * confidence).any():
        return True
    if not (seen.scores > SEEN).any(axis=1).all():
        return True
    boxes = _next_boxes(seen)
    if (boxes[:, 2:] <= boxes[:, :2]).any():  # too few keypoints to span one
        return True
    return any(_overlap(a, b) > MERGED for a, b in itertools.combinations(boxes, 2))


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes."""
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = np.prod(np.maximum(sides, 0))
    return float(shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared))
