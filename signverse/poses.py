"""Whole-body keypoints of one video: the arrays of `poses.npz`.

T frames on a regular grid of times, N detections of persons over all frames; the detections of
frame t are rows person_offsets[t] … person_offsets[t + 1] - 1. Coordinates are x, y divided by
the frame's width and height. docs/format.md is the specification.
"""

import functools
import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from signverse.errors import InputError, VideoError
from signverse.files import atomic_path
from signverse.outcomes import OK, raise_if_tombstone
from signverse.released.reading import is_released, read_members

# Part of the body → number of keypoints, in the order of the arrays.
PARTS = {"body": 18, "face": 68, "left_hand": 21, "right_hand": 21, "feet": 6}


@dataclass(frozen=True, slots=True)
class Person:
    """One detected person in one frame.

    bbox: float32 [4], x1 y1 x2 y2. keypoints: part → float32 [K, 2]. scores: part → float32 [K].
    Coordinates are normalised by the frame's size; a keypoint that was not found is 0, 0 with
    score 0.
    """

    bbox: np.ndarray
    bbox_score: float
    keypoints: dict[str, np.ndarray]
    scores: dict[str, np.ndarray]


@dataclass(frozen=True)
class Poses:
    """All poses of one video; field names and shapes as in `poses.npz`."""

    video_id: str
    fps: float
    total_frames: int
    frame_width: int
    frame_height: int
    lost_frames: int  # of the file, those that did not decode
    estimator: dict[str, Any]
    frame_indices: np.ndarray  # int32 [T], index on the grid: time = index / fps
    frame_times: np.ndarray  # float32 [T], seconds, timestamp of the frame that was shown
    num_persons: np.ndarray  # int32 [T]
    person_offsets: np.ndarray  # int64 [T + 1]
    bboxes: np.ndarray  # float32 [N, 4]
    bbox_scores: np.ndarray  # float32 [N]
    body_keypoints: np.ndarray  # float32 [N, 18, 2]
    body_scores: np.ndarray  # float32 [N, 18]
    face_keypoints: np.ndarray  # float32 [N, 68, 2]
    face_scores: np.ndarray  # float32 [N, 68]
    left_hand_keypoints: np.ndarray  # float32 [N, 21, 2]
    left_hand_scores: np.ndarray  # float32 [N, 21]
    right_hand_keypoints: np.ndarray  # float32 [N, 21, 2]
    right_hand_scores: np.ndarray  # float32 [N, 21]
    feet_keypoints: np.ndarray  # float32 [N, 6, 2]
    feet_scores: np.ndarray  # float32 [N, 6]
    status: str = OK
    reason: str = ""

    @property
    def frame_payloads(self) -> "FramePayloads":
        """The nested view: `frame_payloads[t]["person_000"]["body_keypoints"]`."""
        return FramePayloads(self)

    def persons(self, t: int) -> range:
        """Rows of the detections in frame `t`."""
        return range(int(self.person_offsets[t]), int(self.person_offsets[t + 1]))


@dataclass(frozen=True)
class FramePayloads:
    """Poses frame by frame, as dicts; a view, made when asked for."""

    poses: Poses

    def __len__(self) -> int:
        return len(self.poses.frame_indices)

    def __getitem__(self, t: int) -> dict[str, Any]:
        poses = self.poses
        if not -len(self) <= t < len(self):
            raise IndexError(f"frame {t} of {len(self)}")
        rows = poses.persons(t % len(self))
        payload: dict[str, Any] = {
            "num_persons": len(rows),
            "frame_width": poses.frame_width,
            "frame_height": poses.frame_height,
        }
        for number, row in enumerate(rows):
            person = {"bbox": poses.bboxes[row], "bbox_score": poses.bbox_scores[row]}
            for part in PARTS:
                person[f"{part}_keypoints"] = getattr(poses, f"{part}_keypoints")[row]
                person[f"{part}_scores"] = getattr(poses, f"{part}_scores")[row]
            payload[f"person_{number:03d}"] = person
        return payload

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[t] for t in range(len(self)))


class PosesBuilder:
    """Collects the persons of each frame into arrays, on disk, so that memory stays flat.

    folder: where the disk is used; its files have no names and go with the process.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
        shapes: dict[str, tuple[int, ...]] = {"bboxes": (4,), "bbox_scores": ()}
        for part, size in PARTS.items():
            shapes |= {f"{part}_keypoints": (size, 2), f"{part}_scores": (size,)}
        self._columns = {
            name: (shape, tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 – lives as long as this
            for name, shape in shapes.items()
        }
        self._times: list[float] = []
        self._counts: list[int] = []

    def add(self, time_sec: float, persons: list[Person]) -> None:
        """Append the next frame of the grid."""
        self._times.append(time_sec)
        self._counts.append(len(persons))
        for person in persons:
            self._append("bboxes", person.bbox)
            self._append("bbox_scores", person.bbox_score)
            for part in PARTS:
                self._append(f"{part}_keypoints", person.keypoints[part])
                self._append(f"{part}_scores", person.scores[part])

    def _append(self, name: str, row: Any) -> None:
        shape, file = self._columns[name]
        values = np.asarray(row, dtype=np.float32)
        if values.shape != shape:
            raise ValueError(f"{name}: shape {values.shape}, expected {shape}")
        file.write(values.tobytes())

    def build(self, **facts: Any) -> Poses:
        """Make the arrays; `facts` are the fields of Poses that are no arrays."""
        frames, detections = len(self._times), sum(self._counts)
        columns: dict[str, Any] = {
            name: _mapped(file, (detections, *shape))
            for name, (shape, file) in self._columns.items()
        }
        return Poses(
            total_frames=frames,
            frame_indices=np.arange(frames, dtype=np.int32),
            frame_times=np.array(self._times, dtype=np.float32),
            num_persons=np.array(self._counts, dtype=np.int32),
            person_offsets=np.concatenate([[0], np.cumsum(self._counts)]).astype(np.int64),
            **columns,
            **facts,
        )


def _mapped(file: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A file's float32 values as an array that is read from disk when it is used."""
    if shape[0] == 0:
        return np.empty(shape, np.float32)
    file.flush()
    return np.memmap(file, dtype=np.float32, mode="r", shape=shape)


def save(path: str | Path, poses: Poses) -> None:
    """Write `poses.npz`: no pickles, the same bytes for the same poses."""
    members = {item.name: getattr(poses, item.name) for item in fields(poses)}
    members["estimator"] = json.dumps(poses.estimator, sort_keys=True)
    _savez(path, members)


def save_tombstone(path: str | Path, video_id: str, error: VideoError) -> None:
    """Write a `poses.npz` that says why there are no poses."""
    _savez(path, {"video_id": video_id, "status": error.status, "reason": error.reason})


def _savez(path: str | Path, members: dict[str, Any]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file, allow_pickle=False, **{name: np.asarray(value) for name, value in members.items()}
        )


def load(path: str | Path, owner: str | None = None, *, repair_hands: bool = False) -> Poses:
    """Read and check `poses.npz`, which is to belong to the video `owner` if one is given.

    Also reads the published layout, a file or a folder of frames, without running what stands in
    it; what is unknown there, and `repair_hands`: signverse.released.reading.read_members.
    Raises VideoError for a tombstone and InputError, naming the file, for a damaged one.
    """
    if is_released(path):
        members = read_members(path, repair_hands=repair_hands)
    else:
        members = _read_members(path)
    scalars = {name: value.item() for name, value in members.items() if value.ndim == 0}
    for name in ("video_id", "status", "reason"):
        if name not in scalars:
            raise InputError(f"{path}: field {name!r} is missing")
    if owner is not None and scalars["video_id"] != owner:
        raise InputError(f"{path}: belongs to video {scalars['video_id']!r}, expected {owner!r}")
    raise_if_tombstone(scalars)
    _check_members(path, members)
    values = {name: scalars.get(name, value) for name, value in members.items()}
    try:
        values["estimator"] = json.loads(scalars["estimator"])
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: estimator is no JSON ({error})") from error
    poses = Poses(**{item.name: values[item.name] for item in fields(Poses)})
    _check_shapes(path, poses)
    return poses


def _read_members(path: str | Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: np.asarray(archive[name]) for name in archive.files}
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: cannot be read as poses ({error})") from error


def _check_members(path: str | Path, members: dict[str, np.ndarray]) -> None:
    """Every field is there, as a scalar or an array of numbers."""
    missing = {item.name for item in fields(Poses)} - members.keys()
    if missing:
        raise InputError(f"{path}: fields are missing: {', '.join(sorted(missing))}")
    for item in fields(Poses):
        found = members[item.name]
        is_array = item.name in array_names()
        if is_array != (found.ndim > 0) or (is_array and found.dtype.kind not in "iuf"):
            raise InputError(f"{path}: {item.name} is {found.dtype} of shape {found.shape}")


def _check_shapes(path: str | Path, poses: Poses) -> None:
    frames, detections = len(poses.frame_indices), len(poses.bboxes)
    expected: dict[str, tuple[int, ...]] = {
        "frame_indices": (frames,),
        "frame_times": (frames,),
        "num_persons": (frames,),
        "person_offsets": (frames + 1,),
        "bboxes": (detections, 4),
        "bbox_scores": (detections,),
    }
    for part, size in PARTS.items():
        expected[f"{part}_keypoints"] = (detections, size, 2)
        expected[f"{part}_scores"] = (detections, size)
    for name, shape in expected.items():
        found = getattr(poses, name).shape
        if found != shape:
            raise InputError(f"{path}: {name} has shape {found}, expected {shape}")
    if poses.total_frames != frames:
        raise InputError(f"{path}: total_frames is {poses.total_frames}, expected {frames}")
    counted = np.concatenate([[0], np.cumsum(poses.num_persons)])
    if not np.array_equal(poses.person_offsets, counted) or counted[-1] != detections:
        raise InputError(f"{path}: person_offsets, num_persons and bboxes do not agree")


@functools.cache
def array_names() -> tuple[str, ...]:
    """Names of the array fields of Poses, in their order."""
    return tuple(item.name for item in fields(Poses) if item.type is np.ndarray)
