"""A shard of three videos for the exports: one good, one taken out, one lost."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from made_poses import made_poses

from signverse.errors import VideoError
from signverse.files import write_json
from signverse.outcomes import product, tombstone
from signverse.poses import Poses, save, save_tombstone

GONE = VideoError("removed", "HTTP Error 404")
TITLE = "Gebärden 👐"
LONG_TEXT = "A long text. " * 10_000  # more than an attribute of HDF5 can hold


@dataclass(frozen=True)
class ShardSample:
    """Products below a folder, and what the plan says of the videos."""

    folder: Path
    rows: list[dict[str, str]]
    poses: Poses

    def files(self, name: str) -> list[Path]:
        """A product of each video that is not excluded."""
        kept = [row["video_id"] for row in self.rows if not row["excluded"]]
        return [self.folder / video / name for video in kept]

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments that the scripts of both shard exports have."""
        names = {"metadata": "metadata.json", "captions": "captions.json", "poses": "poses.npz"}
        files = {name: self.files(file) for name, file in names.items()}
        return {"shard": "00003", "rows": self.rows} | files


def shard_sample(folder: Path) -> ShardSample:
    """Write the products of the videos `-good`, `out` and `gone`."""
    poses = made_poses("-good")
    write_json(folder / "-good" / "metadata.json", product("-good", 2, title=TITLE))
    captions = [{"language": "de", "segments": [{"text": LONG_TEXT}]}]
    write_json(folder / "-good" / "captions.json", product("-good", 2, tracks=captions))
    save(folder / "-good" / "poses.npz", poses)
    for name in ("metadata.json", "captions.json"):
        write_json(folder / "gone" / name, tombstone("gone", GONE))
    save_tombstone(folder / "gone" / "poses.npz", "gone", GONE)
    excluded = {"-good": "", "out": "asked for (2026-01-02)", "gone": ""}
    rows = [
        {"video_id": video, "label": "ASL", "sign_language": "ase", "excluded": why}
        for video, why in excluded.items()
    ]
    return ShardSample(folder, rows, poses)
