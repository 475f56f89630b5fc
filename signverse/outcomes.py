"""How a stage can end for a video, and tombstones: products that say why there is nothing.

A tombstone stands under the product's own name, with `status` and `reason` and no content.
Later stages pass it on. Only the video's own faults become tombstones; whatever may be the
network's or the machine's fault fails the job, so that it is tried again.
"""

import contextlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signverse.errors import InputError, MachineError, VideoError
from signverse.files import read_json, write_json

OK = "ok"
EXCLUDED = "excluded"
UNKNOWN = "unknown"  # a message that nothing is known of

# The status of a video's own fault → what the platform says then (regular expressions, any
# case). The first match decides, so the specific stands before the general.
VIDEO_FAULTS: dict[str, tuple[str, ...]] = {
    "private": (r"private video", r"video is private"),
    "members_only": (
        r"members[- ]only",
        r"join this channel",
        r"premium members",
        r"requires payment",
    ),
    "age_restricted": (r"confirm your age", r"age[- ]restricted"),
    "geo_blocked": (
        r"(unavailable|not (made this video )?available) (in|from) your (country|location|region)",
        r"geo[- ]?restrict",
        r"blocked it in your country",
        r"http error 451",  # a law forbids it, RFC 7725: mostly in some countries only
    ),
    "not_a_video": (
        r"unsupported url",
        r"not a valid url",
        r"premieres in",
        r"live event will begin",
        r"is not currently live",
        r"looks truncated",
    ),
    "no_video_stream": (
        r"requested format is not available",
        r"drm protected",
    ),
    "removed": (
        r"video (is )?unavailable",
        r"(video|recording) (is (not|no longer)|isn.t) available",
        r"has been (removed|terminated|deleted)",
        r"no longer exists",
        r"http error (404|410)",
    ),
    "undecodable": (),  # found by opening the file, never by a message
    EXCLUDED: (),  # found in the exclusion list
}

# The world's fault, looked for before the video's: a bot check also says "video unavailable".
# HTTP status 401 and 403 are in neither table, so unknown: for a page or a stream they mostly
# mean this address, session or client, and one refused address must not cost a whole corpus.
# A video that is refused for good is taken out with the exclusion list.
WORLD_FAULTS: dict[str, tuple[str, ...]] = {
    "rate_limited": (
        r"http error 429",
        r"too many requests",
        r"rate[- ]limit",
        r"content isn.t available",  # this session's: YouTube adds "try again later", or not
        r"failed to extract any player response",  # each got status 403 or 429, or no JSON
    ),
    "bot_check": (r"not a bot", r"captcha", r"ip is likely being blocked"),
    "disk_full": (r"no space left on device", r"disk quota exceeded"),
    "network": (
        r"http error 5\d\d",
        r"timed? ?out",
        r"connection",
        r"incomplete ?read",
        r"bytes read",
        r"name resolution",
        r"unable to download (webpage|video data): (?!http error 4)",
    ),
    # Known, and of no class of its own: the network's owner, or a client that YouTube refuses.
    UNKNOWN: (
        r"network administrator",
        r"latest version of youtube",
        r"no video formats found",
        r"(try again|check back) later",
    ),
}


def classify(message: str) -> VideoError | MachineError:
    """The error that a downloader's message stands for; unknown is the world's fault."""
    reason = one_line(message)
    # The video's id, which may be any word, is no part of what went wrong; it may come twice.
    message = re.sub(r"^ERROR:\s*(?:\[[^\]]+\]\s*)?([^\s:]+):\s(?:\1:\s)?", "", message.strip())
    message = re.sub(r"(?<=unsupported url: )\S+", "", message, flags=re.IGNORECASE)
    for status, patterns in WORLD_FAULTS.items():
        if any(re.search(pattern, message, re.IGNORECASE) for pattern in patterns):
            return MachineError(f"{status}: {reason}", status)
    for status, patterns in VIDEO_FAULTS.items():
        if any(re.search(pattern, message, re.IGNORECASE) for pattern in patterns):
            return VideoError(status, reason)
    return MachineError(f"unknown: {reason}", UNKNOWN)


def world_fault(message: str) -> MachineError:
    """The error of a message that cannot be about the video, whatever it says."""
    found = classify(message)
    return MachineError(str(found), UNKNOWN if isinstance(found, VideoError) else found.status)


def one_line(message: str) -> str:
    """A downloader's message as one plain line: no colours, no advice, no markers."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", message)
    text = re.sub(r"^ERROR:\s*(\[[\w:+.-]+\]\s*)?", "", text.strip())
    text = re.split(r"\s*(?:\(caused by|;? please report this issue|Use --)", text)[0]
    return " ".join(without_secrets(text).split())[:300]


def without_secrets(text: str) -> str:
    """`text` with its addresses free of logins and of queries, where platforms put signatures."""
    text = re.sub(r"(\w://)[^\s/@]+@", r"\1", text)
    return re.sub(r"(https?://[^\s?#]*)[?#]\S*", r"\1", text)


def tombstone(video_id: str, error: VideoError) -> dict[str, Any]:
    """The content of a tombstone; products that are JSON documents hold just this."""
    return {"video_id": video_id, "status": error.status, "reason": error.reason}


def product(video_id: str, schema_version: int, **content: Any) -> dict[str, Any]:
    """The content of a JSON product that turned out well."""
    head = {"schema_version": schema_version, "video_id": video_id, "status": OK, "reason": ""}
    return head | content


@contextlib.contextmanager
def tombstones_on_fault(video_id: str, *paths: str | Path) -> Iterator[None]:
    """Put a JSON tombstone under each of `paths` when the video is found to be at fault."""
    try:
        yield
    except VideoError as error:
        logging.warning("%s", error)
        for path in paths:
            write_json(path, tombstone(video_id, error))


def raise_if_tombstone(document: dict[str, Any]) -> dict[str, Any]:
    """Return a product's document, or raise the VideoError that it stands for."""
    if document["status"] != OK:
        raise VideoError(document["status"], document["reason"])
    return document


def read_product(path: str | Path) -> dict[str, Any]:
    """Read a JSON product; raise VideoError when it is a tombstone."""
    document = read_json(path)
    if not {"status", "reason"} <= document.keys():
        raise InputError(f"{path}: no product, status and reason are missing")
    return raise_if_tombstone(document)


def read_document(path: str | Path, video_id: str) -> dict[str, Any]:
    """A JSON product, or its tombstone; InputError unless it is that of the given video."""
    document = read_json(path)
    missing = {"video_id", "status", "reason"} - document.keys()
    if missing:
        raise InputError(f"{path}: fields are missing: {', '.join(sorted(missing))}")
    if document["video_id"] != video_id:
        raise InputError(
            f"{path}: belongs to video {document['video_id']!r}, expected {video_id!r}"
        )
    return document


def check_not_tombstone(path: str | Path) -> None:
    """Raise the VideoError of a binary product that is a tombstone, else do nothing."""
    with Path(path).open("rb") as file:
        first = file.read(1)
    if first == b"{":  # no video container begins with a brace
        read_product(path)
