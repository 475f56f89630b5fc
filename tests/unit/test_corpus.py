"""A corpus as people use it."""

import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packed_products import REMOVED, Products, captions_of, metadata_of, some_poses

import signverse
from signverse.corpus import Corpus, open_corpus
from signverse.errors import InputError, VideoError
from signverse.files import read_json, write_json
from signverse.poses import save

FRAMES = 240  # 10 s at 24 frames/s, one person but in the first second
SEGMENTS = [
    {"start_sec": 0.5, "end_sec": 2.0, "text": "hello"},
    {"start_sec": 9.0, "end_sec": 12.0, "text": "bye"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one shard; video `two` is long and has English captions."""
    products = Products(tmp_path_factory.mktemp("corpus"))
    poses = some_poses("two", (0,) * 24 + (1,) * (FRAMES - 24))
    save(products.product("poses", "two"), poses)
    track = {"language": "en-GB", "kind": "manual", "segments": SEGMENTS}
    preferred = {"english": {"track": 1}, "spoken": {"track": None}}
    captions = read_json(products.product("captions", "two"))
    captions |= {"tracks": [captions["tracks"][1], track], "preferred": preferred}
    write_json(products.product("captions", "two"), captions)
    products.pack()
    return products.folder


@pytest.fixture
def corpus(folder: Path) -> Corpus:
    return open_corpus(folder)


def test_a_corpus_is_opened_by_the_name_of_the_package(folder: Path) -> None:
    assert list(signverse.open_corpus(folder)) == ["one", "gone", "out", "two"]
    assert list(signverse.open_corpus(str(folder / "00000.zarr.zip"))) == list(open_corpus(folder))


def test_videos_and_languages_are_told(corpus: Corpus) -> None:
    assert len(corpus) == 4
    assert corpus.languages == {"gsg": 1, "jsl": 1}
    video = corpus["one"]
    assert (video.video_id, video.sign_language, video.fps) == ("one", "gsg", 24.0)
    assert video.metadata == metadata_of("one")
    assert video.captions == captions_of("one")
    with pytest.raises(KeyError):
        corpus["stranger"]


@pytest.mark.parametrize(
    ("window", "frames"),
    [
        (slice(0, 5), range(5)),
        (slice(-5, None), range(235, 240)),
        (slice(None), range(240)),
        (slice(0.0, 1.0), range(24)),
        (slice(1.0, 1.5), range(24, 36)),
        (slice(1.01, 1.5), range(25, 36)),
        (slice(100 / 24, 101 / 24), range(100, 101)),
        (slice(9.5, 99.0), range(228, 240)),
        (slice(-3.0, 0.1), range(3)),
        (slice(np.int64(3), 0.25), range(3, 6)),
        (slice(5.0, 4.0), range(0)),
    ],
)
def test_a_window_is_cut_in_seconds_or_in_frames(
    corpus: Corpus, window: Any, frames: range
) -> None:
    poses = corpus["two"].poses[window]
    assert poses.frame_indices.tolist() == list(frames)
    assert len(poses.bboxes) == poses.person_offsets[-1] == sum(t >= 24 for t in frames)
    assert poses.face_keypoints.dtype == np.float32


@pytest.mark.parametrize("wrong", [3, slice(0, 10, 2)])
def test_what_is_no_window_is_refused(corpus: Corpus, wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"poses\[start:stop\], in seconds"):
        corpus["two"].poses[wrong]


def test_a_video_without_poses_says_why(corpus: Corpus) -> None:
    with pytest.raises(VideoError) as caught:
        corpus["gone"].poses  # noqa: B018
    assert (caught.value.status, caught.value.reason) == (REMOVED.status, REMOVED.reason)
    assert corpus["out"].metadata is None


def test_clips_come_with_their_text_and_poses(corpus: Corpus) -> None:
    clips = list(corpus.clips())
    assert [(c.video.video_id, c.text, c.language, c.kind) for c in clips] == [
        ("two", "hello", "en-GB", "manual"),
        ("two", "bye", "en-GB", "manual"),
    ]
    assert clips[0].poses.frame_indices.tolist() == list(range(12, 48))
    assert clips[1].poses.frame_indices.tolist() == list(range(216, 240))
    assert list(corpus.clips("spoken")) == []


def read_clip(clip: Any) -> float:
    return float(clip.poses.face_keypoints.sum())


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_clips_are_read_in_other_processes_at_the_same_time(corpus: Corpus, method: str) -> None:
    clips = list(corpus.clips()) * 20
    expected = [read_clip(clip) for clip in clips]
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(read_clip, clips, chunksize=1) == expected


def test_a_forked_process_reads_what_was_open_before(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = next(corpus.clips())
    expected = read_clip(clip)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    workers = [
        context.Process(target=lambda: queue.put([read_clip(clip) for _ in range(20)]))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    assert [queue.get(), queue.get()] == [[expected] * 20] * 2
    for worker in workers:
        worker.join()


def test_a_folder_without_shards_and_a_video_that_is_there_twice_are_refused(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"holds no shards"):
        open_corpus(tmp_path)
    for name in ("00000.zarr.zip", "00001.zarr.zip"):
        (tmp_path / name).symlink_to(folder / "00000.zarr.zip")
    with pytest.raises(InputError, match=r"00001\.zarr\.zip: video 'one' is there twice"):
        open_corpus(tmp_path)
