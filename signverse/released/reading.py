"""Files in the published layout, read as the fields of our own poses.npz."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from signverse.errors import InputError
from signverse.released.layout import EXTRAS, FPS, PARTS, joint_indices, regroup_hands
from signverse.released.payloads import Payload, read_payloads

# How much larger than their file the members of an archive may be: room for frames without
# persons, which deflate well, and none for a zip bomb.
MAX_EXPANSION, SPARE_BYTES = 100, 64_000_000
# What reading a damaged archive or a lying header raises.
DAMAGE = (OSError, ValueError, TypeError, EOFError, MemoryError, RuntimeError, NotImplementedError,
          zipfile.BadZipFile, zlib.error)  # fmt: skip

Members = dict[str, np.ndarray]


def is_released(path: str | Path) -> bool:
    """Whether `path` is a folder, of frames, or an aggregated file in the published layout."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "frame_payloads.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return Path(path).is_dir()


def read_members(path: str | Path, *, repair_hands: bool) -> Members:
    """The fields of poses.npz from an aggregated file or a folder of frames, `ID/npz`.

    repair_hands: give each person their own hands where the published code mixed them up. Files
    of this project have them right and stay as they are. In files of others the confidences of
    the body are unknown, for joint indices stand in their place: `body_scores` is NaN where a
    joint was visible (over 0.3) and 0 where it was not. `bbox_scores` is NaN, `bboxes` the box
    around the visible joints, and feet are not found.

    Raises InputError naming the file for anything damaged; nothing that stands in it is run.
    """
    source = Path(path)
    try:
        head, payloads = _read_folder(source) if source.is_dir() else _read_aggregated(source)
        return _members(head, payloads, repair_hands)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except KeyError as error:
        raise InputError(f"{path}: field {error} is missing") from error
    except DAMAGE as error:
        raise InputError(f"{path}: cannot be read as published poses ({error})") from error


def _read_aggregated(path: Path) -> tuple[Members, list[Payload]]:
    with zipfile.ZipFile(path) as archive:
        head = _read_arrays(archive, path.stat().st_size)
        with archive.open("frame_payloads.npy") as member:
            return head, read_payloads(member)  # type: ignore[arg-type]


def _read_folder(folder: Path) -> tuple[Members, list[Payload]]:
    files = sorted(file for file in folder.glob("*.npz") if file.stem.isdecimal())
    if not files:
        raise InputError("holds no frames; files like 00000001.npz are expected")
    payloads = []
    for file in files:
        with zipfile.ZipFile(file) as archive:
            payloads.append(_read_arrays(archive, file.stat().st_size))
    place = folder.resolve()
    owner = place.parent if place.name == "npz" else place
    numbers = np.asarray([int(file.stem) for file in files])
    head = {"video_id": np.asarray(owner.name), "fps": np.asarray(FPS), "frame_indices": numbers}
    return head, payloads


def _read_arrays(archive: zipfile.ZipFile, size: int) -> Members:
    """All members but the pickled one."""
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > MAX_EXPANSION * size + SPARE_BYTES:
        raise InputError(f"{size} bytes would unpack to {unpacked}, more than poses can")
    arrays = {}
    for name in archive.namelist():
        if name.endswith(".npy") and name != "frame_payloads.npy":
            with archive.open(name) as member:
                read = np.lib.format.read_array(member, allow_pickle=False)
            arrays[name.removesuffix(".npy")] = read
    return arrays


def _members(head: Members, payloads: list[Payload], repair_hands: bool) -> Members:
    if not payloads:
        raise InputError("holds no frames")
    fps = float(head["fps"])
    if not (np.isfinite(fps) and fps > 0):
        raise InputError(f"fps is {fps}")
    counts = [int(payload["num_persons"]) for payload in payloads]
    frames = [_frame(*numbered, repair_hands) for numbered in enumerate(payloads)]
    indices = _frame_numbers(head["frame_indices"], len(payloads)) - 1
    facts: dict[str, Any] = {
        "video_id": str(head["video_id"]),
        "status": "ok",
        "reason": "",
        "fps": fps,
        "total_frames": len(payloads),
        "frame_width": int(payloads[0]["frame_width"]),
        "frame_height": int(payloads[0]["frame_height"]),
        "lost_frames": int(head.get("lost_frames", 0)),
        "estimator": str(head.get("estimator", _estimator(repair_hands))),
        "frame_indices": indices.astype(np.int32),
        "frame_times": head.get("frame_times", (indices / fps).astype(np.float32)),
        "num_persons": np.asarray(counts, np.int32),
        "person_offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    }
    arrays = {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}
    return {name: np.asarray(value) for name, value in facts.items()} | arrays


def _estimator(repair_hands: bool) -> str:
    """What is known of the origin of published poses, as JSON."""
    hands = "repaired" if repair_hands else "mixed up where several persons are in view"
    unknown = ["body_scores", "bbox_scores", "feet_keypoints", "lost_frames"]
    return json.dumps({"name": "published", "hands": hands, "unknown": unknown})


def _frame_numbers(found: np.ndarray, frames: int) -> np.ndarray:
    """Numbers from 1; the published code has modes that leave them out or write them twice."""
    if len(found) == 0:
        return np.arange(1, frames + 1)
    doubled = len(found) == 2 * frames and np.array_equal(found[::2], found[1::2])
    numbers = found[::2] if doubled else found
    if len(numbers) != frames or numbers[0] < 1 or np.any(np.diff(numbers.astype(np.int64)) <= 0):
        raise InputError(f"frame_indices do not number the {frames} frames in rising order from 1")
    return numbers.astype(np.int64)


def _frame(number: int, payload: Payload, repair_hands: bool) -> Members:
    """The rows of one frame's persons, of every field that has a row per detection."""
    persons = int(payload["num_persons"])
    if not 0 <= persons <= len(payload):
        raise InputError(f"frame {number}: num_persons is {persons}")
    shapes: dict[str, tuple[int, ...]] = {}
    for part, size in PARTS.items():
        shapes |= {f"{part}_keypoints": (size, 2), f"{part}_scores": (size,)}
    own = "person_000_body_confidences" in payload
    if own:
        shapes |= EXTRAS
    rows = {name: _rows(number, payload, persons, name, shape) for name, shape in shapes.items()}
    if own:
        rows["body_scores"] = rows.pop("body_confidences")
        return rows | {"bboxes": rows.pop("bbox"), "bbox_scores": rows.pop("bbox_score")}
    if repair_hands:
        for kind in ("keypoints", "scores"):
            names = (f"left_hand_{kind}", f"right_hand_{kind}")
            mixed = (rows[names[0]], rows[names[1]])
            rows |= dict(zip(names, regroup_hands(*mixed), strict=True))
    return rows | _without_extras(rows)


def _rows(
    number: int, payload: Payload, persons: int, name: str, shape: tuple[int, ...]
) -> np.ndarray:
    """One field of all persons of a frame, float32 [persons, *shape]."""
    rows = np.empty((persons, *shape), np.float32)
    for person in range(persons):
        key = f"person_{person:03d}_{name}"
        found = payload[key]
        if found.shape != shape or found.dtype.kind not in "iuf" or not np.isfinite(found).all():
            raise InputError(
                f"frame {number}: {key} is {found.dtype} of shape {found.shape}, "
                f"expected finite numbers of shape {shape}"
            )
        rows[person] = found
    return rows


def _without_extras(rows: Members) -> Members:
    """What the published code does not say of persons, as far as it can be told."""
    persons = len(rows["body_scores"])
    scores, joints = rows["body_scores"], rows["body_keypoints"]
    hidden = scores < 0
    overwritten = (hidden | (scores == joint_indices(persons))).all(axis=1, keepdims=True)
    known = np.where(hidden, 0, scores)
    boxes = [_box(points, seen) for points, seen in zip(joints, ~hidden, strict=True)]
    changed = {
        "body_scores": np.where(overwritten & ~hidden, np.nan, known).astype(np.float32),
        "bboxes": np.asarray(boxes, np.float32).reshape(persons, 4),
        "bbox_scores": np.full(persons, np.nan, np.float32),
        "feet_keypoints": np.zeros((persons, 6, 2), np.float32),
        "feet_scores": np.zeros((persons, 6), np.float32),
    }
    for part in ("face", "left_hand", "right_hand"):  # a score of 0 or less: not found
        found = rows[f"{part}_scores"] > 0
        changed[f"{part}_scores"] = np.where(found, rows[f"{part}_scores"], 0)
        changed[f"{part}_keypoints"] = np.where(found[..., None], rows[f"{part}_keypoints"], 0)
    return changed


def _box(points: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Box around the visible joints, around all where none is."""
    chosen = points[seen] if seen.any() else points
    return np.concatenate([chosen.min(axis=0), chosen.max(axis=0)])
