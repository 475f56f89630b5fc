"""The raw text of subtitle tracks: subtitles.json."""

import logging
from collections.abc import Mapping
from typing import Any

import yt_dlp
from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import HTTPError, RequestError

from signverse.acquisition.addresses import public_address
from signverse.acquisition.client import Client
from signverse.acquisition.tracks import Track, wanted_tracks
from signverse.captions.encodings import decode
from signverse.outcomes import world_fault
from signverse.traffic import retry_after

Info = Mapping[str, Any]

TRACK_REFUSED = (401, 403, 404, 410, 451)  # HTTP: the track cannot be had, now or later
# HTTP: asked too often. YouTube answers so to nearly every request for a translation of its own,
# while all else goes well (https://github.com/yt-dlp/yt-dlp/issues/13831): no sign of a limit.
TOO_MANY = 429


def fetch_subtitles(client: Client, info: Info) -> list[dict[str, Any]]:
    """The wanted tracks as `tracks` of subtitles.json: what is known of each, and its raw text."""
    headers = info.get("http_headers") or {}
    with client.opened() as downloader:
        return [
            {
                "language": track.language,
                "kind": track.kind,
                "name": track.format.get("name"),
                "source_language": track.source_language,
                "format": track.format["ext"],
                "source": public_address(track.format.get("url") or ""),
            }
            | _fetch_text(client, downloader, track, headers)
            for track in wanted_tracks(info)
        ]


def _fetch_text(
    client: Client, downloader: yt_dlp.YoutubeDL, track: Track, headers: Info
) -> dict[str, Any]:
    """Text of one track; one that is gone has none and says why."""
    found = track.format
    if found.get("data") is not None:
        return {"encoding": None, "text": found["data"], "problem": None}
    if not found["url"].startswith(("http://", "https://")):
        return _without_text("no http or https address")
    for attempt in range(client.retries + 1):
        try:
            request = Request(found["url"], headers=found.get("http_headers") or dict(headers))
            return _text_of(downloader.urlopen(request).read())
        except HTTPError as error:
            refused = error.status == TOO_MANY
            if error.status in TRACK_REFUSED or (refused and track.kind == "translated"):
                return _without_text(f"HTTP error {error.status}")
            failure: RequestError = error
            if refused:
                break  # to ask again at once is what it asks us not to do
        except RequestError as error:
            failure = error
        logging.warning("subtitle track, attempt %d: %s", attempt + 1, client.clean(str(failure)))
    fault = world_fault(client.clean(f"unable to download subtitles: {failure}"))
    fault.retry_after_sec = retry_after(failure)
    raise fault


def _without_text(problem: str) -> dict[str, Any]:
    return {"encoding": None, "text": None, "problem": problem}


def _text_of(raw: bytes) -> dict[str, Any]:
    if not raw.strip():  # what YouTube answers when it wants a token
        return _without_text("the answer was empty")
    if raw.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return _without_text("the answer was a web page")
    text, encoding = decode(raw)
    return {"encoding": encoding, "text": text, "problem": None}
