"""A results folder as a run leaves it, without a run: real tombstones, pretended products."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signverse.errors import VideoError
from signverse.files import write_json
from signverse.inspection import TOMBSTONE_BYTES
from signverse.manifest import Entry, Manifest
from signverse.outcomes import product, tombstone
from signverse.plan import Plan, make_plan
from signverse.poses import save_tombstone
from signverse.products import PRODUCTS

STAGES = list(PRODUCTS)


def plan_of(ids: Sequence[str], size: int = 2, excluded: Mapping[str, str] | None = None) -> Plan:
    entries = tuple(Entry(video_id, "ASE", "ase") for video_id in ids)
    return make_plan(Manifest("manifest.csv", entries, ()), size, excluded or {})


@dataclass(frozen=True)
class PretendedCorpus:
    """Files below a folder of its own; `config` has what progress is told by."""

    root: Path

    @property
    def config(self) -> dict[str, Any]:
        return {
            "results": str(self.root / "results"),
            "logs": str(self.root / "logs"),
            "select": {"videos": [], "shards": []},
            "render_preview": {"every": 0},
        }

    def folder(self, video: str) -> Path:
        return self.root / "results" / "videos" / video

    def healthy(self, video: str, *stages: str, time: float | None = None) -> None:
        """Products of some stages."""
        folder = self.folder(video)
        for stage in stages:
            for name in PRODUCTS[stage]:
                if name.endswith(".json"):
                    write_json(folder / name, product(video, 1))
                else:
                    (folder / name).write_bytes(b"\0" * TOMBSTONE_BYTES)
                if time is not None:
                    os.utime(folder / name, (time, time))

    def lost(self, video: str, stage: str, status: str) -> None:
        """All products of a video that was lost at a stage."""
        error = VideoError(status, "Gebärden, die es nicht gibt")
        self.healthy(video, *STAGES[: STAGES.index(stage)])
        for later in STAGES[STAGES.index(stage) :]:
            for name in PRODUCTS[later]:
                path = self.folder(video) / name
                if name.endswith(".json"):
                    write_json(path, tombstone(video, error))
                elif name.endswith(".npz"):
                    save_tombstone(path, video, error)
                else:
                    path.write_bytes(b"a card")

    def packed(self, shard: str, time: float | None = None) -> None:
        for ending in ("zarr.zip", "json"):
            path = self.root / "results" / "shards" / f"{shard}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("packed")
            if time is not None:
                os.utime(path, (time, time))

    def log(self, stage: str, name: str, text: str) -> Path:
        path = self.root / "logs" / stage / f"{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def files(self) -> set[str]:
        """Every file, by its path below the results folder."""
        results = self.root / "results"
        return {str(p.relative_to(results)) for p in results.rglob("*") if p.is_file()}
