"""Files of known size or hash from one address over HTTP, continued where they broke off.

What has come is in a *part*, and beside it, with the ending `.json`, what it was begun from: ETag,
date and length. A part is continued only if it is surely of the same file; else it starts anew.
"""

import contextlib
import http.client
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signverse.files import write_json

CHUNK_BYTES = 1 << 18
FIRST_PAUSE_SEC, LONGEST_PAUSE_SEC = 0.5, 60  # between two tries; the pause doubles
PASSING_CODES = (408, 429)  # and 5xx: the same address may answer later (RFC 9110, RFC 6585)
# What servers send with status 200 in place of a binary file, by its beginning.
NO_FILES = {b"<": "a web page", b"version https://git-lfs": "a Git LFS pointer"}


class DownloadError(Exception):
    """An address does not give the file, for the reason in the message."""


class _BrokenError(Exception):
    """The network failed: the same address is tried again."""


class _ChangedError(Exception):
    """What the server has is not what the part was begun from."""


def shown(url: str) -> str:
    """An address as it may be logged: without its query, which may hold a key."""
    return url.partition("?")[0]


def download(
    url: str, part: Path, *, size: int | None, hashed: bool, timeout_sec: float, retries: int
) -> None:
    """Bring the part of the file at `url` to its full length.

    `size` is in bytes, None when unknown; `hashed` says that the caller will compare the hash.
    `timeout_sec` is for one network read; a failure of the network is followed by `retries`
    further tries. Raises DownloadError when the address has no such file, or when no try got to
    the end (then the part stays), and OSError when the disk fails.
    """
    for attempt in range(retries + 1):
        try:
            try:
                _transfer(url, part, size, hashed, timeout_sec)
            except _ChangedError:
                part.unlink()
                _transfer(url, part, size, hashed, timeout_sec)
            return
        except _BrokenError as error:
            if attempt == retries:
                raise DownloadError(str(error)) from error
            logging.warning("%s: %s; trying again", shown(url), error)
            time.sleep(min(FIRST_PAUSE_SEC * 2**attempt, LONGEST_PAUSE_SEC))


def _transfer(url: str, part: Path, size: int | None, hashed: bool, timeout_sec: float) -> None:
    """One try; _ChangedError when the part is of another file and must go."""
    label = part.with_suffix(".json")
    begun = _read_label(label)
    validator = _validator(begun)
    done = part.stat().st_size if part.exists() and (validator or hashed) else 0
    if done and done == begun["total"]:
        return
    logging.info("%s: from byte %d", shown(url), done)
    with _answer(url, done, validator, timeout_sec) as response:
        offered = _label_of(response)
        total = offered["total"]
        if response.status == 206 and not _continues(response, begun, offered, done):
            raise _ChangedError
        if None not in (size, total) and total != size:
            raise DownloadError(f"expected {size} bytes, offered {total}")
        if total is None and size is None and not hashed and not response.chunked:
            raise DownloadError("neither hash nor length is known, so nothing shows a lost end")
        chunks = _chunks(response, timeout_sec)
        if response.status == 200:
            first = next(chunks, b"")
            _check_beginning(response, first, total)
            part.unlink(missing_ok=True)  # first: a kill must not leave old bytes with a new label
            write_json(label, offered)
            part.write_bytes(first)
        with part.open("ab") as file:
            for chunk in chunks:
                file.write(chunk)
    if total is not None and part.stat().st_size < total:
        raise _BrokenError(f"ended after {part.stat().st_size} of {total} bytes")


def _read_label(path: Path) -> dict[str, Any]:
    """What a part was begun from; nothing when that is not known."""
    unknown = {"etag": None, "modified": None, "total": None}
    try:
        return unknown | json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, TypeError):
        return unknown


def _label_of(response: http.client.HTTPResponse) -> dict[str, Any]:
    """ETag, date and length in bytes of the file behind an answer."""
    length = response.headers.get("Content-Length", "")
    if response.status == 206:
        length = response.headers.get("Content-Range", "").rpartition("/")[2]
    return {
        "etag": response.headers.get("ETag"),
        "modified": response.headers.get("Last-Modified"),
        "total": int(length) if length.isdecimal() else None,
    }


def _validator(label: dict[str, Any]) -> str | None:
    """What If-Range may name: a strong ETag, else the date (RFC 9110, section 13.1.5)."""
    etag: str | None = label["etag"]
    modified: str | None = label["modified"]
    return etag if etag and not etag.startswith("W/") else modified


def _continues(
    response: http.client.HTTPResponse, begun: dict[str, Any], offered: dict[str, Any], done: int
) -> bool:
    """Whether an answer goes on where the part ends, and nothing says it is another file."""
    same = all(None in (begun[key], offered[key]) or begun[key] == offered[key] for key in begun)
    return same and response.headers.get("Content-Range", "").startswith(f"bytes {done}-")


@contextlib.contextmanager
def _answer(
    url: str, done: int, validator: str | None, timeout_sec: float
) -> Iterator[http.client.HTTPResponse]:
    """The answer, of status 200 or 206, to a request for all bytes from `done` on."""
    headers = {"User-Agent": "signverse", "Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-"} | ({"If-Range": validator} if validator else {})
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=timeout_sec)
    except urllib.error.HTTPError as error:
        error.close()
        if done and error.code == 416:  # the file is shorter than the part
            raise _ChangedError from error
        passing = error.code >= 500 or error.code in PASSING_CODES
        raise (_BrokenError if passing else DownloadError)(f"HTTP {error.code}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _BrokenError(_why(error, timeout_sec)) from error
    with response:
        if response.status not in ((200, 206) if done else (200,)):
            raise DownloadError(f"HTTP {response.status}")
        yield response


def _chunks(response: http.client.HTTPResponse, timeout_sec: float) -> Iterator[bytes]:
    """What comes, as it comes, so that nothing of it is lost when the connection breaks."""
    try:
        while chunk := response.read1(CHUNK_BYTES):
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenError(_why(error, timeout_sec)) from error


def _why(error: BaseException, timeout_sec: float) -> str:
    """The reason of a failure, without the address, which after a redirect may hold a key."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"nothing came for {timeout_sec:g} s"
    return getattr(reason, "strerror", None) or f"the connection broke ({type(reason).__name__})"


def _check_beginning(response: http.client.HTTPResponse, first: bytes, total: int | None) -> None:
    """Raise DownloadError for what is sent in place of a file."""
    if not first and not total:
        raise DownloadError("an empty file was sent")
    page = b"<" if response.headers.get_content_type() == "text/html" else b""
    text = page or first.removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, name in NO_FILES.items():
        if text.startswith(beginning):
            raise DownloadError(f"{name} was sent instead of the file")
