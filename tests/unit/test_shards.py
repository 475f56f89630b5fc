import dataclasses
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from signverse.errors import InputError, VideoError
from signverse.files import read_json, sha256, write_json
from signverse.poses import PARTS, Person, Poses, PosesBuilder, array_names, save, save_tombstone
from signverse.shards import VideoFiles, pack_shard, read_poses

TITLE = "Gebärden 手話 “quoted”"
ROWS = [
    {"video_id": "one", "sign_language": "gsg", "label": "unlabelled", "excluded": ""},
    {"video_id": "gone", "sign_language": "ase", "label": "labelled", "excluded": ""},
    {"video_id": "out", "sign_language": "ase", "label": "labelled", "excluded": "withdrawn"},
    {"video_id": "two", "sign_language": "jsl", "label": "labelled", "excluded": ""},
]
REMOVED = VideoError("removed", "This video is no longer available")


def some_poses(video_id: str, counts: tuple[int, ...], seed: int = 0) -> Poses:
    chance = np.random.default_rng(seed)
    builder = PosesBuilder()
    for t, count in enumerate(counts):
        builder.add(t / 25, [some_person(chance) for _ in range(count)])
    return builder.build(
        video_id=video_id,
        fps=24.0,
        frame_width=640,
        frame_height=360,
        lost_frames=2,
        estimator={"name": "some", "models": {"net": "ab" * 32}, "recipe": 1},
    )


def some_person(chance: np.random.Generator) -> Person:
    keypoints = {part: chance.random((size, 2), np.float32) for part, size in PARTS.items()}
    scores = {part: chance.random(size, np.float32) for part, size in PARTS.items()}
    return Person(chance.random(4, np.float32), float(chance.random()), keypoints, scores)


def metadata_of(video_id: str) -> dict[str, Any]:
    head = {"schema_version": 1, "video_id": video_id, "status": "ok", "reason": ""}
    return head | {"title": TITLE, "duration_sec": 1.5, "channel_id": "channel", "tags": ["a", "b"]}


def captions_of(video_id: str) -> dict[str, Any]:
    segment = {"start_sec": 0.0, "end_sec": 1.0, "text": "hello"}
    tracks = [
        {"language": "en", "kind": "manual", "segments": [segment, segment]},
        {"language": "de", "kind": "automatic", "segments": [segment]},
    ]
    head = {"schema_version": 1, "video_id": video_id, "status": "ok", "reason": ""}
    return head | {"tracks": tracks}


class Corpus:
    """The products of four videos: two with poses, a tombstone and one that is excluded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path, self.summary = folder / "00000.zarr.zip", folder / "00000.json"
        self.poses = {"one": some_poses("one", (2, 0, 1)), "two": some_poses("two", (1, 1), 1)}
        for video_id in ("one", "two"):
            write_json(self.product("metadata", video_id), metadata_of(video_id))
            write_json(self.product("captions", video_id), captions_of(video_id))
            save(self.product("poses", video_id), self.poses[video_id])
        gone = {"video_id": "gone", "status": REMOVED.status, "reason": REMOVED.reason}
        write_json(self.product("metadata", "gone"), gone)
        write_json(self.product("captions", "gone"), gone)
        save_tombstone(self.product("poses", "gone"), "gone", REMOVED)

    def product(self, kind: str, video_id: str) -> Path:
        ending = "npz" if kind == "poses" else "json"
        return self.folder / "products" / video_id / f"{kind}.{ending}"

    def files(self, video_id: str) -> VideoFiles:
        return VideoFiles(
            *(str(self.product(kind, video_id)) for kind in ("metadata", "captions", "poses"))
        )

    def pack(self, rows: list[dict[str, str]] = ROWS) -> None:
        files = [self.files(row["video_id"]) for row in rows if not row["excluded"]]
        pack_shard("00000", rows, files, path=self.path, summary=self.summary)

    def left(self) -> list[str]:
        """Names beside the products."""
        return sorted(path.name for path in self.folder.iterdir() if path.name != "products")


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Products that are not packed yet."""
    return Corpus(tmp_path / "corpus")


def opened(path: Path) -> zarr.Group:
    """The shard as a reader without this library opens it."""
    return zarr.open(zarr.storage.ZipStore(path, mode="r"), mode="r")


def test_the_shard_tells_what_it_is(corpus: Corpus) -> None:
    corpus.pack()
    shard = opened(corpus.path)
    assert shard.metadata.zarr_format == 3
    assert dict(shard.attrs) == {
        "format": "signverse-shard",
        "format_version": 1,
        "shard": "00000",
        "video_ids": ["one", "gone", "out", "two"],
    }
    assert sorted(shard["videos"].group_keys()) == ["00000", "00001", "00002", "00003"]
    assert corpus.left() == ["00000.json", "00000.zarr.zip"]


@pytest.mark.parametrize(("number", "video_id"), [(0, "one"), (3, "two")])
def test_every_array_and_attribute_of_a_video_is_in_the_shard(
    corpus: Corpus, number: int, video_id: str
) -> None:
    corpus.pack()
    group = opened(corpus.path)[f"videos/{number:05d}"]
    poses = corpus.poses[video_id]
    assert sorted(group.array_keys()) == sorted(array_names())
    for name in array_names():
        expected = getattr(poses, name)
        assert group[name].dtype == expected.dtype, name
        np.testing.assert_array_equal(group[name][...], expected, name)
    assert dict(group.attrs) == {
        "video_id": video_id,
        "sign_language": ROWS[number]["sign_language"],
        "label": ROWS[number]["label"],
        "status": "ok",
        "reason": "",
        "fps": 24.0,
        "total_frames": poses.total_frames,
        "frame_width": 640,
        "frame_height": 360,
        "lost_frames": 2,
        "estimator": poses.estimator,
        "metadata": metadata_of(video_id),
        "captions": captions_of(video_id),
    }


def test_a_tombstone_has_attributes_only(corpus: Corpus) -> None:
    corpus.pack()
    group = opened(corpus.path)["videos/00001"]
    gone = {"video_id": "gone", "status": "removed", "reason": REMOVED.reason}
    assert list(group.keys()) == []
    assert dict(group.attrs) == {
        "sign_language": "ase",
        "label": "labelled",
        **gone,
        "metadata": gone,
        "captions": gone,
    }


def test_an_excluded_video_keeps_its_place_and_nothing_else(corpus: Corpus) -> None:
    corpus.pack()
    group = opened(corpus.path)["videos/00002"]
    assert list(group.keys()) == []
    assert dict(group.attrs) == {
        "video_id": "out",
        "sign_language": "ase",
        "label": "labelled",
        "status": "excluded",
        "reason": "withdrawn",
    }


def test_a_video_without_poses_keeps_its_metadata_and_captions(corpus: Corpus) -> None:
    error = VideoError("undecodable", "no frame of the video can be decoded")
    save_tombstone(corpus.product("poses", "two"), "two", error)
    corpus.pack()
    group = opened(corpus.path)["videos/00003"]
    assert list(group.keys()) == []
    assert (group.attrs["status"], group.attrs["reason"]) == ("undecodable", error.reason)
    assert group.attrs["metadata"] == metadata_of("two")
    assert group.attrs["captions"] == captions_of("two")
    assert read_json(corpus.summary)["videos"][3]["title"] == TITLE


def test_the_summary_has_the_facts_of_every_stage(corpus: Corpus) -> None:
    corpus.pack()
    summary = read_json(corpus.summary)
    videos = summary.pop("videos")
    assert summary == {
        "format": "signverse-shard",
        "format_version": 1,
        "shard": "00000",
        "sha256": sha256(corpus.path),
        "bytes": corpus.path.stat().st_size,
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


def test_detections_count_as_with_hand_when_either_hand_was_found(corpus: Corpus) -> None:
    poses = some_poses("two", (1, 1, 1, 1))
    left, right = poses.left_hand_scores.copy(), poses.right_hand_scores.copy()
    left[[0, 1]], right[[0, 2]] = 0, 0  # none, right, left, both
    save(
        corpus.product("poses", "two"),
        dataclasses.replace(poses, left_hand_scores=left, right_hand_scores=right),
    )
    corpus.pack()
    assert read_json(corpus.summary)["videos"][3]["detections_with_hand"] == 3


@pytest.mark.parametrize("counts", [(0, 0, 0), ()], ids=["no persons", "no frames"])
def test_videos_without_detections_are_packed(corpus: Corpus, counts: tuple[int, ...]) -> None:
    save(corpus.product("poses", "two"), some_poses("two", counts))
    corpus.pack()
    group = opened(corpus.path)["videos/00003"]
    assert group["body_keypoints"].shape == (0, 18, 2)
    assert group["frame_times"].shape == (len(counts),)
    facts = read_json(corpus.summary)["videos"][3]
    assert (facts["frames"], facts["detections"], facts["detections_with_hand"]) == (
        len(counts),
        0,
        0,
    )
    np.testing.assert_array_equal(read_poses(group).person_offsets, [0] * (len(counts) + 1))


def test_long_arrays_are_cut_into_chunks_of_a_thousand_frames(corpus: Corpus) -> None:
    save(corpus.product("poses", "two"), some_poses("two", (1,) + (0,) * 1500))
    corpus.pack()
    group = opened(corpus.path)["videos/00003"]
    assert group["frame_times"].chunks == (1000,)
    assert group["face_keypoints"].chunks == (1, 68, 2)
    np.testing.assert_array_equal(group["frame_indices"][...], np.arange(1501))


def test_the_same_products_give_the_same_bytes_elsewhere_and_on_another_day(
    corpus: Corpus, tmp_path: Path
) -> None:
    corpus.pack()
    other = Corpus(tmp_path / "another" / "place")
    for path in other.folder.rglob("*.*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    other.pack()
    assert other.path.read_bytes() == corpus.path.read_bytes()
    assert other.summary.read_bytes() == corpus.summary.read_bytes()
    assert read_json(other.summary)["sha256"] == sha256(corpus.path)


def test_packing_again_gives_the_same_bytes_over_the_old_ones(corpus: Corpus) -> None:
    corpus.pack()
    first = corpus.path.read_bytes()
    corpus.path.write_bytes(b"old")
    corpus.pack()
    assert corpus.path.read_bytes() == first


def test_another_person_gives_other_bytes(corpus: Corpus) -> None:
    corpus.pack()
    first = sha256(corpus.path)
    save(corpus.product("poses", "two"), some_poses("two", (1, 1), seed=2))
    corpus.pack()
    assert sha256(corpus.path) != first
    assert read_json(corpus.summary)["sha256"] == sha256(corpus.path)


def test_members_are_stored_in_order_with_one_date(corpus: Corpus) -> None:
    corpus.pack()
    with zipfile.ZipFile(corpus.path) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    names = [info.filename for info in infos]
    assert names == sorted(set(names))
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    assert {info.external_attr >> 16 for info in infos} == {0o644}
    assert "zarr.json" in names


@pytest.mark.parametrize("video_id", ["one", "two"])
def test_poses_come_back_as_they_were_packed(corpus: Corpus, video_id: str) -> None:
    corpus.pack()
    number = [row["video_id"] for row in ROWS].index(video_id)
    found, expected = (
        read_poses(opened(corpus.path)[f"videos/{number:05d}"]),
        corpus.poses[video_id],
    )
    for item in dataclasses.fields(Poses):
        left, right = getattr(found, item.name), getattr(expected, item.name)
        if isinstance(right, np.ndarray):
            assert left.dtype == right.dtype
            np.testing.assert_array_equal(left, right, item.name)
        else:
            assert (type(left), left) == (type(right), right), item.name


@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [(1, "removed", REMOVED.reason), (2, "excluded", "withdrawn")],
)
def test_reading_the_poses_of_a_tombstone_says_why_there_are_none(
    corpus: Corpus, number: int, status: str, reason: str
) -> None:
    corpus.pack()
    with pytest.raises(VideoError) as caught:
        read_poses(opened(corpus.path)[f"videos/{number:05d}"])
    assert (caught.value.status, caught.value.reason) == (status, reason)


def change_owner(path: Path) -> None:
    if path.suffix == ".json":
        write_json(path, read_json(path) | {"video_id": "stranger"})
    else:
        save(path, some_poses("stranger", (1,)))


def tombstone_of_another(path: Path) -> None:
    if path.suffix == ".json":
        write_json(path, {"video_id": "stranger", "status": "removed", "reason": "x"})
    else:
        save_tombstone(path, "stranger", REMOVED)


@pytest.mark.parametrize("spoil", [change_owner, tombstone_of_another])
@pytest.mark.parametrize("kind", ["metadata", "captions", "poses"])
def test_a_product_of_another_video_is_refused(
    corpus: Corpus, kind: str, spoil: Callable[[Path], None]
) -> None:
    path = corpus.product(kind, "two")
    spoil(path)
    with pytest.raises(InputError) as caught:
        corpus.pack()
    assert str(caught.value) == f"{path}: belongs to video 'stranger', expected 'two'"
    assert corpus.left() == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b"\xff\xfe" + path.read_bytes()),
        lambda path: path.write_text("no product"),
        lambda path: path.write_text("[]"),
        lambda path: path.write_text("{}"),
        lambda path: path.write_text('{"video_id": "two"}'),
    ],
    ids=["missing", "empty", "cut", "not utf-8", "text", "list", "no fields", "no status"],
)
@pytest.mark.parametrize("kind", ["metadata", "captions", "poses"])
def test_a_damaged_product_is_refused_by_its_name_and_leaves_nothing(
    corpus: Corpus, kind: str, spoil: Callable[[Path], None]
) -> None:
    path = corpus.product(kind, "two")
    spoil(path)
    with pytest.raises(InputError) as caught:
        corpus.pack()
    assert str(caught.value).startswith(f"{path}: ")
    assert corpus.left() == []


def test_a_refusal_leaves_the_old_shard_and_its_summary(corpus: Corpus) -> None:
    corpus.pack()
    before = corpus.path.read_bytes(), corpus.summary.read_bytes()
    corpus.product("captions", "one").write_text("{")
    with pytest.raises(InputError):
        corpus.pack()
    assert (corpus.path.read_bytes(), corpus.summary.read_bytes()) == before
    assert corpus.left() == ["00000.json", "00000.zarr.zip"]


def test_a_killed_packing_leaves_no_shard_and_the_next_one_cleans_up(corpus: Corpus) -> None:
    captions = corpus.product("captions", "two")
    captions.unlink()
    os.mkfifo(captions)  # whoever reads it waits
    job = {
        "rows": ROWS,
        "files": [dataclasses.asdict(corpus.files(name)) for name in ("one", "gone", "two")],
        "path": str(corpus.path),
        "summary": str(corpus.summary),
    }
    code = (
        "import json, sys; from signverse.shards import VideoFiles, pack_shard; "
        "job = json.loads(sys.argv[1]); "
        "pack_shard('00000', job['rows'], [VideoFiles(**f) for f in job['files']], "
        "path=job['path'], summary=job['summary'])"
    )
    process = subprocess.Popen([sys.executable, "-c", code, json.dumps(job)])
    with captions.open("wb"):  # returns when the process has come to read it
        process.kill()
        process.wait()
    left = corpus.left()
    assert left
    assert all(name.startswith(".tmp.") for name in left)
    captions.unlink()
    write_json(captions, captions_of("two"))
    corpus.pack()
    assert corpus.left() == ["00000.json", "00000.zarr.zip"]
    assert opened(corpus.path).attrs["video_ids"] == ["one", "gone", "out", "two"]


def test_a_shard_of_excluded_videos_only_is_packed(corpus: Corpus) -> None:
    rows = [row | {"excluded": "withdrawn"} for row in ROWS]
    corpus.pack(rows)
    assert {video["status"] for video in read_json(corpus.summary)["videos"]} == {"excluded"}
    assert sorted(opened(corpus.path)["videos"].group_keys()) == [f"0000{n}" for n in range(4)]
