"""Retries: tombstones that are removed by the class of their loss, to be tried once more."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from signverse.errors import InputError
from signverse.inspection import inspect_video
from signverse.outcomes import EXCLUDED, VIDEO_FAULTS
from signverse.plan import Plan
from signverse.products import PRODUCTS, video_folder

LOCKS = Path(".snakemake") / "locks"  # Snakemake's own, in its working directory
# What may lie about beside the products that stay: the raw video, and what an interrupted
# download goes on from, which may be what does not decode.
TEMPORARY = {"fetch_video": ("video.mp4", "video.mp4.parts")}


@dataclass(frozen=True, slots=True)
class LostVideo:
    """A lost video, its shard, and the files that stand for the loss or came from it."""

    video_id: str
    shard: str
    status: str
    files: tuple[Path, ...]


def check_reasons(reasons: Iterable[str]) -> None:
    """Raise InputError for a class that no tombstone has."""
    known = [status for status in VIDEO_FAULTS if status != EXCLUDED]
    for reason in reasons:
        if reason not in known:
            raise InputError(f"reason: found {reason!r}; allowed: {', '.join(known)}")


def find_lost(results: Path, plan: Plan, reasons: Iterable[str]) -> Iterator[LostVideo]:
    """The videos, of those not excluded, that were lost for one of `reasons`.

    Only files from the stage of the loss on are theirs: the metadata of a video whose file does
    not decode are healthy and stay.
    """
    wanted = set(reasons)
    for shard in plan.shards:
        for video in plan.active(shard):
            folder = video_folder(results, video)
            loss = inspect_video(folder).loss
            if loss and loss.status in wanted:
                names = _names_from(loss.stage)
                files = tuple(folder / name for name in names if (folder / name).exists())
                yield LostVideo(video, shard, loss.status, files)


def _names_from(stage: str) -> list[str]:
    """Names of what `stage` and the stages after it leave in the folder of a video."""
    stages = list(PRODUCTS)
    later = stages[stages.index(stage) :]
    return [name for s in later for name in (*PRODUCTS[s], *TEMPORARY.get(s, ()))]


def remove_lost(results: Path, lost: Iterable[LostVideo]) -> None:
    """Remove the files of lost videos, so that the next run makes them anew.

    A shard stays until it is packed again. Its summary goes, and goes first: Snakemake looks for
    missing files of a video only when something that is made from them is missing too.
    """
    lost = list(lost)
    for shard in sorted({video.shard for video in lost}):
        (results / "shards" / f"{shard}.json").unlink(missing_ok=True)
    for video in lost:
        for path in video.files:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def check_unlocked(folder: Path = LOCKS) -> None:
    """Raise InputError while a run of Snakemake holds its lock on the working directory."""
    if any(folder.glob("*.lock")):
        raise InputError(
            f"a Snakemake run holds {folder}: wait for its end; "
            "if it was killed, run `snakemake --unlock` first"
        )
