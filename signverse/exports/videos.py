"""The videos of a shard with their products, one after the other."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signverse.errors import VideoError
from signverse.outcomes import EXCLUDED, OK, read_document
from signverse.poses import Poses, load

Row = Mapping[str, str]


@dataclass(frozen=True)
class Files:
    """Paths of one video's products."""

    metadata: Path
    captions: Path
    poses: Path


@dataclass(frozen=True)
class Video:
    """A video of a shard: who it is, how it went, and what there is of it.

    identity: video_id, sign_language and label. metadata and captions: the JSON products, None for
    an excluded video. poses and files: None when there are no poses; status and reason say why.
    """

    identity: dict[str, str]
    status: str
    reason: str
    metadata: dict[str, Any] | None = None
    captions: dict[str, Any] | None = None
    poses: Poses | None = None
    files: Files | None = None

    @property
    def video_id(self) -> str:
        """The id."""
        return self.identity["video_id"]


def read_videos(rows: Iterable[Row], products: Iterable[Files]) -> Iterator[Video]:
    """Read the videos of the plan in its order, one at a time.

    rows: video_id, label, sign_language and excluded (why, or nothing); products: files of
    those that are not excluded, in the same order. Raises InputError naming a product that is
    damaged or belongs to another video.
    """
    waiting = iter(products)
    for row in rows:
        identity = {name: row[name] for name in ("video_id", "sign_language", "label")}
        if row["excluded"]:
            yield Video(identity, EXCLUDED, row["excluded"])
        else:
            yield _read_video(identity, next(waiting))


def _read_video(identity: dict[str, str], files: Files) -> Video:
    owner = identity["video_id"]
    metadata = read_document(files.metadata, owner)
    captions = read_document(files.captions, owner)
    try:
        poses = load(files.poses, owner)
    except VideoError as error:
        return Video(identity, error.status, error.reason, metadata, captions)
    return Video(identity, OK, "", metadata, captions, poses, files)
