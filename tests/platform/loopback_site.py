"""A video platform on the loopback address, which can fail in every way that YouTube does.

    with loopback_site(Video("abc", faults={"stream": [Fault("reset")]})) as site:
        extract(site.url("abc"), ...)
        assert len(site.extractions("abc")) == 1

yt-dlp reaches it by the plugin beside this file, with `tests/platform` on `sys.path`; in other
processes with `plugin_environment()`.
"""

import contextlib
import copy
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from loopback_requests import Asked, Visit
from loopback_server import Listener
from loopback_streams import ladder, stream_bytes
from loopback_videos import Fault, Video


@dataclass
class LoopbackSite:
    """The videos by id, and all that was asked for so far."""

    videos: dict[str, Video] = field(default_factory=dict)
    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    visits: dict[str, Visit] = field(default_factory=dict)

    @property
    def template(self) -> str:
        """For the config: fetch_metadata, url_template."""
        return f"{self.address}/watch?v={{video_id}}"

    def url(self, video_id: str) -> str:
        return self.template.format(video_id=video_id)

    def add(self, *videos: Video) -> None:
        """Add copies of videos, also in the place of those with the same id."""
        for video in videos:  # encoded now, so that no client waits for it
            for one in ladder(video.min_height, video.max_height):
                stream_bytes(str(one.itag))
        self.videos |= {video.video_id: copy.deepcopy(video) for video in videos}

    def requests(self, kind: str, video_id: str | None = None) -> list[Asked]:
        """The requests of a kind so far, of one video or of all, in their order."""
        with self.lock:
            return [
                one for one in self.asked
                if one.kind == kind and video_id in (None, one.video_id)
            ]  # fmt: skip

    def extractions(self, video_id: str | None = None) -> list[float]:
        """When the watch page was asked for, in seconds since the epoch."""
        return [one.when for one in self.requests("extraction", video_id)]

    def subtitles(self, video_id: str | None = None) -> list[tuple[str, str | None, str]]:
        """Language, language of a translation, and format of each track asked for."""
        return [
            (one.query["lang"], one.query.get("tlang"), one.query.get("fmt", "srv1"))
            for one in self.requests("subtitles", video_id)
        ]

    def streams(self, video_id: str | None = None) -> list[tuple[str, str | None]]:
        """Itag and Range of each request for a stream."""
        return [(one.query["itag"], one.range) for one in self.requests("stream", video_id)]

    def bytes_served(self, kind: str, video_id: str | None = None) -> int:
        return sum(one.served for one in self.requests(kind, video_id))

    def most_at_once(self, *kinds: str) -> int:
        """The greatest number of requests that were open at the same time."""
        with self.lock:
            ours = [one for one in self.asked if not kinds or one.kind in kinds]
            moves = [(one.when, 1) for one in ours] + [(one.done, -1) for one in ours if one.done]
        open_now = most = 0
        for _, step in sorted(moves):
            open_now += step
            most = max(most, open_now)
        return most

    def visit(self, video_id: str) -> Visit:
        return self.visits.setdefault(video_id, Visit())

    def take_fault(self, video: Video, kind: str, only: str = "") -> Fault | None:
        """The fault that this request meets, counted off."""
        with self.lock:
            faults = video.faults.get(kind, [])
            for fault in faults:
                if fault.only in (None, only):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            faults.remove(fault)
                    return fault
        return None


@contextlib.contextmanager
def loopback_site(*videos: Video) -> Iterator[LoopbackSite]:
    """A platform with these videos, on a free port, while the context lasts."""
    site = LoopbackSite()
    site.add(*videos)
    listener = Listener(site)
    site.address = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        listener.shutdown()
        listener.server_close()
        thread.join()


def plugin_environment() -> dict[str, str]:
    """Environment variables with which yt-dlp finds the plugin in another process."""
    folder = str(Path(__file__).resolve().parent)
    return {"PYTHONPATH": os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH")]))}
