"""Progress as a person reads it: a table in place on a terminal, single lines elsewhere."""

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from signverse.progress import Progress, StageProgress

HEAD = ("stage", "ok", "lost", "failed", "waiting", "per hour", "time left")


def table(progress: Progress) -> str:
    """All stages with their counts, throughput and time left, and the classes of the losses."""
    rows = [HEAD, *(_cells(name, stage) for name, stage in progress.stages.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [_corpus(progress), ""]
    for name, *numbers in rows:
        cells = (text.rjust(width) for text, width in zip(numbers, widths[1:], strict=True))
        lines.append("  ".join([name.ljust(widths[0]), *cells]))
    lines += ["", *_losses(progress), *_failures(progress), *_pause(progress), _outlook(progress)]
    return "\n".join(lines)


def line(progress: Progress) -> str:
    """One plain line with the time of day, for logs."""
    counts = (
        f"{name} {stage.ok + stage.lost.total():,}/"
        f"{stage.ok + stage.lost.total() + stage.unfinished:,}"
        for name, stage in progress.stages.items()
    )
    failed = sum(stage.failed.total() for stage in progress.stages.values())
    now = datetime.now().isoformat(" ", "seconds")
    return " ".join(
        [now, f"{', '.join(counts)}, failed {failed:,}.", *_pause(progress), _outlook(progress)]
    )


def watch(read: Callable[[], Progress], every_sec: float) -> None:
    """Show progress every so many seconds until nothing is left to do or Ctrl-C is pressed."""
    height = 0
    try:
        while True:
            progress = read()
            if sys.stdout.isatty():
                height = _redraw(table(progress), height)
            else:
                print(line(progress), flush=True)
            if progress.finished:
                return
            time.sleep(every_sec)
    except KeyboardInterrupt:
        return


def _redraw(text: str, height: int) -> int:
    """Write `text` over the `height` lines written before; return its own height."""
    columns, rows = shutil.get_terminal_size()
    lines = [row[: columns - 1] for row in text.splitlines()][: rows - 1]  # none may wrap
    up = f"\x1b[{height}F\x1b[J" if height else ""
    print(up + "\n".join(lines), flush=True)
    return len(lines)


def _corpus(progress: Progress) -> str:
    text = f"Videos: {progress.videos:,}. Shards: {progress.shards:,}."
    if progress.excluded:
        text += f" Excluded: {progress.excluded:,}"
        on_disk = f", on disk until the next run: {progress.excluded_on_disk:,}"
        text += f"{on_disk if progress.excluded_on_disk else ''}."
    return text


def _cells(name: str, stage: StageProgress) -> tuple[str, ...]:
    counts = (stage.ok, stage.lost.total(), stage.failed.total(), stage.waiting)
    per_hour = "unknown" if stage.per_hour is None else f"{stage.per_hour:,.0f}"
    return (name, *(f"{count:,}" for count in counts), per_hour, _duration(stage.hours_left))


def _duration(hours: float | None) -> str:
    if hours is None:
        return "unknown"
    if hours == 0:
        return "-"
    minutes = max(1, round(hours * 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


def _losses(progress: Progress) -> list[str]:
    """Each class of loss once: a stage passes on what the one before it lost."""
    lines, before = [], {}  # type: list[str], Mapping[str, int]
    for name in ("fetch_metadata", "fetch_video"):
        lost = progress.stages[name].lost
        own = {status: count - before.get(status, 0) for status, count in lost.items()}
        if any(own.values()):
            lines.append(f"Lost at {name}: {_counts(own)}")
        before = lost
    return lines


def _failures(progress: Progress) -> list[str]:
    return [
        f"Failed at {name}, to be tried again: {_counts(stage.failed)}; see {stage.failed_log}"
        for name, stage in progress.stages.items()
        if stage.failed_log
    ]


def _pause(progress: Progress) -> list[str]:
    if progress.pause is None:
        return []
    return [f"For {_duration(progress.pause.seconds / 3600)} more {progress.pause.why}."]


def _counts(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{status} {count:,}" for status, count in ordered if count)


def _outlook(progress: Progress) -> str:
    if progress.finished:
        return "Nothing is left to do."
    if not any(stage.unfinished for stage in progress.stages.values()):
        return "Only the files of excluded videos are left to remove."
    if progress.slowest is None:
        return "Time left: unknown, for too little was finished in the last hour."
    hours = progress.stages[progress.slowest].hours_left
    unknown = progress.unknown_left
    more = f"; nothing can be said of {', '.join(unknown)}" if unknown else ""
    least = "at least " if unknown else "about "
    left = f"{least}{_duration(hours)} ({progress.slowest})"
    return f"Time left at the pace of the last hour: {left}{more}."
