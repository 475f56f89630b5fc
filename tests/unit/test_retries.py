from pathlib import Path

import pytest
from pretended_corpus import STAGES, PretendedCorpus, plan_of

from signverse.errors import InputError
from signverse.retries import check_reasons, check_unlocked, find_lost, remove_lost

METADATA = ("metadata.json", "subtitles.json", "download.json", "captions.json")
POSES = ("video.json", "poses.npz", "preview.mp4", "preview.png")
PLAN = plan_of(["good", "-gone", "broken", "new"])


@pytest.fixture
def corpus(tmp_path: Path) -> PretendedCorpus:
    """Two shards of two: one video removed in the first, one undecodable in the second."""
    corpus = PretendedCorpus(tmp_path)
    corpus.healthy("good", *STAGES)
    corpus.lost("-gone", "fetch_metadata", "removed")
    corpus.lost("broken", "fetch_video", "undecodable")
    corpus.packed("00000")
    corpus.packed("00001")
    return corpus


def found(corpus: PretendedCorpus, *reasons: str) -> dict[str, tuple[str, ...]]:
    lost = find_lost(corpus.root / "results", PLAN, reasons)
    return {video.video_id: tuple(path.name for path in video.files) for video in lost}


def test_a_video_that_the_platform_lost_loses_all_its_products(corpus: PretendedCorpus) -> None:
    assert found(corpus, "removed") == {"-gone": METADATA + POSES}


def test_a_video_that_does_not_decode_keeps_its_metadata(corpus: PretendedCorpus) -> None:
    assert found(corpus, "undecodable") == {"broken": POSES}


def test_what_an_interrupted_download_left_goes_too(corpus: PretendedCorpus) -> None:
    part = corpus.folder("broken") / "video.mp4.parts" / "part"
    part.parent.mkdir()
    part.write_text("half")
    lost = list(find_lost(corpus.root / "results", PLAN, ["undecodable"]))
    remove_lost(corpus.root / "results", lost)
    assert not part.parent.exists()


def test_several_reasons_are_looked_for_together(corpus: PretendedCorpus) -> None:
    assert found(corpus, "removed", "undecodable", "private").keys() == {"-gone", "broken"}
    assert found(corpus, "private") == {}


def test_an_excluded_video_is_not_tried_again(corpus: PretendedCorpus) -> None:
    plan = plan_of(list(PLAN.entries), excluded={"-gone": "asked to (2026-01-31)"})
    assert list(find_lost(corpus.root / "results", plan, ["removed"])) == []


def test_just_the_files_of_the_lost_and_the_summary_of_their_shard_are_removed(
    corpus: PretendedCorpus,
) -> None:
    before = corpus.files()
    lost = list(find_lost(corpus.root / "results", PLAN, ["removed"]))
    assert corpus.files() == before
    remove_lost(corpus.root / "results", lost)
    gone = {f"videos/-gone/{name}" for name in METADATA + POSES}
    assert before - corpus.files() == gone | {"shards/00000.json"}
    assert found(corpus, "removed") == {}


def test_a_class_that_no_tombstone_has_is_refused_with_those_there_are() -> None:
    check_reasons(["private", "geo_blocked"])
    for unknown in ("rate_limited", "excluded", "ok", "Private"):
        with pytest.raises(InputError, match=rf"^reason: found '{unknown}'; allowed: private, "):
            check_reasons(["private", unknown])


def test_a_lock_of_snakemake_is_respected_and_its_empty_folder_is_none(tmp_path: Path) -> None:
    check_unlocked(tmp_path / "none")
    check_unlocked(tmp_path)
    (tmp_path / "0.output.lock").write_text("results/videos/a/poses.npz\n")
    with pytest.raises(InputError, match=r"a Snakemake run holds .* `snakemake --unlock` first"):
        check_unlocked(tmp_path)
