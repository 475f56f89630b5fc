import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_poses import made_poses, published_payload

from signverse.poses import Poses, array_names, load
from signverse.released.writing import save_aggregated, save_frames


def assert_same(found: Poses, poses: Poses) -> None:
    for field in dataclasses.fields(Poses):
        if field.name in array_names():
            np.testing.assert_array_equal(getattr(found, field.name), getattr(poses, field.name))
        else:
            assert getattr(found, field.name) == getattr(poses, field.name), field.name


@pytest.mark.parametrize("repair_hands", [False, True])
def test_what_is_written_is_read_back_whole(tmp_path: Path, repair_hands: bool) -> None:
    poses = made_poses()
    save_aggregated(tmp_path / "poses.npz", poses)
    assert_same(load(tmp_path / "poses.npz", repair_hands=repair_hands), poses)


def test_frames_are_read_back_with_all_their_persons(tmp_path: Path) -> None:
    poses = made_poses()
    save_frames(tmp_path / "-video" / "npz", poses)
    names = sorted(path.name for path in (tmp_path / "-video" / "npz").iterdir())
    assert names == [f"0000000{number}.npz" for number in (1, 2, 3, 4)]
    found = load(tmp_path / "-video" / "npz", repair_hands=True)
    head = {"lost_frames": 0, "estimator": found.estimator}  # what frames do not hold
    assert_same(found, dataclasses.replace(poses, **head))


def test_numpy_reads_what_published_tools_look_for(tmp_path: Path) -> None:
    poses = made_poses()
    save_aggregated(tmp_path / "poses.npz", poses)
    with np.load(tmp_path / "poses.npz", allow_pickle=True) as archive:
        heads = {"video_id", "fps", "total_frames", "frame_widths", "frame_heights"}
        assert heads | {"frame_indices", "frame_payloads"} <= set(archive.files)
        assert archive["frame_indices"].tolist() == [1, 2, 3, 4]
        payloads = archive["frame_payloads"]
    assert payloads.dtype == object
    for t, payload in enumerate(payloads):
        expected = published_payload(poses, t)
        assert expected.keys() <= payload.keys()
        for key, value in expected.items():
            assert (payload[key].dtype, payload[key].shape) == (value.dtype, value.shape)
            if "hand" not in key:
                np.testing.assert_array_equal(payload[key], value)


def test_hands_are_those_of_their_person(tmp_path: Path) -> None:
    poses = made_poses()
    save_frames(tmp_path / "npz", poses)
    with np.load(tmp_path / "npz" / "00000004.npz") as frame:
        for number, row in enumerate(poses.persons(3)):
            found = frame[f"person_{number:03d}_right_hand_keypoints"]
            np.testing.assert_array_equal(found, poses.right_hand_keypoints[row])


def test_joints_are_marked_as_the_published_drawing_code_wants_them(tmp_path: Path) -> None:
    poses = made_poses()
    save_frames(tmp_path / "npz", poses)
    with np.load(tmp_path / "npz" / "00000001.npz") as frame:
        scores = frame["person_001_body_scores"]
        visible = frame["person_001_body_confidences"] > 0.3
        assert scores[visible].tolist() == (18 + np.flatnonzero(visible)).tolist()
        assert set(scores[~visible]) == {-1}


def test_a_fractional_rate_is_kept(tmp_path: Path) -> None:
    save_aggregated(tmp_path / "p.npz", dataclasses.replace(made_poses(), fps=12.5))
    assert load(tmp_path / "p.npz").fps == 12.5


def test_another_process_writes_the_same_bytes(tmp_path: Path, root: Path) -> None:
    save_aggregated(tmp_path / "one.npz", made_poses())
    code = (
        "import sys; sys.path[:0] = ['.', 'tests']\n"
        "from made_poses import made_poses\n"
        "from signverse.released.writing import save_aggregated\n"
        "save_aggregated(sys.argv[1], made_poses())"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "two.npz"], cwd=root, check=True)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
