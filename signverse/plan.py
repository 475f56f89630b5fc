"""The shard plan: which video is in which shard.

Shards are slices of the manifest in its order, so that their names are known before anything
runs and appended rows touch the last shard and new ones only.
"""

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from signverse.errors import InputError
from signverse.files import write_csv
from signverse.manifest import Entry, Manifest

COLUMNS = ("video_id", "shard")


@dataclass(frozen=True)
class Plan:
    """Rows of the manifest in shards of a fixed size; excluded videos keep their place."""

    entries: Mapping[str, Entry]
    shards: Mapping[str, tuple[str, ...]]
    excluded: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Digest of who is where; changes when rows are appended."""
        text = "\n".join(f"{video},{shard}" for video, shard in self.rows())
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def rows(self) -> Iterable[tuple[str, str]]:
        """Video and shard of every row, in the order of the manifest."""
        return ((video, shard) for shard, videos in self.shards.items() for video in videos)

    def active(self, shard: str) -> list[str]:
        """Videos of a shard that are not excluded; InputError when there is no such shard."""
        if shard not in self.shards:
            raise InputError(f"no shard {shard!r}; the last is {max(self.shards)!r}")
        return [video for video in self.shards[shard] if video not in self.excluded]

    def sampled(self, every: int) -> frozenset[str]:
        """Active videos on every `every`-th row of their shard; none for 0."""
        rows = (video for shard in self.shards.values() for video in shard[:: every or None])
        return frozenset(v for v in rows if v not in self.excluded) if every else frozenset()

    def entry(self, video: str) -> Entry:
        """The manifest's row of a video; InputError when it has none or is excluded."""
        if video not in self.entries or video in self.excluded:
            why = "excluded" if video in self.excluded else "not in the manifest"
            raise InputError(f"video {video!r} is {why}")
        return self.entries[video]

    def shard_rows(self, shard: str) -> list[dict[str, str]]:
        """What a shard says of its rows, for the active and the excluded."""
        rows = (self.entries[video] for video in self.shards[shard])
        return [
            {
                "video_id": entry.video_id,
                "label": entry.label,
                "sign_language": entry.language,
                "excluded": self.excluded.get(entry.video_id, ""),
            }
            for entry in rows
        ]

    def check_selection(self, videos: Iterable[str], shards: Iterable[str]) -> None:
        """Raise InputError for a selected video or shard that does not exist."""
        for video in videos:
            self.entry(video)
        for shard in shards:
            self.active(shard)

    def predecessors(self, window: int) -> dict[str, str]:
        """Video → the video `window` places before it in its shard, for those that have one."""
        before: dict[str, str] = {}
        for shard in self.shards:
            videos = self.active(shard)
            before.update(zip(videos[window:], videos, strict=False))
        return before


def make_plan(manifest: Manifest, videos_per_shard: int, excluded: Mapping[str, str]) -> Plan:
    """Cut the manifest into shards; raise InputError for an excluded id it does not hold."""
    entries = {entry.video_id: entry for entry in manifest.entries}
    for video in excluded:
        if video not in entries:
            raise InputError(f"exclude: video_id {video!r} is not in {manifest.path}")
    ids = list(entries)
    shards = {
        f"{number:05d}": tuple(ids[start : start + videos_per_shard])
        for number, start in enumerate(range(0, len(ids), videos_per_shard))
    }
    if len(shards) > 100_000:
        raise InputError(f"videos_per_shard: {videos_per_shard} makes more than 100000 shards")
    return Plan(entries, shards, excluded)


def write_plan(path: str | Path, plan: Plan) -> None:
    """Record who is where."""
    write_csv(path, COLUMNS, ({"video_id": v, "shard": s} for v, s in plan.rows()))


def check_plan(path: str | Path, plan: Plan) -> None:
    """Refuse a manifest that no longer begins with the rows that were planned before.

    Does nothing when there is no plan yet. Raises InputError naming the first row that moved.
    """
    if not Path(path).is_file():
        return
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise InputError(f"{path}: expected the columns {','.join(COLUMNS)}")
            before = [(row["video_id"], row["shard"]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    now = list(plan.rows())
    for number, (old, new) in enumerate(zip(before, now, strict=False), start=1):
        if old != new:
            raise InputError(
                f"manifest, row {number}: found {new[0]!r} for shard {new[1]}, but {path} has "
                f"{old[0]!r} in shard {old[1]}; {_ADVICE}"
            )
    if len(now) < len(before):
        raise InputError(
            f"manifest: {len(now)} rows, but {path} has {len(before)}; the first one missing is "
            f"{before[len(now)][0]!r}; {_ADVICE}"
        )


_ADVICE = (
    "rows may only be appended, and videos_per_shard may not change, once shards exist: "
    "take a video out with `exclude`, or start a new `results` folder"
)
