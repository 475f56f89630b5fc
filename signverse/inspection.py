"""What stands in the folder of one video: its finished stages, and where it was lost."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signverse.errors import InputError, VideoError
from signverse.files import read_json
from signverse.outcomes import OK
from signverse.poses import load
from signverse.products import PRODUCTS

# A tombstone is smaller: its reason has 300 characters at most (outcomes.one_line). Healthy
# poses are larger: they have some twenty arrays, each with a header of 128 bytes.
TOMBSTONE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Loss:
    """Where a video was lost, as which class of fault, and when (seconds since the epoch)."""

    stage: str
    status: str
    time: float


@dataclass(frozen=True, slots=True)
class Standing:
    """When each finished stage of a video ended, in seconds since the epoch; its loss, if any."""

    times: Mapping[str, float]
    loss: Loss | None


def inspect_video(folder: str | Path) -> Standing:
    """Look into the folder of one video, which a run may be working in.

    What is there is told by names and sizes; only what may be a tombstone is read. Raises
    InputError for one that is damaged.
    """
    found = _stats(folder)
    times = {
        stage: found[names[0]].st_mtime
        for stage, names in PRODUCTS.items()
        if all(name in found for name in names)
    }
    return Standing(times, _find_loss(Path(folder), found))


def _stats(folder: str | Path) -> dict[str, os.stat_result]:
    """Name → stat of the files in a folder; nothing for a folder that is not there."""
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    found[entry.name] = entry.stat()
                except FileNotFoundError:
                    continue  # a temporary file that has just gone
    except FileNotFoundError:
        return {}
    return found


def _find_loss(folder: Path, found: Mapping[str, os.stat_result]) -> Loss | None:
    small = {name for name, stat in found.items() if stat.st_size < TOMBSTONE_BYTES}
    if "poses.npz" in found.keys() - small:
        return None
    # From the first stage on: later ones only pass on what an earlier one found.
    for stage, name in (("fetch_metadata", "metadata.json"), ("fetch_video", "video.json"),
                        ("fetch_video", "poses.npz")):  # fmt: skip
        status = _status(folder / name) if name in small else OK
        if status != OK:
            return Loss(stage, status, found[name].st_mtime)
    return None


def _status(path: Path) -> str:
    """The status of a small product; ok for one that has gone in the meantime."""
    try:
        if path.suffix == ".npz":
            load(path)
            return OK
        return str(read_json(path).get("status"))
    except VideoError as error:
        return error.status
    except (InputError, FileNotFoundError):
        if path.exists():
            raise
        return OK
