"""The products of one video: their names by stage, and how they are removed."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from signverse.errors import InputError
from signverse.manifest import VIDEO_ID

# Stage → its files in the folder of a video that stay, in the order in which stages run.
PRODUCTS: Mapping[str, tuple[str, ...]] = {
    "fetch_metadata": ("metadata.json", "subtitles.json", "download.json"),
    "structure_captions": ("captions.json",),
    "fetch_video": ("video.json",),
    "estimate_poses": ("poses.npz",),
    "render_preview": ("preview.mp4", "preview.png"),
}


def video_folder(results: str | Path, video_id: str) -> Path:
    """The folder of a video's products; InputError for an id that may lead out of it."""
    if not VIDEO_ID.fullmatch(video_id):
        raise InputError(f"video_id {video_id!r} is malformed")
    return Path(results) / "videos" / video_id


def remove_videos(videos: Iterable[str], *, results: Path, logs: Path, benchmarks: Path) -> None:
    """Remove the folders, logs and timings of videos, those that there are.

    Links are removed, never followed. Shards and tables are not touched: they are packed anew.
    """
    for video in videos:
        folder = video_folder(results, video)
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
        for stage in PRODUCTS:
            (logs / stage / f"{video}.log").unlink(missing_ok=True)
            (benchmarks / stage / f"{video}.tsv").unlink(missing_ok=True)
