"""estimate_poses: from video.mp4 to poses.npz."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signverse.demo.recordings import truncate
from signverse.errors import VideoError
from signverse.files import write_json
from signverse.outcomes import tombstone
from signverse.poses import load

SETTINGS: dict[str, Any] = {
    "estimator": "mediapipe",
    "fps": 12,
    "threads": 1,
    "mediapipe": {"min_detection_confidence": 0.5, "min_tracking_confidence": 0.5},
}
NO_NETWORKS: dict[str, Any] = {"networks": [], "shared": Path("models")}


def test_a_video_of_a_person_gives_poses_of_a_person(
    main: Callable[..., None], tmp_path: Path, astronaut: Path
) -> None:
    path = tmp_path / "videos" / "x" / "poses.npz"
    main(video_id="x", video=astronaut, settings=SETTINGS, poses=path, **NO_NETWORKS)
    poses = load(path)
    assert (poses.video_id, poses.status, poses.reason) == ("x", "ok", "")
    assert (poses.fps, poses.frame_width, poses.frame_height) == (12.0, 480, 480)
    assert poses.total_frames == len(poses.frame_times) == 6  # 12 frames at 25 frames/s
    assert poses.num_persons.tolist() == [1] * 6
    nose = poses.body_keypoints[0, 0]
    assert np.allclose(nose, (0.44, 0.23), atol=0.06)
    assert poses.body_scores[:, 0].min() > 0.9
    assert poses.estimator["name"] == "mediapipe"
    assert poses.estimator["settings"]["min_tracking_confidence"] == 0.5
    assert [file.name for file in path.parent.iterdir()] == ["poses.npz"]


def test_a_video_that_does_not_open_becomes_a_tombstone(
    main: Callable[..., None], tmp_path: Path, carphone: Path
) -> None:
    truncate(carphone, tmp_path / "video.mp4", share=0.6)
    path = tmp_path / "poses.npz"
    main(video_id="x", video=tmp_path / "video.mp4", settings=SETTINGS, poses=path, **NO_NETWORKS)
    with pytest.raises(VideoError, match=r"^undecodable: "):
        load(path)


def test_a_tombstone_is_passed_on_and_no_estimator_made(
    main: Callable[..., None], tmp_path: Path
) -> None:
    video, path = tmp_path / "video.mp4", tmp_path / "poses.npz"
    write_json(video, tombstone("x", VideoError("age_restricted", "Sign in to confirm your age")))
    main(video_id="x", video=video, settings={}, poses=path, **NO_NETWORKS)
    with np.load(path, allow_pickle=False) as archive:
        assert {name: archive[name].item() for name in archive.files} == {
            "video_id": "x",
            "status": "age_restricted",
            "reason": "Sign in to confirm your age",
        }


def test_a_video_file_that_is_not_there_fails_the_job(
    main: Callable[..., None], tmp_path: Path
) -> None:
    path = tmp_path / "poses.npz"
    with pytest.raises(FileNotFoundError, match=r"video\.mp4"):
        main(
            video_id="x", video=tmp_path / "video.mp4", settings=SETTINGS, poses=path, **NO_NETWORKS
        )
    assert not path.exists()
