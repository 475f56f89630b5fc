"""The products of four videos, as the stages before packing leave them."""

from pathlib import Path
from typing import Any

import numpy as np

from signverse.errors import VideoError
from signverse.files import write_json
from signverse.poses import PARTS, Person, Poses, PosesBuilder, save, save_tombstone
from signverse.shards.packing import VideoFiles, pack_shard

TITLE = "Gebärden 手話 “quoted”"
ROWS = [
    {"video_id": "one", "sign_language": "gsg", "label": "unlabelled", "excluded": ""},
    {"video_id": "gone", "sign_language": "ase", "label": "labelled", "excluded": ""},
    {"video_id": "out", "sign_language": "ase", "label": "labelled", "excluded": "withdrawn"},
    {"video_id": "two", "sign_language": "jsl", "label": "labelled", "excluded": ""},
]
REMOVED = VideoError("removed", "This video is no longer available")


def some_poses(video_id: str, counts: tuple[int, ...], seed: int = 0) -> Poses:
    chance = np.random.default_rng(seed)
    builder = PosesBuilder()
    for t, count in enumerate(counts):
        builder.add(t / 25, [some_person(chance) for _ in range(count)])
    return builder.build(
        video_id=video_id,
        fps=24.0,
        frame_width=640,
        frame_height=360,
        lost_frames=2,
        estimator={"name": "some", "models": {"net": "ab" * 32}, "recipe": 1},
    )


def some_person(chance: np.random.Generator) -> Person:
    keypoints = {part: chance.random((size, 2), np.float32) for part, size in PARTS.items()}
    scores = {part: chance.random(size, np.float32) for part, size in PARTS.items()}
    return Person(chance.random(4, np.float32), float(chance.random()), keypoints, scores)


def metadata_of(video_id: str) -> dict[str, Any]:
    head = {"schema_version": 1, "video_id": video_id, "status": "ok", "reason": ""}
    return head | {"title": TITLE, "duration_sec": 1.5, "channel_id": "channel", "tags": ["a", "b"]}


def captions_of(video_id: str) -> dict[str, Any]:
    segment = {"start_sec": 0.0, "end_sec": 1.0, "text": "hello"}
    tracks = [
        {"language": "en", "kind": "manual", "segments": [segment, segment]},
        {"language": "de", "kind": "automatic", "segments": [segment]},
    ]
    head = {"schema_version": 1, "video_id": video_id, "status": "ok", "reason": ""}
    return head | {"tracks": tracks}


class Products:
    """The products of four videos: two with poses, a tombstone and one that is excluded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path, self.summary = folder / "00000.zarr.zip", folder / "00000.json"
        self.poses = {"one": some_poses("one", (2, 0, 1)), "two": some_poses("two", (1, 1), 1)}
        for video_id in ("one", "two"):
            write_json(self.product("metadata", video_id), metadata_of(video_id))
            write_json(self.product("captions", video_id), captions_of(video_id))
            save(self.product("poses", video_id), self.poses[video_id])
        gone = {"video_id": "gone", "status": REMOVED.status, "reason": REMOVED.reason}
        write_json(self.product("metadata", "gone"), gone)
        write_json(self.product("captions", "gone"), gone)
        save_tombstone(self.product("poses", "gone"), "gone", REMOVED)

    def product(self, kind: str, video_id: str) -> Path:
        ending = "npz" if kind == "poses" else "json"
        return self.folder / "products" / video_id / f"{kind}.{ending}"

    def files(self, video_id: str) -> VideoFiles:
        return VideoFiles(
            *(str(self.product(kind, video_id)) for kind in ("metadata", "captions", "poses"))
        )

    def pack(self, rows: list[dict[str, str]] = ROWS) -> None:
        files = [self.files(row["video_id"]) for row in rows if not row["excluded"]]
        made_by = {"code": "abc", "config": {}}
        pack_shard("00000", rows, files, path=self.path, summary=self.summary, made_by=made_by)

    def left(self) -> list[str]:
        """Names beside the products."""
        return sorted(path.name for path in self.folder.iterdir() if path.name != "products")
