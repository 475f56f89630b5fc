from pathlib import Path

import pytest
from pretended_corpus import STAGES, PretendedCorpus

from signverse.errors import InputError, VideoError
from signverse.files import write_json
from signverse.inspection import TOMBSTONE_BYTES, inspect_video
from signverse.outcomes import one_line, tombstone
from signverse.poses import PosesBuilder, save, save_tombstone

# The longest id, class and reason; four bytes to a character, in UTF-8 and in the arrays of numpy.
LONGEST = VideoError("no_video_stream", one_line("🤟" * 400))


@pytest.fixture
def corpus(tmp_path: Path) -> PretendedCorpus:
    return PretendedCorpus(tmp_path)


def test_nothing_stands_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    found = inspect_video(tmp_path / "none")
    assert found.times == {}
    assert found.loss is None


def test_finished_stages_are_those_whose_products_are_there(corpus: PretendedCorpus) -> None:
    corpus.healthy("a", "fetch_metadata", "structure_captions", "fetch_video", time=1000.0)
    found = inspect_video(corpus.folder("a"))
    assert found.times == dict.fromkeys(STAGES[:3], 1000.0)
    assert found.loss is None


def test_a_stage_with_a_missing_product_is_not_finished(corpus: PretendedCorpus) -> None:
    corpus.healthy("a", "fetch_metadata", "render_preview")
    (corpus.folder("a") / "subtitles.json").unlink()
    (corpus.folder("a") / "preview.png").unlink()
    assert inspect_video(corpus.folder("a")).times == {}


def test_a_raw_video_that_was_used_counts_as_fetched(corpus: PretendedCorpus) -> None:
    corpus.healthy("a", "fetch_metadata", "fetch_video", time=1000.0)
    assert not (corpus.folder("a") / "video.mp4").exists()
    assert inspect_video(corpus.folder("a")).times["fetch_video"] == 1000.0


@pytest.mark.parametrize(
    ("stage", "status"), [("fetch_metadata", "private"), ("fetch_video", "undecodable")]
)
def test_a_loss_is_told_by_the_stage_where_it_happened(
    corpus: PretendedCorpus, stage: str, status: str
) -> None:
    corpus.lost("a", stage, status)
    loss = inspect_video(corpus.folder("a")).loss
    assert loss
    assert (loss.stage, loss.status) == (stage, status)
    tombstone_name = {"fetch_metadata": "metadata.json", "fetch_video": "video.json"}[stage]
    assert loss.time == (corpus.folder("a") / tombstone_name).stat().st_mtime


def test_poses_of_which_nothing_decoded_are_a_loss_of_the_file(corpus: PretendedCorpus) -> None:
    corpus.healthy("a", "fetch_metadata", "fetch_video")
    save_tombstone(corpus.folder("a") / "poses.npz", "a", LONGEST)
    loss = inspect_video(corpus.folder("a")).loss
    assert loss
    assert (loss.stage, loss.status) == ("fetch_video", "no_video_stream")


def test_the_largest_tombstone_is_smaller_than_the_bound(tmp_path: Path) -> None:
    video = "A" * 128
    write_json(tmp_path / "metadata.json", tombstone(video, LONGEST))
    save_tombstone(tmp_path / "poses.npz", video, LONGEST)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert 1200 < max(sizes) < TOMBSTONE_BYTES


def test_the_smallest_healthy_poses_are_larger_than_the_bound(tmp_path: Path) -> None:
    facts = {"frame_width": 1, "frame_height": 1, "lost_frames": 0, "fps": 24.0, "estimator": {}}
    poses = PosesBuilder().build(video_id="a", **facts)
    save(tmp_path / "poses.npz", poses)
    assert (tmp_path / "poses.npz").stat().st_size > TOMBSTONE_BYTES


def test_a_damaged_product_is_named(corpus: PretendedCorpus) -> None:
    corpus.healthy("a", "fetch_metadata")
    (corpus.folder("a") / "metadata.json").write_text("{")
    with pytest.raises(InputError, match=r"a/metadata\.json: cannot be read as JSON"):
        inspect_video(corpus.folder("a"))


def test_large_files_are_not_opened(corpus: PretendedCorpus) -> None:
    corpus.healthy("a", *STAGES)
    for name in ("metadata.json", "poses.npz"):
        (corpus.folder("a") / name).write_bytes(b"{" * TOMBSTONE_BYTES)
    assert inspect_video(corpus.folder("a")).loss is None


def test_a_file_that_vanishes_meanwhile_is_no_error(corpus: PretendedCorpus) -> None:
    corpus.folder("a").mkdir(parents=True)
    (corpus.folder("a") / "metadata.json").symlink_to("gone")
    assert inspect_video(corpus.folder("a")).times == {}
