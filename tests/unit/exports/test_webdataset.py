import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webdataset
from export_samples import TITLE, ShardSample
from made_poses import made_poses

from signverse.exports.videos import Files, Video, read_videos
from signverse.exports.webdataset import write_webdataset
from signverse.files import write_json
from signverse.poses import save


def write(sample: ShardSample, path: Path) -> Path:
    names = ("metadata.json", "captions.json", "poses.npz")
    write_webdataset(path, "00003", read_videos(sample.rows, map(Files, *map(sample.files, names))))
    return path


@pytest.fixture
def tar(sample: ShardSample, tmp_path: Path) -> Path:
    return write(sample, tmp_path / "00003.tar")


def samples(path: Path) -> list[dict[str, Any]]:
    """What the webdataset library makes of a tar."""
    return list(webdataset.WebDataset(str(path), shardshuffle=False, empty_check=False).decode())


def test_the_library_reads_a_sample_per_video_with_poses(tar: Path, sample: ShardSample) -> None:
    (found,) = samples(tar)
    assert found["__key__"] == "-good"
    fields = {name for name in found if not name.startswith("__")}
    assert fields == {"captions.json", "entry.json", "metadata.json", "poses.npz"}
    assert found["entry.json"] == {
        "video_id": "-good", "sign_language": "ase", "label": "ASL", "shard": "00003",
    }  # fmt: skip
    assert found["metadata.json"]["title"] == TITLE
    assert found["captions.json"]["tracks"][0]["language"] == "de"
    poses = found["poses.npz"]
    np.testing.assert_array_equal(poses["left_hand_keypoints"], sample.poses.left_hand_keypoints)


def test_several_samples_stay_apart(tmp_path: Path) -> None:
    videos = []
    for number, video_id in enumerate(["-a", "_B", "a-A"]):
        folder = tmp_path / str(number)
        files = Files(folder / "metadata.json", folder / "captions.json", folder / "poses.npz")
        write_json(files.metadata, {"video_id": video_id})
        write_json(files.captions, {"video_id": video_id})
        save(files.poses, made_poses(video_id))
        identity = {"video_id": video_id, "sign_language": "ase", "label": "ASL"}
        videos.append(Video(identity, "ok", "", {}, {}, made_poses(video_id), files))
    write_webdataset(tmp_path / "a.tar", "00000", videos)
    found = samples(tmp_path / "a.tar")
    assert [sample["__key__"] for sample in found] == ["-a", "_B", "a-A"]
    assert [str(sample["poses.npz"]["video_id"]) for sample in found] == ["-a", "_B", "a-A"]
    with tarfile.open(tmp_path / "a.tar") as archive:
        owners = [name.partition(".")[0] for name in archive.getnames()]
    assert owners == ["-a"] * 4 + ["_B"] * 4 + ["a-A"] * 4


def test_members_have_lower_case_fields_and_no_time_owner_or_folder(tar: Path) -> None:
    with tarfile.open(tar) as archive:
        for member in archive:
            _, _, field = member.name.partition(".")
            assert field == field.lower()
            assert "/" not in member.name
            owner = (member.mtime, member.uid, member.gid, member.uname, member.gname)
            assert owner == (0, 0, 0, "", "")
            assert (member.mode, member.isfile()) == (0o644, True)


def test_products_are_byte_for_byte_those_of_the_video(tar: Path, sample: ShardSample) -> None:
    with tarfile.open(tar) as archive:
        for name in ("metadata.json", "captions.json", "poses.npz"):
            member = archive.extractfile(f"-good.{name}")
            assert member is not None
            assert member.read() == (sample.folder / "-good" / name).read_bytes()


def test_the_same_videos_give_the_same_bytes(
    tar: Path, sample: ShardSample, tmp_path: Path
) -> None:
    for path in sample.folder.rglob("*.json"):
        path.touch()
    assert write(sample, tmp_path / "again.tar").read_bytes() == tar.read_bytes()


def test_a_shard_without_poses_is_an_empty_tar(tmp_path: Path) -> None:
    lost = Video({"video_id": "a", "sign_language": "ase", "label": "ASL"}, "removed", "404")
    write_webdataset(tmp_path / "a.tar", "00000", [lost])
    assert samples(tmp_path / "a.tar") == []
