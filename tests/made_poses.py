"""Poses made up at random, and the published layout as the published code writes it."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from signverse.poses import PARTS, Person, Poses, PosesBuilder, array_names

COUNTS = (2, 0, 1, 3)  # persons in each frame


def some_person(chance: np.random.Generator) -> Person:
    keypoints = {part: chance.random((size, 2), np.float32) for part, size in PARTS.items()}
    scores = {part: chance.random(size, np.float32) for part, size in PARTS.items()}
    return Person(chance.random(4, np.float32), float(chance.random()), keypoints, scores)


def made_poses(video_id: str = "-video", counts: tuple[int, ...] = COUNTS) -> Poses:
    """Poses of a video of 640 x 480; every coordinate and score over 0."""
    chance = np.random.default_rng(7)
    builder = PosesBuilder()
    for number, count in enumerate(counts):
        builder.add(number / 24, [some_person(chance) for _ in range(count)])
    facts: dict[str, Any] = {"fps": 24.0, "frame_width": 640, "frame_height": 480}
    poses = builder.build(video_id=video_id, lost_frames=1, estimator={"name": "made"}, **facts)
    columns = {name: np.array(getattr(poses, name), subok=False) for name in array_names()}
    return dataclasses.replace(poses, **columns)


def published_payload(poses: Poses, t: int) -> dict[str, np.ndarray]:
    """One frame with the defects of the published code, from the description of that code."""
    rows = list(poses.persons(t))
    hands = [poses.left_hand_keypoints[row] for row in rows]
    hands += [poses.right_hand_keypoints[row] for row in rows]
    scores = [poses.left_hand_scores[row] for row in rows]
    scores += [poses.right_hand_scores[row] for row in rows]
    payload = {
        "num_persons": np.asarray(len(rows), np.int32),
        "frame_width": np.asarray(640, np.int32),
        "frame_height": np.asarray(480, np.int32),
    }
    for p, row in enumerate(rows):
        places = 18 * p + np.arange(18)
        person = {
            "body_keypoints": poses.body_keypoints[row],
            "body_scores": np.where(poses.body_scores[row] > 0.3, places, -1).astype(np.float32),
            "face_keypoints": poses.face_keypoints[row],
            "face_scores": poses.face_scores[row],
            "left_hand_keypoints": hands[2 * p],
            "left_hand_scores": scores[2 * p],
            "right_hand_keypoints": hands[2 * p + 1],
            "right_hand_scores": scores[2 * p + 1],
        }
        payload |= {f"person_{p:03d}_{name}": value for name, value in person.items()}
    return payload


def write_published(path: Path, poses: Poses, **changed: Any) -> Path:
    """An aggregated file of the published code; `changed` replaces members."""
    frames = range(poses.total_frames)
    members: dict[str, Any] = {
        "video_id": np.asarray(poses.video_id),
        "fps": np.asarray(24, np.int32),
        "total_frames": np.asarray(len(frames), np.int32),
        "frame_widths": np.full(len(frames), 640, np.int32),
        "frame_heights": np.full(len(frames), 480, np.int32),
        "frame_indices": np.arange(1, len(frames) + 1, dtype=np.int32),
        "frame_payloads": np.asarray([published_payload(poses, t) for t in frames], dtype=object),
    }
    np.savez(path, allow_pickle=True, **(members | changed))
    return path


def write_published_frames(folder: Path, poses: Poses) -> Path:
    """One file per frame of the published code."""
    folder.mkdir(parents=True)
    for t in range(poses.total_frames):
        np.savez(folder / f"{t + 1:08d}.npz", **published_payload(poses, t))  # type: ignore[arg-type]
    return folder
