"""What an answer of the platform says about when to ask again."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


def retry_after(error: BaseException) -> float | None:
    """Seconds that the platform asked to wait, by the Retry-After header behind an error.

    The header may be far down: yt-dlp's DownloadError has the error it reports in `exc_info`,
    ExtractorError in `cause`, and HTTPError at last has the `response`; errors of urllib have the
    `headers` themselves. Both forms of the header are read (RFC 9110, section 10.2.3): seconds,
    and a date, which is compared with the answer's own date where it has one, for the clock of
    this host may be wrong. None when nothing readable is there; never negative.
    """
    for found in _chain(error):
        headers = getattr(getattr(found, "response", found), "headers", None)
        if headers is not None:
            seconds = _seconds(headers)
            if seconds is not None:
                return seconds
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that stand behind it, the outermost first, each once."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        found = waiting.pop(0)
        if any(found is other for other in seen):
            continue
        seen.append(found)
        yield found
        reported = getattr(found, "exc_info", None) or (None, None, None)
        links = (getattr(found, "cause", None), reported[1], found.__cause__, found.__context__)
        waiting += [link for link in links if isinstance(link, BaseException)]


def _seconds(headers: Mapping[str, Any]) -> float | None:
    value = str(headers.get("Retry-After") or "").strip()
    if re.fullmatch(r"\d+(\.\d*)?", value, re.ASCII):
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    until = _date(value)
    if until is None:
        return None
    answered = _date(str(headers.get("Date") or "")) or datetime.now(UTC)
    return max(0.0, (until - answered).total_seconds())


def _date(value: str) -> datetime | None:
    """A date of HTTP, which is in GMT whatever it says of its zone."""
    try:
        return parsedate_to_datetime(value).replace(tzinfo=UTC)
    except ValueError:
        return None
