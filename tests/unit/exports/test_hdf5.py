import json
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from export_samples import LONG_TEXT, TITLE, ShardSample
from made_poses import made_poses

from signverse.exports.hdf5 import write_hdf5
from signverse.exports.videos import Files, Video, read_videos
from signverse.poses import array_names


def write(sample: ShardSample, path: Path, level: int = 4) -> Path:
    names = ("metadata.json", "captions.json", "poses.npz")
    videos = read_videos(sample.rows, map(Files, *map(sample.files, names)))
    write_hdf5(path, "00003", videos, compression_level=level)
    return path


@pytest.fixture
def file(sample: ShardSample, tmp_path: Path) -> h5py.File:
    return h5py.File(write(sample, tmp_path / "00003.h5"))


def test_the_root_says_what_the_file_is(file: h5py.File) -> None:
    assert dict(file.attrs) == {"format": "signverse-hdf5", "format_version": 1, "shard": "00003"}


def test_videos_are_groups_by_id_in_the_order_of_the_plan(file: h5py.File) -> None:
    assert list(file["videos"]) == ["-good", "out", "gone"]
    attributes = dict(file["videos/out"].attrs)
    assert attributes == {
        "video_id": "out",
        "sign_language": "ase",
        "label": "ASL",
        "status": "excluded",
        "reason": "asked for (2026-01-02)",
    }
    assert list(file["videos/out"]) == []
    assert list(file["videos/gone"]) == ["captions", "metadata"]
    assert file["videos/gone"].attrs["status"] == "removed"


def test_every_array_of_the_poses_is_there_with_its_type(
    file: h5py.File, sample: ShardSample
) -> None:
    group = file["videos/-good"]
    for name in array_names():
        expected = getattr(sample.poses, name)
        np.testing.assert_array_equal(group[name][:], expected)
        assert group[name].dtype == expected.dtype
    assert group["face_keypoints"].dtype == np.float32
    assert (group.attrs["fps"], group.attrs["frame_width"]) == (24.0, 640)
    assert json.loads(group.attrs["estimator"]) == {"name": "made"}


def test_documents_of_any_length_are_texts(file: h5py.File) -> None:
    group = file["videos/-good"]
    captions = json.loads(group["captions"].asstr()[()])
    assert captions["tracks"][0]["segments"][0]["text"] == LONG_TEXT
    assert json.loads(group["metadata"].asstr()[()])["title"] == TITLE


def test_arrays_are_compressed_by_filters_that_every_hdf5_has(file: h5py.File) -> None:
    array = file["videos/-good/face_keypoints"]
    assert (array.compression, array.compression_opts, array.shuffle) == ("gzip", 4, True)


def test_a_video_in_which_nobody_is_seen_is_written(tmp_path: Path) -> None:
    identity = {"video_id": "nobody", "sign_language": "ase", "label": "ASL"}
    video = Video(identity, "ok", "", {}, {}, made_poses("nobody", (0, 0)))
    write_hdf5(tmp_path / "a.h5", "00000", [video], compression_level=0)
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["videos/nobody/body_keypoints"].shape == (0, 18, 2)
        assert file["videos/nobody/num_persons"][:].tolist() == [0, 0]


def test_the_same_videos_give_the_same_bytes(sample: ShardSample, tmp_path: Path) -> None:
    before = write(sample, tmp_path / "one.h5").read_bytes()
    time.sleep(1.1)  # HDF5 can keep times, in whole seconds
    assert write(sample, tmp_path / "two.h5").read_bytes() == before
