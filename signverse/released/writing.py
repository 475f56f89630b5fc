"""Poses written in the published layout, for tools that read nothing else.

Unlike the published code: hands are those of their person, and further keys (layout.EXTRAS) hold
what that layout has no place for. Published tools leave these unread.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from signverse.files import atomic_path
from signverse.poses import Poses
from signverse.released.layout import HIDDEN, PARTS, VISIBLE_SCORE, joint_indices


def save_aggregated(path: str | Path, poses: Poses) -> None:
    """Write one `poses.npz`, a pickle inside; the same bytes for the same poses."""
    frames = len(poses.frame_indices)
    payloads = np.empty(frames, dtype=object)
    for t in range(frames):
        payloads[t] = _payload(poses, t)
    whole = float(poses.fps).is_integer()
    members: dict[str, Any] = {
        "video_id": poses.video_id,
        "fps": np.asarray(poses.fps, np.int32 if whole else np.float64),
        "total_frames": np.asarray(frames, np.int32),
        "frame_widths": np.full(frames, poses.frame_width, np.int32),
        "frame_heights": np.full(frames, poses.frame_height, np.int32),
        "frame_indices": (poses.frame_indices + 1).astype(np.int32),
        "frame_payloads": payloads,
        "frame_times": poses.frame_times,
        "lost_frames": np.asarray(poses.lost_frames, np.int32),
        "estimator": json.dumps(poses.estimator, sort_keys=True),
    }
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=True, **members)


def save_frames(folder: str | Path, poses: Poses) -> None:
    """Write one file per frame, `00000001.npz` and so on, without a pickle."""
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        for t, index in enumerate(poses.frame_indices):
            with (temporary / f"{index + 1:08d}.npz").open("wb") as file:
                np.savez(file, allow_pickle=False, **_payload(poses, t))


def _payload(poses: Poses, t: int) -> dict[str, Any]:
    rows = poses.persons(t)
    payload = {
        "num_persons": np.asarray(len(rows), np.int32),
        "frame_width": np.asarray(poses.frame_width, np.int32),
        "frame_height": np.asarray(poses.frame_height, np.int32),
    }
    indices = joint_indices(len(rows))
    for number, row in enumerate(rows):
        visible = poses.body_scores[row] > VISIBLE_SCORE
        fields: dict[str, np.ndarray] = {}
        for part in PARTS:
            fields[f"{part}_keypoints"] = getattr(poses, f"{part}_keypoints")[row]
            fields[f"{part}_scores"] = getattr(poses, f"{part}_scores")[row]
        fields["body_confidences"] = fields["body_scores"]
        fields["body_scores"] = np.where(visible, indices[number], HIDDEN).astype(np.float32)
        fields["feet_keypoints"] = poses.feet_keypoints[row]
        fields["feet_scores"] = poses.feet_scores[row]
        fields["bbox"] = poses.bboxes[row]
        fields["bbox_score"] = poses.bbox_scores[row]
        for name, value in fields.items():  # plain arrays, not ones that read a file when used
            payload[f"person_{number:03d}_{name}"] = np.array(value, np.float32, subok=False)
    return payload
