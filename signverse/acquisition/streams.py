"""What `fetch_video` needs to know, download.json, and the download of the chosen format."""

import contextlib
import hashlib
import json
import logging
import re
import shutil
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yt_dlp
from yt_dlp.networking import Request

from signverse.acquisition.client import Client
from signverse.acquisition.extraction import extract
from signverse.acquisition.facts import FORMAT_FACTS
from signverse.acquisition.formats import Choice, FormatPolicy
from signverse.errors import MachineError, SignverseError, VideoError
from signverse.video import check_video

Info = Mapping[str, Any]
T = TypeVar("T")

VIDEO_FACTS = ("id", "title", "extractor", "extractor_key", "duration", "webpage_url")
STREAM_FACTS = (
    *(*FORMAT_FACTS, "url", "manifest_url", "fragments", "fragment_base_url"),
    *("acodec", "container", "http_headers", "downloader_options"),
)
# Parts of a format that may carry a session: fetch_video brings its own.
SECRET_HEADERS = ("cookie", "authorization")
EXPIRED = re.compile(r"HTTP Error (403|404|410)|instead of a video")
EXPIRY = re.compile(r"[?&/]expire[=/](\d+)")  # seconds since 1970, in query or path


class Ask(Protocol):
    """How to put a question to the platform: when it is this job's turn."""

    def __call__(self, question: Callable[[], T], /) -> T:
        """The answer."""


def download_info(info: Info, choice: Choice, policy: FormatPolicy) -> dict[str, Any]:
    """What `fetch_stream` needs to download the chosen format without asking again."""
    stream = {name: choice.format[name] for name in STREAM_FACTS if name in choice.format}
    headers = stream.get("http_headers") or {}
    stream["http_headers"] = {
        name: value for name, value in headers.items() if name.lower() not in SECRET_HEADERS
    }
    kept = {name: info.get(name) for name in VIDEO_FACTS}
    return kept | {"format_policy": asdict(policy), "formats": [stream]}


def fetch_stream(
    client: Client, info: Info, path: Path, parts: Path, *, ask: Ask
) -> dict[str, Any]:
    """Download the one format of a `download_info` to `path`; say how it went, for video.json.

    Works in the folder `parts`, which stays after a failure of the world, so that the next try
    goes on from there. Where the address has expired the platform is asked for a new one, once,
    by `ask`. A file that does not open is fetched once more from its beginning: pieces of several
    tries may not fit together (yt-dlp joins them wrongly after a status 416).
    """
    parts.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.chdir(parts):
            stream, refreshed = _fetch(client, info, ask)
            if not _opens(_identity(stream)):
                logging.warning("the file does not open, downloading it from its beginning")
                Path(_identity(stream)).unlink()
                stream, refreshed = _fetch(client, info, ask)
        (parts / _identity(stream)).replace(path)
    except VideoError:
        shutil.rmtree(parts)
        raise
    shutil.rmtree(parts)
    return {"format_id": stream.get("format_id"), "refreshed": refreshed}


def _fetch(client: Client, info: Info, ask: Ask) -> tuple[Info, bool]:
    """Download into the working folder; the format, and whether its address had to be renewed."""
    (stream,) = info["formats"]
    renewable = bool(info.get("webpage_url"))
    if renewable and _has_expired(stream["url"]):
        logging.warning("the address has expired, asking for a new one")
    else:
        try:
            return _download(client, info), False
        except SignverseError as error:
            if not (renewable and EXPIRED.search(str(error))):
                raise
            logging.warning("the address may have expired, asking for a new one: %s", error)
    policy = FormatPolicy(**info["format_policy"] | {"format_id": stream.get("format_id")})
    fresh, choice = ask(lambda: extract(client, info["webpage_url"], policy))
    return _download(client, download_info(fresh, choice, policy)), True


def _opens(file: str) -> bool:
    try:
        check_video(file)
    except VideoError as error:
        return error.status != "undecodable"
    return True


def _has_expired(url: str) -> bool:
    found = EXPIRY.search(url)
    return found is not None and int(found[1]) < time.time()


def _identity(stream: Info) -> str:
    """A name for the file behind a format: parts of another one are not continued."""
    facts = [stream.get(name) for name in FORMAT_FACTS]
    facts.append(urllib.parse.urlsplit(stream["url"]).path)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _download(client: Client, info: Info) -> Info:
    """Download the one format under its identity, going on from what is there of it."""
    (stream,) = info["formats"]
    name = _identity(stream)
    with client.opened(format="bv*", outtmpl={"default": name}) as downloader:
        ready = _finished_list(downloader, stream)
        downloader.process_ie_result({**info, "formats": [ready]}, download=True)
    _check_complete(Path(name), stream)
    return stream


def _finished_list(downloader: yt_dlp.YoutubeDL, stream: Info) -> dict[str, Any]:
    """A format with its HLS list, which says whether all segments are there (RFC 8216, 4.3.3.4)."""
    if not (stream.get("protocol") or "").startswith("m3u8"):
        return dict(stream)
    answer = downloader.urlopen(Request(stream["url"], headers=stream["http_headers"]))
    text = answer.read().decode("utf-8", "replace")
    if "#EXT-X-ENDLIST" not in text and "#EXT-X-PLAYLIST-TYPE:VOD" not in text:
        raise VideoError("not_a_video", "a live stream that has not ended")
    return {**stream, "url": answer.url, "hls_media_playlist_data": text}


def _check_complete(file: Path, stream: Info) -> None:
    """Raise MachineError, and remove the file, when it is a page or ends before its size."""
    with file.open("rb") as opened:
        head = opened.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    size, stated = file.stat().st_size, stream.get("filesize") or 0
    if head.startswith((b"<", b"{")):  # HTML, XML or JSON: no container begins so
        found = "a web page instead of a video"
    elif size < stated:
        found = f"{size} of {stated} bytes: the file ended early"
    else:
        return
    file.unlink()
    raise MachineError(f"network: {found}", "network")
