"""Progress: how far the corpus is, told by what stands on disk, whether or not a run goes on."""

import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from signverse.inspection import Standing, inspect_video
from signverse.outcomes import UNKNOWN, WORLD_FAULTS
from signverse.plan import Plan
from signverse.products import PRODUCTS, video_folder
from signverse.traffic import Wait, common_pause

SHARD_STAGE = "pack_shard"
PACKED = ("fetch_metadata", "structure_captions", "estimate_poses")  # what a shard is made from
RECENT_SEC = 3600.0  # throughput is that of the last hour
LOG_TAIL_BYTES = 16384
LOG_RECORD = re.compile(rb"^[\d-]{10} [\d:,]{12} ([A-Z]+) (.*)$", re.MULTILINE)


@dataclass(slots=True)
class StageProgress:
    """How many videos, or shards, stand where in one stage.

    ok: with a product; lost: by class of the video's fault, here or before; failed: by class of
    the world's fault, to be tried again; waiting: all others, also those at work just now.
    failed_log: the log of one failed job. per_hour: finished ones, None when fewer than two
    ended in the last hour. hours_left: None where nothing can be said.
    """

    ok: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    failed_log: str | None = None
    waiting: int = 0
    per_hour: float | None = None
    hours_left: float | None = None

    @property
    def unfinished(self) -> int:
        """Those that wait and those that failed."""
        return self.waiting + self.failed.total()


@dataclass(frozen=True, slots=True)
class Progress:
    """The whole: numbers of videos and shards, and how far each stage is.

    excluded_on_disk: excluded videos whose files the next run will remove. pause: why and how long
    all fetching still pauses; None when it does not.
    """

    videos: int
    excluded: int
    excluded_on_disk: int
    shards: int
    stages: Mapping[str, StageProgress]
    pause: Wait | None = None

    @property
    def slowest(self) -> str | None:
        """The stage that needs the most time of those that can be estimated."""
        known = {n: s.hours_left for n, s in self.stages.items() if s.hours_left}
        return max(known, key=lambda name: known[name] or 0, default=None)

    @property
    def unknown_left(self) -> list[str]:
        """Stages with work to do whose time left cannot be estimated."""
        return [n for n, s in self.stages.items() if s.unfinished and s.hours_left is None]

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        unfinished = any(stage.unfinished for stage in self.stages.values())
        return not unfinished and not self.excluded_on_disk

    def document(self) -> dict[str, Any]:
        """All of it as plain values, for JSON."""
        stages = {
            name: {item.name: getattr(stage, item.name) for item in fields(stage)}
            for name, stage in self.stages.items()
        }
        numbers = {item.name: getattr(self, item.name) for item in fields(self)}
        numbers["pause"] = self.pause and {"seconds": self.pause.seconds, "why": self.pause.why}
        outlook = {"slowest": self.slowest, "finished": self.finished}
        return numbers | {"stages": stages} | outlook


def read_progress(plan: Plan, config: Mapping[str, Any], now: float | None = None) -> Progress:
    """Look at the results and logs of the selected part of the corpus, or of all of it.

    Reads names, sizes and times, tombstones, and the ends of the logs of jobs that have a log but
    no product. What a changed setting or module would rerun is not seen: `snakemake -n` tells.
    """
    now = time.time() if now is None else now
    results, logs = Path(config["results"]), Path(config["logs"])
    videos, shards = _selection(plan, config["select"])
    stages = {name: _Tally(logs / name) for name in (*PRODUCTS, SHARD_STAGE)}
    previewed = plan.sampled(config["render_preview"]["every"])
    for shard in plan.shards:
        newest = 0.0
        for video in plan.active(shard):
            if video not in videos and shard not in shards:
                continue
            found = inspect_video(video_folder(results, video))
            newest = max(newest, *(found.times.get(name, math.inf) for name in PACKED))
            for stage in PRODUCTS:
                if stage != "render_preview" or video in previewed:
                    stages[stage].add(video, found.times.get(stage), _status(stage, found))
        if shard in shards:
            packed = _packed(results, shard)
            current = packed is not None and packed >= newest
            stages[SHARD_STAGE].add(shard, packed if current else None, None)
    on_disk = sum(video_folder(results, video).exists() for video in plan.excluded)
    return Progress(
        videos=len(videos),
        excluded=len(plan.excluded),
        excluded_on_disk=on_disk,
        shards=len(shards),
        stages={name: tally.progress(now) for name, tally in stages.items()},
        pause=common_pause(results),
    )


def _selection(plan: Plan, select: Mapping[str, Iterable[str]]) -> tuple[set[str], set[str]]:
    """The videos and shards that a run builds: those selected, else all."""
    videos, shards = set(select["videos"]), set(select["shards"])
    if not videos and not shards:
        shards = set(plan.shards)
    return videos.union(*(plan.active(shard) for shard in shards)), shards


def _status(stage: str, found: Standing) -> str | None:
    """The class of the loss that a stage's product stands for; None for a healthy product."""
    order = list(PRODUCTS)
    passed_on = found.loss and order.index(found.loss.stage) <= order.index(stage)
    return found.loss.status if found.loss and passed_on else None


def _packed(results: Path, shard: str) -> float | None:
    """When a shard was packed; None when its file or its summary is not there."""
    paths = [results / "shards" / f"{shard}{ending}" for ending in (".zarr.zip", ".json")]
    try:
        return min(path.stat().st_mtime for path in paths)
    except FileNotFoundError:
        return None


class _Tally:
    """Counts one stage while the videos go by."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.logged = {path.name for path in logs.iterdir()} if logs.is_dir() else set()
        self.counts = StageProgress()
        self.times: list[float] = []

    def add(self, name: str, finished: float | None, lost: str | None) -> None:
        """Count a video or shard: when its product was made, and the class of its loss."""
        if finished is None:
            fault = self._fault(f"{name}.log")
            if fault is None:
                self.counts.waiting += 1
            else:
                self.counts.failed[fault] += 1
                self.counts.failed_log = str(self.logs / f"{name}.log")
            return
        self.times.append(finished)
        if lost is None:
            self.counts.ok += 1
        else:
            self.counts.lost[lost] += 1

    def _fault(self, log: str) -> str | None:
        return last_fault(self.logs / log) if log in self.logged else None

    def progress(self, now: float) -> StageProgress:
        """The counts, with throughput and time left."""
        counts = self.counts
        recent = [moment for moment in self.times if now - RECENT_SEC <= moment <= now]
        if len(recent) > 1 and now > min(recent):
            # The first one only starts the clock: when its job began is not known.
            counts.per_hour = (len(recent) - 1) / (now - min(recent)) * 3600
        if not counts.unfinished:
            counts.hours_left = 0.0
        elif counts.per_hour:
            counts.hours_left = counts.unfinished / counts.per_hour
        return counts


def last_fault(log: Path) -> str | None:
    """The class of the world's fault that a job's log ends with; None when it ends otherwise.

    A job ends its log with an error when it fails (signverse.logs). One that is at work, was
    killed, or made a product does not; what begins with ERROR again is the downloader's word.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
            records = LOG_RECORD.findall(file.read())
    except FileNotFoundError:
        return None
    level, message = records[-1] if records else (b"", b"")
    if level != b"ERROR" or message.startswith(b"ERROR:"):
        return None
    status = message.partition(b":")[0].decode(errors="replace")
    return status if status in WORLD_FAULTS else UNKNOWN
