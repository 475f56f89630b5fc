"""Free space of the disk that the products go to."""

import shutil
from pathlib import Path

from signverse.errors import MachineError

BYTES_PER_GB = 1e9


def check_free_space(folder: str | Path, min_free_gb: float) -> None:
    """Raise MachineError, status `disk_full`, when a disk has less than `min_free_gb` GB free.

    folder: where files are to go; it need not be there yet. A GB is 10^9 bytes. What an ordinary
    user may still write counts, so blocks that are reserved for root do not; quotas are not seen.
    """
    free_gb = shutil.disk_usage(_existing(Path(folder))).free / BYTES_PER_GB
    if free_gb < min_free_gb:
        raise MachineError(
            f"{folder}: {free_gb:.1f} GB free on the disk, at least {min_free_gb:g} GB are wanted "
            "before a video is fetched (config, fetch_video: min_free_gb); "
            "free some space and run the same command again",
            "disk_full",
        )


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that is there."""
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if path.exists())
