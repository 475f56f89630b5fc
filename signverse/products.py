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

# Rule → what it exports of one video, below the results folder.
EXPORTS: Mapping[str, tuple[str, ...]] = {
    "export_pose": ("exports/pose/{video}.pose",),
    "export_released": ("exports/released/{video}", "exports/released_frames/{video}"),
}


def video_folder(results: str | Path, video_id: str) -> Path:
    """The folder of a video's products; InputError for an id that may lead out of it."""
    if not VIDEO_ID.fullmatch(video_id):
        raise InputError(f"video_id {video_id!r} is malformed")
    return Path(results) / "videos" / video_id


def remove_videos(videos: Iterable[str], *, results: Path, logs: Path, benchmarks: Path) -> None:
    """Remove the folders, exports, logs and timings of videos, those that there are.

    Links are removed, never followed. Shards and tables are not touched: they are packed anew.
    """
    for video in videos:
        _remove(video_folder(results, video))
        for path in (path for paths in EXPORTS.values() for path in paths):
            _remove(results / path.format(video=video))
        for stage in (*PRODUCTS, *EXPORTS):
            (logs / stage / f"{video}.log").unlink(missing_ok=True)
            (benchmarks / stage / f"{video}.tsv").unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
