"""What the platform gives: metadata, subtitle tracks and the video stream, by yt-dlp."""

import contextlib
import hashlib
import json
import logging
import re
import shutil
import urllib.parse
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yt_dlp
from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import HTTPError, RequestError

from signverse.errors import SignverseError, VideoError
from signverse.outcomes import classify, world_fault

SCHEMA_VERSION = 1  # of metadata.json, subtitles.json and download.json

# Formats we can read, the one with the least to go wrong first.
SUBTITLE_FORMATS = ("vtt", "srt")
TRACK_REFUSED = (401, 403, 404, 410, 451)  # HTTP: the track cannot be had, now or later
# Facts of the chosen format that are kept; its address and headers are not among them.
FORMAT_FACTS = ("format_id", "ext", "width", "height", "fps", "vcodec", "filesize", "protocol")
# Parts of a format that may carry a session: fetch_video brings its own.
SECRET_HEADERS = ("cookie", "authorization")


def extract(url: str, *, max_height_px: int, timeout_sec: float, retries: int) -> dict[str, Any]:
    """Ask the platform once about one video: yt-dlp's info with the chosen format.

    Raises VideoError when the video is at fault, MachineError when the world is.
    """
    selector = _format_selector(max_height_px)
    return _extract(url, selector, timeout_sec=timeout_sec, retries=retries)


def _extract(url: str, selector: str, *, timeout_sec: float, retries: int) -> dict[str, Any]:
    # Two entries tell a playlist from a video; a channel has thousands.
    options = _options(timeout_sec, retries) | {"format": selector, "playlist_items": "1:2"}
    with yt_dlp.YoutubeDL(options) as downloader:
        info = _guarded(downloader.extract_info, url, download=False)
        entries = list(info["entries"]) if "entries" in info else [info]
        if len(entries) != 1:
            number = "no video" if not entries else "several videos"
            raise VideoError("not_a_video", f"the address lists {number}")
        found: dict[str, Any] = downloader.sanitize_info(entries[0], remove_private_keys=True)
    if found.get("live_status") in ("is_live", "is_upcoming", "post_live") or found.get("is_live"):
        raise VideoError("not_a_video", "a live stream that has not ended")
    return found


def _options(timeout_sec: float, retries: int) -> dict[str, Any]:
    return {
        "quiet": True,
        "noprogress": True,
        "color": "never",
        "logger": logging.getLogger("yt_dlp"),
        "cachedir": False,
        "noplaylist": True,
        "socket_timeout": timeout_sec,
        "retries": retries,
        "extractor_retries": retries,
        "fragment_retries": retries,
        "skip_unavailable_fragments": False,
        "allow_unplayable_formats": False,
    }


def _format_selector(max_height_px: int) -> str:
    """Best video-only stream up to the height, else the lowest one, else one with audio."""
    fits = f"[height<=?{max_height_px}]"
    return f"bv{fits}/wv/bv*{fits}/wv*"


def _guarded(call: Any, *arguments: Any, **options: Any) -> Any:
    """Call yt-dlp; turn its errors into ours."""
    try:
        return call(*arguments, **options)
    except (yt_dlp.utils.YoutubeDLError, RequestError) as error:
        raise classify(str(error)) from error
    except OSError as error:
        raise world_fault(str(error)) from error


def metadata(
    info: Mapping[str, Any], url: str, started: datetime, finished: datetime
) -> dict[str, Any]:
    """The facts of `info` that metadata.json keeps; no stream addresses, no personal data."""
    return {
        "url": _without_login(url),
        "title": info.get("title"),
        "duration_sec": info.get("duration"),
        "upload_date": _iso_date(info.get("upload_date")),
        "channel_id": info.get("channel_id"),
        "language": info.get("language"),
        "width": info.get("width"),
        "height": info.get("height"),
        "fps": info.get("fps"),
        "manual_tracks": sorted(_tracks(info, "subtitles")),
        "automatic_tracks": sorted(_tracks(info, "automatic_captions")),
        "format": {name: info.get(name) for name in FORMAT_FACTS},
        "extractor": info.get("extractor_key"),
        "yt_dlp_version": yt_dlp.version.__version__,
        "fetched_at": started.isoformat(timespec="seconds"),
        "elapsed_sec": round((finished - started).total_seconds(), 3),
    }


def _iso_date(compact: str | None) -> str | None:
    return f"{compact[:4]}-{compact[4:6]}-{compact[6:8]}" if compact else None


def _tracks(info: Mapping[str, Any], group: str) -> dict[str, list[dict[str, Any]]]:
    tracks = info.get(group) or {}
    return {str(language): formats for language, formats in tracks.items() if formats}


def wanted_tracks(info: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Language, kind and format of each subtitle track to fetch, all listed in `info`.

    Every manual track but the live chat; the automatic track in the spoken language; where
    that leaves no English, the translation into English.
    """
    manual, automatic = (
        {
            language: best
            for language, formats in _tracks(info, group).items()
            if language != "live_chat" and (best := _readable_format(formats))
        }
        for group in ("subtitles", "automatic_captions")
    )
    chosen = [(language, "manual", manual[language]) for language in sorted(manual)]
    spoken = info.get("language")
    native = [language for language in automatic if language.endswith("-orig")]
    native = native or [language for language in automatic if language == spoken]
    chosen += [(language, "automatic", automatic[language]) for language in native]
    if not any(language.split("-")[0] == "en" for language, _, _ in chosen) and "en" in automatic:
        kind = "translated" if native or (spoken or "en").split("-")[0] != "en" else "automatic"
        chosen.append(("en", kind, automatic["en"]))
    yield from chosen


def _readable_format(formats: list[dict[str, Any]]) -> dict[str, Any] | None:
    for wanted in SUBTITLE_FORMATS:
        for candidate in formats:
            segmented = "m3u8" in (candidate.get("protocol") or "")
            if candidate.get("ext") == wanted and not segmented:
                return candidate
    return None


def fetch_subtitles(
    info: Mapping[str, Any], *, timeout_sec: float, retries: int
) -> list[dict[str, Any]]:
    """The raw text of each wanted track with its language, kind, format and source."""
    with yt_dlp.YoutubeDL(_options(timeout_sec, retries)) as downloader:
        return [
            {
                "language": language,
                "kind": kind,
                "format": track["ext"],
                "name": track.get("name"),
                "source": _public_address(track["url"]),
            }
            | _fetch_text(downloader, track, info.get("http_headers") or {}, retries)
            for language, kind, track in wanted_tracks(info)
        ]


def _fetch_text(
    downloader: yt_dlp.YoutubeDL, track: dict[str, Any], headers: Mapping[str, str], retries: int
) -> dict[str, Any]:
    """Text of one track; a track that is gone has none and says why."""
    if track.get("data") is not None:
        return {"text": track["data"], "problem": None}
    if not track["url"].startswith(("http://", "https://")):
        return {"text": None, "problem": "no http or https address"}
    for attempt in range(retries + 1):
        try:
            request = Request(track["url"], headers=track.get("http_headers") or dict(headers))
            return _decoded(downloader.urlopen(request).read())
        except HTTPError as error:
            if error.status in TRACK_REFUSED:
                return {"text": None, "problem": f"HTTP error {error.status}"}
            failure: RequestError = error
        except RequestError as error:
            failure = error
        logging.warning("subtitle track, attempt %d: %s", attempt + 1, failure)
    raise world_fault(f"unable to download subtitles: {failure}")


def _decoded(raw: bytes) -> dict[str, Any]:
    try:
        return {"text": raw.decode("utf-8-sig"), "problem": None}
    except UnicodeDecodeError:
        return {"text": raw.decode("cp1252", errors="replace"), "problem": "not UTF-8"}


def _public_address(url: str) -> str:
    """The address without its query, where platforms put signatures, and without a login."""
    return urllib.parse.urlsplit(_without_login(url))._replace(query="", fragment="").geturl()


def _without_login(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def download_info(info: Mapping[str, Any]) -> dict[str, Any]:
    """What `fetch_stream` needs to download the chosen format without asking again."""
    kept = {name: info.get(name) for name in ("id", "title", "extractor", "extractor_key")}
    chosen = (info.get("requested_formats") or [info])[0]
    stream = {
        name: value
        for name, value in chosen.items()
        if name in (*FORMAT_FACTS, "url", "manifest_url", "fragments", "fragment_base_url")
        or name in ("acodec", "container", "http_headers", "downloader_options")
    }
    headers = stream.get("http_headers") or {}
    stream["http_headers"] = {
        name: value for name, value in headers.items() if name.lower() not in SECRET_HEADERS
    }
    return kept | {"webpage_url": info.get("webpage_url"), "formats": [stream]}


def _identity(stream: Mapping[str, Any]) -> str:
    """A name for the file behind a format: parts of another one are not continued."""
    facts = [stream.get(name) for name in FORMAT_FACTS]
    facts.append(urllib.parse.urlsplit(stream["url"]).path)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _extract_again(info: Mapping[str, Any], timeout_sec: float, retries: int) -> dict[str, Any]:
    """Ask again for a video whose stream address has expired; the same format if it is there."""
    stream = info["formats"][0]
    selector = _format_selector(stream.get("height") or 10**6)
    if stream.get("format_id"):
        selector = f"{stream['format_id']}/{selector}"
    return _extract(info["webpage_url"], selector, timeout_sec=timeout_sec, retries=retries)


def fetch_stream(
    info: Mapping[str, Any], path: Path, parts: Path, *, timeout_sec: float, retries: int
) -> None:
    """Download the one format of a `download_info` to `path`.

    Works in the folder `parts`, which stays after a failure of the world, so that the next try
    goes on from there.
    """
    parts.mkdir(parents=True, exist_ok=True)
    name = _identity(info["formats"][0])
    options = _options(timeout_sec, retries) | {"format": "bv*", "outtmpl": {"default": name}}
    try:
        with contextlib.chdir(parts), yt_dlp.YoutubeDL(options) as downloader:
            try:
                _guarded(downloader.process_ie_result, dict(info), download=True)
            except SignverseError as error:
                expired = re.search(r"HTTP Error (403|404|410)", str(error))
                if not (expired and info.get("webpage_url")):
                    raise
                logging.warning("the address may have expired, asking for a new one: %s", error)
                fresh = download_info(_extract_again(info, timeout_sec, retries))
                _guarded(downloader.process_ie_result, fresh, download=True)
        (parts / name).replace(path)
    except VideoError:
        shutil.rmtree(parts)
        raise
    shutil.rmtree(parts)
