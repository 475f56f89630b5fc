import dataclasses
from pathlib import Path

import numpy as np
import pytest
from made_poses import COUNTS, made_poses
from pose_format import Pose
from pose_format.pose_header import PoseHeaderCache
from pose_format.utils.generic import (
    detect_known_pose_format,
    hands_indexes,
    pose_hide_legs,
    pose_normalization_info,
)
from pose_format.utils.openpose import OpenPose_Components

from signverse.exports.pose_files import NAMES, components, save_pose_file
from signverse.poses import PARTS, Poses
from signverse.skeleton import COLOURS, LIMBS


def written(path: Path, poses: Poses, max_persons: int | None = None) -> Pose:
    """What the format's own reader finds in a file of ours."""
    save_pose_file(path, poses, max_persons=max_persons)
    PoseHeaderCache.clear_cache()
    return Pose.read(path.read_bytes())


@pytest.fixture
def pose(tmp_path: Path) -> Pose:
    return written(tmp_path / "a.pose", made_poses())


def test_the_header_has_the_size_and_five_components(pose: Pose) -> None:
    header = pose.header
    assert (header.dimensions.width, header.dimensions.height) == (640, 480)
    assert [c.name for c in header.components] == list(NAMES.values())
    assert [len(c.points) for c in header.components] == list(PARTS.values())
    assert {c.format for c in header.components} == {"XYC"}
    assert header.version == pytest.approx(0.2)


def test_limbs_and_colours_are_those_of_the_drawing_style(pose: Pose) -> None:
    body = pose.header.components[0]
    assert [tuple(limb) for limb in body.limbs] == list(LIMBS)
    assert [tuple(colour) for colour in body.colors] == list(COLOURS)


@pytest.mark.parametrize("part", PARTS)
def test_limbs_join_points_that_exist_and_every_point_has_a_name_and_a_colour(part: str) -> None:
    component = components()[list(PARTS).index(part)]
    assert len(set(component.points)) == len(component.colors) == PARTS[part]
    assert {end for limb in component.limbs for end in limb} <= set(range(PARTS[part]))
    assert all(0 <= value <= 255 for colour in component.colors for value in colour)


@pytest.mark.parametrize("part", ["body", "face", "left_hand", "right_hand"])
def test_points_have_the_names_and_the_order_of_openpose(part: str) -> None:
    ours = components()[list(PARTS).index(part)]
    (theirs,) = (c for c in OpenPose_Components if c.name == NAMES[part])
    assert [point for point in theirs.points if point in ours.points] == ours.points


def test_points_are_pixels_and_scores_of_the_persons_of_each_frame(pose: Pose) -> None:
    poses = made_poses()
    assert pose.body.data.shape == (4, max(COUNTS), 134, 2)
    assert pose.body.fps == 24
    for t, count in enumerate(COUNTS):
        for person, row in enumerate(poses.persons(t)):
            expected = np.concatenate([getattr(poses, f"{part}_keypoints")[row] for part in PARTS])
            np.testing.assert_array_equal(
                pose.body.data.data[t, person], expected * np.float32([640, 480])
            )
            scores = np.concatenate([getattr(poses, f"{part}_scores")[row] for part in PARTS])
            np.testing.assert_array_equal(pose.body.confidence[t, person], scores)
        assert not pose.body.confidence[t, count:].any()
        assert pose.body.data.mask[t, count:].all()


def test_no_more_persons_than_asked_for_the_best_first(tmp_path: Path) -> None:
    every = written(tmp_path / "a.pose", made_poses())
    one = written(tmp_path / "b.pose", made_poses(), max_persons=1)
    many = written(tmp_path / "c.pose", made_poses(), max_persons=9)
    np.testing.assert_array_equal(one.body.data.data, every.body.data.data[:, :1])
    assert many.body.data.shape == every.body.data.shape


def test_a_video_in_which_nobody_is_seen_has_frames_of_no_persons(tmp_path: Path) -> None:
    assert written(tmp_path / "a.pose", made_poses(counts=(0, 0))).body.data.shape[:2] == (2, 0)


def test_the_tools_of_the_library_know_the_skeleton(pose: Pose) -> None:
    assert detect_known_pose_format(pose) == "openpose"
    assert len(hands_indexes(pose.header)) == 2
    pose.normalize(pose_normalization_info(pose.header))
    hidden = pose_hide_legs(pose)
    knee = pose.header.get_point_index("pose_keypoints_2d", "RKnee")
    assert not hidden.body.confidence[:, :, knee].any()


def test_the_same_poses_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_pose_file(tmp_path / name, made_poses(), max_persons=None)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_fractional_rate_is_kept(tmp_path: Path) -> None:
    poses = dataclasses.replace(made_poses(), fps=12.5)
    assert written(tmp_path / "a.pose", poses).body.fps == 12.5
