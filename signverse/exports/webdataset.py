"""A shard as a tar of samples, one per video, as the WebDataset library reads them."""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from signverse.exports.videos import Video
from signverse.files import atomic_path


def write_webdataset(path: str | Path, shard: str, videos: Iterable[Video]) -> None:
    """Write the videos that have poses; same videos, same bytes.

    The members of a sample are adjacent and sorted: `ID.captions.json`, `ID.entry.json` (id,
    labels, shard), `ID.metadata.json`, `ID.poses.npz`. The products are byte for byte those of
    the video. No member has a time, an owner or a folder.
    """
    with (
        atomic_path(path) as temporary,
        tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for video in videos:
            for field, content in _fields(video, shard):
                member = tarfile.TarInfo(f"{video.video_id}.{field}")
                member.size = len(content)
                member.mode = 0o644
                archive.addfile(member, io.BytesIO(content))


def _fields(video: Video, shard: str) -> Iterator[tuple[str, bytes]]:
    if video.files is not None:
        entry = json.dumps({**video.identity, "shard": shard}, ensure_ascii=False)
        yield "captions.json", video.files.captions.read_bytes()
        yield "entry.json", entry.encode()
        yield "metadata.json", video.files.metadata.read_bytes()
        yield "poses.npz", video.files.poses.read_bytes()
