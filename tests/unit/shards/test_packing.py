"""Packing: a shard as a reader without this library finds it."""

import dataclasses
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import zarr
from packed_products import (
    REMOVED,
    ROWS,
    TITLE,
    Products,
    captions_of,
    metadata_of,
    some_poses,
)

from signverse.errors import VideoError
from signverse.estimation import estimate_video
from signverse.files import read_json, sha256
from signverse.poses import save, save_tombstone

MEDIAPIPE = {
    **{"estimator": "mediapipe", "fps": 24},
    "mediapipe": {"min_detection_confidence": 0.5, "min_tracking_confidence": 0.5},
}


@pytest.fixture
def corpus(tmp_path: Path) -> Products:
    """Products that are not packed yet."""
    return Products(tmp_path / "corpus")


def opened(path: Path) -> zarr.Group:
    """The shard as a reader without this library opens it."""
    return zarr.open(zarr.storage.ZipStore(path, mode="r"), mode="r")


def rows_of(group: zarr.Group, name: str, number: int) -> np.ndarray:
    edges = {"metadata": "metadata_offsets", "captions": "captions_offsets"}
    start, stop = group[edges.get(name, "frame_offsets")][number : number + 2]
    return group[name][start:stop]


def test_the_shard_tells_what_it_is_and_where_it_comes_from(corpus: Products) -> None:
    corpus.pack()
    attributes = dict(opened(corpus.path).attrs)
    assert (attributes["format"], attributes["format_version"]) == ("signverse-shard", 2)
    assert attributes["shard"] == "00000"
    assert (attributes["coordinate_steps"], attributes["score_steps"]) == (20_000, 200)
    assert attributes["parts"]["face"] == [18, 86]
    assert attributes["estimators"] == [corpus.poses["one"].estimator]
    origin = attributes["provenance"]
    assert origin.keys() == {"manifest_rows_sha256", "signverse", "code", "config", "libraries"}
    assert (len(origin["manifest_rows_sha256"]), origin["code"]) == (64, "abc")
    assert corpus.left() == ["00000.json", "00000.zarr.zip"]


def test_the_table_of_videos_keeps_the_order_and_every_loss(corpus: Products) -> None:
    corpus.pack()
    videos = opened(corpus.path).attrs["videos"]
    assert [(video["video_id"], video["status"], video["reason"]) for video in videos] == [
        ("one", "ok", ""),
        ("gone", "removed", REMOVED.reason),
        ("out", "excluded", "withdrawn"),
        ("two", "ok", ""),
    ]
    assert videos[0] == {
        **{"video_id": "one", "sign_language": "gsg", "label": "unlabelled"},
        **{"status": "ok", "reason": "", "fps": 24.0, "total_frames": 3},
        **{"frame_width": 640, "frame_height": 360, "lost_frames": 2, "estimator": 0},
    }


@pytest.mark.parametrize(("number", "video_id"), [(0, "one"), (3, "two")])
def test_a_keypoint_is_found_by_offsets_alone_within_the_stated_error(
    corpus: Products, number: int, video_id: str
) -> None:
    corpus.pack()
    group, poses = opened(corpus.path), corpus.poses[video_id]
    first, last = group["frame_offsets"][number : number + 2]
    edges = group["person_offsets"][first : last + 1]
    np.testing.assert_array_equal(edges - edges[0], poses.person_offsets)
    points = group["points"][edges[0] : edges[-1]] / 20_000
    scores = group["scores"][edges[0] : edges[-1]] / 200
    np.testing.assert_allclose(points[:, 18:86], poses.face_keypoints, atol=2.51e-5)
    np.testing.assert_allclose(points[:, -2:].reshape(-1, 4), poses.bboxes, atol=2.51e-5)
    np.testing.assert_allclose(scores[:, :18], poses.body_scores, atol=1 / 200)
    np.testing.assert_allclose(scores[:, -1], poses.bbox_scores, atol=1 / 200)
    np.testing.assert_array_equal(rows_of(group, "frame_times", number), poses.frame_times)


def test_documents_are_kept_word_for_word_but_for_excluded_videos(corpus: Products) -> None:
    corpus.pack()
    group = opened(corpus.path)
    assert json.loads(rows_of(group, "metadata", 3).tobytes()) == metadata_of("two")
    assert json.loads(rows_of(group, "captions", 3).tobytes()) == captions_of("two")
    assert json.loads(rows_of(group, "metadata", 1).tobytes())["status"] == "removed"
    assert rows_of(group, "metadata", 2).size == rows_of(group, "captions", 2).size == 0
    assert rows_of(group, "frame_times", 1).size == rows_of(group, "frame_times", 2).size == 0


def test_every_codec_is_of_the_zarr_specification(corpus: Products) -> None:
    corpus.pack()
    with zipfile.ZipFile(corpus.path) as archive:
        documents = [json.loads(archive.read(n)) for n in archive.namelist() if "zarr.json" in n]
    text = json.dumps(documents)
    names = {"sharding_indexed", "transpose", "bytes", "blosc", "crc32c"}
    assert {name for name in names if f'"name": "{name}"' in text} == names
    assert '"name": "numcodecs' not in text


def test_a_video_without_poses_keeps_its_metadata_and_captions(corpus: Products) -> None:
    error = VideoError("undecodable", "no frame of the video can be decoded")
    save_tombstone(corpus.product("poses", "two"), "two", error)
    corpus.pack()
    group = opened(corpus.path)
    assert group.attrs["videos"][3]["reason"] == error.reason
    assert json.loads(rows_of(group, "metadata", 3).tobytes()) == metadata_of("two")
    assert read_json(corpus.summary)["videos"][3]["title"] == TITLE


@pytest.mark.parametrize("counts", [(0, 0, 0), ()], ids=["no persons", "no frames"])
def test_videos_without_detections_are_packed(corpus: Products, counts: tuple[int, ...]) -> None:
    save(corpus.product("poses", "two"), some_poses("two", counts))
    corpus.pack()
    assert rows_of(opened(corpus.path), "frame_times", 3).shape == (len(counts),)
    facts = read_json(corpus.summary)["videos"][3]
    assert (facts["frames"], facts["detections"]) == (len(counts), 0)


@pytest.mark.slow
def test_real_poses_take_at_most_450_bytes_a_person_and_frame(
    tmp_path: Path, carphone: Path
) -> None:
    poses = estimate_video("one", carphone, MEDIAPIPE, scratch=tmp_path)
    products = Products(tmp_path / "corpus")
    save(products.product("poses", "one"), poses)
    products.pack(ROWS[:1])
    with zipfile.ZipFile(products.path) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    size = sum(sizes[name] for name in sizes if name.startswith(("points/c/", "scores/c/")))
    assert len(poses.bboxes) > 90
    assert size <= 450 * len(poses.bboxes)


def test_members_are_stored_with_one_date_and_the_metadata_last(corpus: Products) -> None:
    corpus.pack()
    with zipfile.ZipFile(corpus.path) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    names = [info.filename for info in infos]
    data = [name for name in names if not name.endswith("zarr.json")]
    assert names[: len(data)] == sorted(data)
    assert names[len(data) :] == sorted(set(names) - set(data))
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.external_attr >> 16 for info in infos} == {0o644}


def test_the_summary_has_the_facts_of_every_stage(corpus: Products) -> None:
    corpus.pack()
    summary = read_json(corpus.summary)
    videos = summary.pop("videos")
    assert summary == {
        "format": "signverse-shard",
        "format_version": 2,
        "shard": "00000",
        "sha256": sha256(corpus.path),
        "bytes": corpus.path.stat().st_size,
        "packed_videos": 2,
        "frames": 5,
        "detections": 5,
        "hours": round(5 / 24 / 3600, 6),
        "sign_languages": {"gsg": 1, "jsl": 1},
        "tombstones": {"excluded": 1, "removed": 1},
    }
    assert videos[0] == {
        "video_id": "one",
        "sign_language": "gsg",
        "label": "unlabelled",
        "status": "ok",
        "reason": "",
        "metadata_status": "ok",
        "captions_status": "ok",
        "title": TITLE,
        "duration_sec": 1.5,
        "channel_id": "channel",
        "caption_tracks": "en:manual de:automatic",
        "segments": 3,
        "fps": 24.0,
        "frames": 3,
        "frame_width": 640,
        "frame_height": 360,
        "lost_frames": 2,
        "frames_with_person": 2,
        "detections": 3,
        "detections_with_hand": 3,
        "estimator": "some",
    }
    assert videos[1] == {
        "video_id": "gone",
        "sign_language": "ase",
        "label": "labelled",
        "status": "removed",
        "reason": REMOVED.reason,
        "metadata_status": "removed",
        "captions_status": "removed",
        "title": None,
        "duration_sec": None,
        "channel_id": None,
        "caption_tracks": "",
        "segments": 0,
    }
    assert videos[2] == {
        "video_id": "out",
        "sign_language": "ase",
        "label": "labelled",
        "status": "excluded",
        "reason": "withdrawn",
    }
    assert [video["video_id"] for video in videos] == ["one", "gone", "out", "two"]


def test_detections_count_as_with_hand_when_either_hand_was_found(corpus: Products) -> None:
    poses = some_poses("two", (1, 1, 1, 1))
    left, right = poses.left_hand_scores.copy(), poses.right_hand_scores.copy()
    left[[0, 1]], right[[0, 2]] = 0, 0  # none, right, left, both
    save(
        corpus.product("poses", "two"),
        dataclasses.replace(poses, left_hand_scores=left, right_hand_scores=right),
    )
    corpus.pack()
    assert read_json(corpus.summary)["videos"][3]["detections_with_hand"] == 3


def test_the_same_products_give_the_same_bytes_elsewhere_and_on_another_day(
    corpus: Products, tmp_path: Path
) -> None:
    corpus.pack()
    other = Products(tmp_path / "another" / "place")
    for path in other.folder.rglob("*.*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    other.pack()
    assert other.path.read_bytes() == corpus.path.read_bytes()
    assert other.summary.read_bytes() == corpus.summary.read_bytes()
    assert read_json(other.summary)["sha256"] == sha256(corpus.path)


def test_packing_again_gives_the_same_bytes_over_the_old_ones(corpus: Products) -> None:
    corpus.pack()
    first = corpus.path.read_bytes()
    corpus.path.write_bytes(b"old")
    corpus.pack()
    assert corpus.path.read_bytes() == first


def test_another_person_gives_other_bytes(corpus: Products) -> None:
    corpus.pack()
    first = sha256(corpus.path)
    save(corpus.product("poses", "two"), some_poses("two", (1, 1), seed=2))
    corpus.pack()
    assert sha256(corpus.path) != first
    assert read_json(corpus.summary)["sha256"] == sha256(corpus.path)
