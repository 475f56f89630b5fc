import dataclasses
import os
import time
from pathlib import Path
from typing import Any

import pytest
from pretended_corpus import STAGES, PretendedCorpus, plan_of

from signverse.files import write_json
from signverse.progress import Progress, StageProgress, last_fault, read_progress
from signverse.traffic.state import TrafficState

NOW = 1_800_000_000.0
STAMP = "2026-11-22 15:16:34,312"
PLAN = plan_of(["good", "-gone", "broken", "new"])


@pytest.fixture
def corpus(tmp_path: Path) -> PretendedCorpus:
    return PretendedCorpus(tmp_path)


def progress_of(corpus: PretendedCorpus, plan: Any = PLAN, **config: Any) -> Progress:
    return read_progress(plan, corpus.config | config, NOW)


def counts(stage: StageProgress) -> tuple[int, dict[str, int], dict[str, int], int]:
    return stage.ok, dict(stage.lost), dict(stage.failed), stage.waiting


def test_before_the_first_run_everything_waits(corpus: PretendedCorpus) -> None:
    progress = progress_of(corpus)
    assert (progress.videos, progress.shards, progress.excluded) == (4, 2, 0)
    assert {n: s.waiting for n, s in progress.stages.items()} == {
        **dict.fromkeys(STAGES[:4], 4),
        "render_preview": 0,
        "pack_shard": 2,
    }
    assert not progress.finished


def test_each_stage_counts_its_videos_by_what_stands_on_disk(corpus: PretendedCorpus) -> None:
    corpus.healthy("good", *STAGES)
    corpus.lost("-gone", "fetch_metadata", "removed")
    corpus.lost("broken", "fetch_video", "undecodable")
    corpus.healthy("new", "fetch_metadata")
    stages = progress_of(corpus).stages
    assert counts(stages["fetch_metadata"]) == (3, {"removed": 1}, {}, 0)
    assert counts(stages["structure_captions"]) == (2, {"removed": 1}, {}, 1)
    both = {"removed": 1, "undecodable": 1}
    assert counts(stages["fetch_video"]) == (1, both, {}, 1)
    assert counts(stages["estimate_poses"]) == (1, both, {}, 1)
    assert counts(stages["pack_shard"]) == (0, {}, {}, 2)


def test_previews_are_counted_of_the_sample_only(corpus: PretendedCorpus) -> None:
    corpus.healthy("good", *STAGES)
    stages = progress_of(corpus, render_preview={"every": 2}).stages
    assert counts(stages["render_preview"]) == (1, {}, {}, 1)


def test_a_failed_job_is_told_by_its_log_and_missing_product(corpus: PretendedCorpus) -> None:
    for video, word in (("good", "network: x"), ("-gone", "rate_limited: x"), ("new", "GPU gone")):
        corpus.log("fetch_metadata", video, f"{STAMP} ERROR {word}\n")
    corpus.healthy("good", "fetch_metadata")
    stage = progress_of(corpus).stages["fetch_metadata"]
    assert counts(stage) == (1, {}, {"rate_limited": 1, "unknown": 1}, 1)
    assert stage.failed_log == str(corpus.root / "logs/fetch_metadata/new.log")


def test_a_shard_that_fails_is_counted(corpus: PretendedCorpus) -> None:
    corpus.log("pack_shard", "00001", f"{STAMP} ERROR disk_full: no space left\n")
    assert counts(progress_of(corpus).stages["pack_shard"]) == (0, {}, {"disk_full": 1}, 1)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", None),
        (f"{STAMP} INFO at work\n", None),
        (f"{STAMP} ERROR network: a\n{STAMP} WARNING removed: b\n", None),
        (f"{STAMP} ERROR ERROR: [generic] a: HTTP Error 404\n", None),  # the downloader's word
        (f"{STAMP} ERROR network: timed out\n", "network"),
        (f"{STAMP} ERROR bot_check: confirm you’re not a bot\nnative noise\n", "bot_check"),
        (f"{STAMP} ERROR Traceback (most recent call last):\n  File\nOSError: x\n", "unknown"),
        (f"{STAMP} ERROR removed: of the video, so no fault of the world\n", "unknown"),
        ("x" * 100_000 + f"\n{STAMP} ERROR disk_full: x\n", "disk_full"),
    ],
)
def test_the_class_of_a_failure_is_read_from_the_end_of_the_log(
    corpus: PretendedCorpus, text: str, fault: str | None
) -> None:
    assert last_fault(corpus.log("fetch_video", "a", text)) == fault


def test_a_log_that_vanishes_meanwhile_is_no_failure(tmp_path: Path) -> None:
    assert last_fault(tmp_path / "none.log") is None


def test_throughput_is_that_of_the_last_hour_and_gives_the_time_left(
    corpus: PretendedCorpus,
) -> None:
    ids = [f"v{number}" for number in range(20)]
    for number in range(7):  # two hours ago, then one every ten minutes, the last just now
        age = 7200 if number == 0 else (6 - number) * 600
        corpus.healthy(ids[number], "fetch_metadata", time=NOW - age)
    stage = progress_of(corpus, plan_of(ids)).stages["fetch_metadata"]
    assert stage.per_hour == pytest.approx(6.0)
    assert stage.hours_left == pytest.approx(13 / 6)


@pytest.mark.parametrize("ages", [[], [10.0], [4000.0, 5000.0, 3601.0], [-500.0, -600.0]])
def test_nothing_is_said_of_a_pace_that_nobody_has_seen(
    corpus: PretendedCorpus, ages: list[float]
) -> None:
    for video, age in zip(PLAN.entries, ages, strict=False):
        corpus.healthy(video, "fetch_metadata", time=NOW - age)
    progress = progress_of(corpus)
    stage = progress.stages["fetch_metadata"]
    assert stage.per_hour is None
    assert stage.hours_left is None
    assert progress.slowest is None


def test_a_stage_with_nothing_left_takes_no_time(corpus: PretendedCorpus) -> None:
    for video in PLAN.entries:
        corpus.healthy(video, "fetch_metadata", time=NOW - 9000)
    assert progress_of(corpus).stages["fetch_metadata"].hours_left == 0.0


def test_the_slowest_stage_is_named_and_those_that_nothing_can_be_said_of() -> None:
    stages = {
        "fast": StageProgress(waiting=1, per_hour=1.0, hours_left=1.0),
        "slow": StageProgress(waiting=9, per_hour=1.0, hours_left=9.0),
        "unseen": StageProgress(waiting=1),
        "done": StageProgress(ok=5, hours_left=0.0),
    }
    progress = Progress(9, 0, 0, 1, stages)
    assert progress.slowest == "slow"
    assert progress.unknown_left == ["unseen"]
    assert not progress.finished


def finished(corpus: PretendedCorpus) -> None:
    for video in PLAN.entries:
        corpus.healthy(video, *STAGES, time=NOW - 100)
    for shard in PLAN.shards:
        corpus.packed(shard, NOW - 50)


def test_a_finished_corpus_has_nothing_left_to_do(corpus: PretendedCorpus) -> None:
    finished(corpus)
    progress = progress_of(corpus)
    assert progress.finished
    assert counts(progress.stages["pack_shard"]) == (2, {}, {}, 0)


def test_a_shard_waits_when_a_product_is_newer_or_missing_or_its_summary_is_gone(
    corpus: PretendedCorpus,
) -> None:
    finished(corpus)
    poses = corpus.folder("new") / "poses.npz"
    os.utime(poses, (NOW, NOW))
    assert progress_of(corpus).stages["pack_shard"].waiting == 1
    poses.unlink()
    assert progress_of(corpus).stages["pack_shard"].waiting == 1
    (corpus.root / "results/shards/00000.json").unlink()
    assert progress_of(corpus).stages["pack_shard"].waiting == 2


def test_excluded_videos_are_counted_apart(corpus: PretendedCorpus) -> None:
    finished(corpus)
    plan = plan_of(list(PLAN.entries), excluded={"good": "asked to", "-gone": "asked to"})
    (corpus.folder("-gone") / "poses.npz").unlink()
    progress = progress_of(corpus, plan)
    assert (progress.videos, progress.excluded, progress.excluded_on_disk) == (2, 2, 2)
    assert counts(progress.stages["estimate_poses"]) == (2, {}, {}, 0)
    assert counts(progress.stages["pack_shard"]) == (2, {}, {}, 0)


@pytest.mark.parametrize(
    ("select", "videos", "shards"),
    [
        ({"videos": ["good"], "shards": []}, 1, 0),
        ({"videos": [], "shards": ["00001"]}, 2, 1),
        ({"videos": ["good", "new"], "shards": ["00001"]}, 3, 1),
    ],
)
def test_a_selection_is_counted_alone(
    corpus: PretendedCorpus, select: dict[str, list[str]], videos: int, shards: int
) -> None:
    progress = progress_of(corpus, select=select)
    assert (progress.videos, progress.shards) == (videos, shards)
    assert progress.stages["fetch_metadata"].waiting == videos
    assert progress.stages["pack_shard"].waiting == shards


def test_a_common_pause_of_all_fetching_is_part_of_the_progress(corpus: PretendedCorpus) -> None:
    assert progress_of(corpus).document()["pause"] is None
    folder = corpus.root / "results" / ".traffic"
    now = time.time()
    state = TrafficState(written_at=now, paused_until=now + 60, pause_reason="bot_check: no")
    write_json(folder / "state.json", dataclasses.asdict(state))
    pause = progress_of(corpus).document()["pause"]
    assert 50 < pause["seconds"] <= 60
    assert pause["why"] == "all fetching pauses (bot_check: no)"
