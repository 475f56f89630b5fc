"""The server behind the platform: pages, the player's interface, caption tracks, streams."""

import contextlib
import http.server
import json
import select
import socket
import struct
import sys
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

from loopback_answers import Answers
from loopback_captions import KINDS, track_bytes
from loopback_requests import Asked
from loopback_streams import BY_ITAG, stream_bytes
from loopback_videos import HTTP_FAULTS, PLAYABILITY, Fault, Video

if TYPE_CHECKING:
    from loopback_site import LoopbackSite

HOST = "127.0.0.1"
BLOCK = 1 << 13
PAGE, JSON = "text/html; charset=utf-8", "application/json; charset=utf-8"
LIVE = (
    "#EXTM3U\n"
    '#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.4d400c,mp4a.40.5",RESOLUTION=256x144\n'
    "/live/91.m3u8\n"
)
EMBEDDED = b'<script>ytcfg.set({"INNERTUBE_CONTEXT": {"client": {"hl": "en"}}});</script>'
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Listener"

    @property
    def site(self) -> "LoopbackSite":
        return self.server.site

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = self._note("api", body["videoId"])
        visit, video = self.site.visit(asked.video_id), self._video(asked)
        answers = self._answers(asked, video, visit.fault)
        path = urllib.parse.urlsplit(self.path).path  # to a proxy an address comes as a whole
        answer = answers.player() if path == "/youtubei/v1/player" else answers.around()
        self._send(asked, JSON, json.dumps(answer).encode(), visit.fault)

    def do_GET(self) -> None:
        path = urllib.parse.urlsplit(self.path).path
        routes = {
            "/watch": self._watch,
            "/api/timedtext": self._track,
            "/videoplayback": self._stream,
            "/manifest/hls_variant": self._live,
        }
        other = self._embedded if path.startswith("/embed/") else self._other
        routes.get(path, other)()

    def _note(self, kind: str, video_id: str | None = None) -> Asked:
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        video_id = video_id or query.get("v") or query.get("id", "")
        asked = Asked(kind, video_id, query, dict(self.headers), time.time())
        with self.site.lock:
            self.site.asked.append(asked)
        return asked

    def _video(self, asked: Asked) -> Video:
        unknown = Video(asked.video_id, state="unavailable")
        return self.site.videos.get(asked.video_id, unknown)

    def _answers(self, asked: Asked, video: Video, fault: Fault | None) -> Answers:
        state = "" if video.unlocked_by in asked.cookies else video.state
        if fault and fault.kind in PLAYABILITY:
            state = fault.kind
        number = self.site.visit(video.video_id).addresses
        secrets = {
            "expire": int(time.time()) + video.lifetime_sec,
            "ei": number,
            "ip": HOST,
            "sparams": "expire,ei,ip,id,itag",
            "sig": _signature(video.video_id, number),
        }
        return Answers(video, state, self.site.address, secrets)

    def _watch(self) -> None:
        asked = self._note("extraction")
        video, visit = self._video(asked), self.site.visit(asked.video_id)
        visit.fault = self.site.take_fault(video, "extraction")
        visit.addresses += 1
        self._send(
            asked, PAGE, self._answers(asked, video, visit.fault).page().encode(), visit.fault
        )

    def _track(self) -> None:
        asked = self._note("subtitles")
        video, query = self._video(asked), asked.query
        automatic = query.get("kind") == "asr"
        fault = self.site.take_fault(video, "subtitles", query.get("tlang", query["lang"]))
        for track in video.tracks:
            if (track.language, track.automatic) == (query["lang"], automatic):
                form = query.get("fmt", "srv1")
                data = track_bytes(track, form, query.get("tlang"))
                return self._send(asked, KINDS.get(form, "text/xml"), data, fault)
        return self._refuse(asked, 404)

    def _stream(self) -> None:
        asked = self._note("stream")
        video, visit = self._video(asked), self.site.visit(asked.video_id)
        query, number = asked.query, int(asked.query["ei"])
        fault = self.site.take_fault(video, "stream", query["itag"])
        if fault and fault.kind == "expired":
            visit.expired = visit.addresses
        current = visit.expired < number and time.time() < int(query["expire"])
        if not current or query["sig"] != _signature(video.video_id, number):
            return self._refuse(asked, 403)
        return self._send(asked, BY_ITAG[query["itag"]].mime, stream_bytes(query["itag"]), fault)

    def _live(self) -> None:
        self._send(self._note("live"), "application/vnd.apple.mpegurl", LIVE.encode(), None)

    def _embedded(self) -> None:
        """The page of another player, which yt-dlp tries for videos with an age limit."""
        self._send(self._note("other"), PAGE, EMBEDDED, None)

    def _other(self) -> None:
        self._send(self._note("other"), PAGE, b"", None)

    def _refuse(self, asked: Asked, status: int, retry_after: Any = None) -> None:
        asked.status, asked.done = status, time.time()
        self.send_response(status)
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def _send(self, asked: Asked, kind: str, data: bytes, fault: Fault | None) -> None:
        word = fault.kind if fault else ""
        if fault and word in HTTP_FAULTS:
            return self._refuse(asked, HTTP_FAULTS[word], fault.retry_after)
        if word == "truncated":
            data = data[: len(data) // 2]
        if word == "html":
            kind, data = PAGE, b"<!doctype html><title>Sorry</title>" + b" " * 400
        if word == "garbage":
            data = b"\xff" * len(data)
        first, last = _wanted(asked.range, len(data))
        if asked.range and first >= len(data):
            return self._refuse(asked, 416)
        asked.status = 206 if asked.range else 200
        self.send_response(asked.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(last + 1 - first))
        if asked.range:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Connection", "close")
        self.end_headers()
        part = data[first : last + 1]
        breaks = word in ("reset", "stall")
        with contextlib.suppress(OSError):  # the client went away
            self._write(asked, part[: len(part) // 2] if breaks else part, fault, not breaks)
            if word == "stall":
                self._wait()
        asked.done = asked.done or time.time()
        if word == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        return None

    def _write(self, asked: Asked, data: bytes, fault: Fault | None, whole: bool) -> None:
        for start in range(0, len(data), BLOCK):
            block = data[start : start + BLOCK]
            if fault and fault.kind == "slow":
                self.site.closing.wait(len(block) / fault.bytes_per_sec)
            asked.served += len(block)
            if whole and start + BLOCK >= len(data):
                # Before the client can have all: its next request is then a later one.
                asked.done = time.time()
            self.wfile.write(block)

    def _wait(self) -> None:
        """Until the site closes, or the client."""
        while not self.site.closing.wait(0.02):
            if select.select([self.connection], [], [], 0)[0]:
                return

    def log_message(self, *arguments: object) -> None:
        pass


def _signature(video_id: str, number: int) -> str:
    return f"AJfQdSswRQIh{video_id}{number}"


def _wanted(header: str | None, size: int) -> tuple[int, int]:
    """First and last byte of a Range, which may leave the last one open."""
    if not header:
        return 0, size - 1
    first, _, last = header.removeprefix("bytes=").partition("-")
    return int(first), min(int(last or size), size - 1)


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, site: "LoopbackSite") -> None:
        super().__init__((HOST, 0), Handler)
        self.site = site

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is nothing to report."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A connection that is to be reset is closed at once, without a farewell."""
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(RESET)) == RESET:
            self.close_request(request)
        else:
            super().shutdown_request(request)
