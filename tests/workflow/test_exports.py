"""Exports of the real workflow: off by default, each made and read by the library of its field."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import webdataset
from pose_format import Pose
from workflow_project import Project

from signverse.files import read_json
from signverse.poses import load

pytestmark = pytest.mark.slow

PER_SHARD, PER_VIDEO = ("export_hdf5", "export_webdataset"), ("export_pose", "export_released")
GOOD = ("first000001", "-second0002")


def switched(project: Project, *rules: str, **settings: object) -> Project:
    project.configure(
        manifest="manifest.csv",
        render_preview={"every": 2},
        **{rule: {"enabled": True} for rule in rules},
        **settings,
    )
    return project


@pytest.fixture(scope="module")
def exported(built_once: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The four videos with all exports. Not to be changed."""
    folder = tmp_path_factory.mktemp("exported") / "project"
    shutil.copytree(built_once.folder, folder)
    project = switched(Project(folder), *PER_SHARD, *PER_VIDEO)
    assert project.planned() == {**dict.fromkeys(PER_SHARD, 1), **dict.fromkeys(PER_VIDEO, 4)}
    project.build()
    return project


def exports(project: Project) -> Path:
    return project.folder / "results" / "exports"


def test_nothing_is_exported_by_default(built_once: Project) -> None:
    assert not exports(built_once).exists()


def test_each_export_is_switched_on_by_itself(project: Project) -> None:
    planned = switched(project, "export_hdf5", "export_pose").planned()
    jobs = {name: count for name, count in planned.items() if name.startswith("export_")}
    assert jobs == {"export_hdf5": 1, "export_pose": 4}


def test_an_export_of_one_video_needs_that_video_only(project: Project) -> None:
    target = "results/exports/released/broken00004/npz/poses.npz"
    planned = project.planned(target, "--config", "fetch_video={'window': 1}")
    assert planned["estimate_poses"] == planned["fetch_video"] == 1


def test_selected_videos_are_exported(project: Project) -> None:
    select = {"videos": ["-second0002"]}
    planned = switched(project, *PER_SHARD, *PER_VIDEO, select=select).planned()
    assert {rule: planned.get(rule, 0) for rule in (*PER_SHARD, *PER_VIDEO)} == {
        **dict.fromkeys(PER_SHARD, 0),
        **dict.fromkeys(PER_VIDEO, 1),
    }


def test_hdf5_and_webdataset_hold_the_poses_of_the_videos(exported: Project) -> None:
    tar = str(exports(exported) / "webdataset" / "00000.tar")
    samples = list(webdataset.WebDataset(tar, shardshuffle=False).decode())
    assert [sample["__key__"] for sample in samples] == list(GOOD)
    with h5py.File(exports(exported) / "hdf5" / "00000.h5") as file:
        assert list(file["videos"]) == [*GOOD, "gone0000003", "broken00004"]
        assert file["videos/gone0000003"].attrs["status"] == "removed"
        for sample in samples:
            poses = load(exported.videos / sample["__key__"] / "poses.npz")
            packed = file["videos"][sample["__key__"]]["face_keypoints"][:]
            np.testing.assert_array_equal(packed, poses.face_keypoints)
            np.testing.assert_array_equal(sample["poses.npz"]["face_keypoints"], packed)


def test_pose_files_and_published_layout_hold_the_poses_of_the_videos(exported: Project) -> None:
    for video in GOOD:
        poses = load(exported.videos / video / "poses.npz")
        found = Pose.read((exports(exported) / "pose" / f"{video}.pose").read_bytes())
        assert found.body.data.shape == (12, 1, 134, 2)
        np.testing.assert_array_equal(
            found.body.data.data[:, 0, :18], poses.body_keypoints * np.float32([480, 480])
        )
        again = load(exports(exported) / "released" / video / "npz" / "poses.npz", video)
        np.testing.assert_array_equal(again.body_scores, poses.body_scores)


def test_lost_videos_are_tombstones(exported: Project) -> None:
    for video in ("gone0000003", "broken00004"):
        status = read_json(exports(exported) / "pose" / f"{video}.pose")["status"]
        with np.load(exports(exported) / "released" / video / "npz" / "poses.npz") as archive:
            assert archive["status"] == status != "ok"


def test_frames_become_files_and_a_video_that_leaves_takes_its_exports_along(
    exported: Project, tmp_path: Path
) -> None:
    shutil.copytree(exported.folder, tmp_path / "project")
    project = Project(tmp_path / "project")
    (project.folder / "out.csv").write_text(
        "video_id,reason,date\nfirst000001,by request,2026-11-22\n"
    )
    # All are off now but one, and yet the shards that hold the video are written anew.
    released = {"enabled": True, "per_frame": True}
    switched(project, exclude="out.csv", export_released=released)
    project.build()
    left = {str(path.relative_to(exports(project))) for path in exports(project).rglob("*")}
    assert not [path for path in left if "first000001" in path]
    assert {"pose/-second0002.pose", "released/-second0002/npz/poses.npz"} <= left
    frames = load(exports(project) / "released_frames" / "-second0002" / "npz", "-second0002")
    assert frames.total_frames == 12
    with h5py.File(exports(project) / "hdf5" / "00000.h5") as file:
        assert file["videos/first000001"].attrs["status"] == "excluded"
        assert list(file["videos/first000001"]) == []
    tar = str(exports(project) / "webdataset" / "00000.tar")
    samples = webdataset.WebDataset(tar, shardshuffle=False)
    assert [sample["__key__"] for sample in samples] == ["-second0002"]
