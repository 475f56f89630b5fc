"""WebVTT and SubRip files as cues.

One tolerant reader for both. webvtt-py and pysrt, with which the tests compare it, are right on
files that keep to the rules and lose text without a word on real ones: a blank line inside a cue,
none between two cues, decimals of the other format, no hours in SubRip, no header in WebVTT.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

NEW_LINE = re.compile(r"\r{0,2}\n|\r")  # "\r\r\n": written as text twice on Windows
TIME = r"(-?)(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d*))?"
TIMING = re.compile(rf"\s*{TIME}\s*-->\s*{TIME}(?![\d:])", re.ASCII)
CLOCK = re.compile(r"\d:\d", re.ASCII)
HEADER = "WEBVTT"
# A block that is not shown; a header in the middle is that of a second file. "NOTEBOOK" is none,
# nor is "NOTE" said in a cue.
SPECIAL = re.compile(r"NOTE([ \t].*)?|(STYLE|REGION)[ \t]*|\ufeff?WEBVTT([ \t].*)?")


@dataclass(frozen=True, slots=True)
class Cue:
    """Raw text, lines and markup as in the file, shown between two times in seconds."""

    start_sec: float
    end_sec: float
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Cues in the order of the file, and how many more could not be read."""

    cues: list[Cue]
    unreadable: int = 0


def parse_webvtt(text: str) -> Reading:
    """Cues of a WebVTT file; raise ValueError when it is none."""
    reading = _parse(text, webvtt=True)
    if not (reading.cues or reading.unreadable or text.lstrip("\ufeff \r\n").startswith(HEADER)):
        raise ValueError("no WebVTT header and no cue in the text")
    return reading


def parse_srt(text: str) -> Reading:
    """Cues of a SubRip file; raise ValueError when it has none."""
    reading = _parse(text, webvtt=False)
    if not (reading.cues or reading.unreadable):
        raise ValueError("no SubRip cue in the text")
    return reading


def _parse(text: str, *, webvtt: bool) -> Reading:
    """Cues between the lines of times; what stands before the first of these is no cue."""
    lines = NEW_LINE.split(text.removeprefix("\ufeff"))
    timings = [number for number in range(len(lines)) if _is_timing(lines, number)]
    cues: list[Cue] = []
    number = _number(lines[timings[0] - 1]) if timings and timings[0] else None
    for at, following in pairwise([*timings, len(lines)]):
        body = lines[at + 1 : following]
        name = _identifier(body, number, webvtt) if following < len(lines) else None
        number = None if name is None else _number(name)
        shown = list(_shown(body if name is None else body[:-1], webvtt))
        if match := TIMING.match(lines[at]):
            groups = match.groups()
            times = (seconds(*groups[:5]), seconds(*groups[5:]))
            cues.append(Cue(*times, "\n".join(shown).rstrip("\n")))
    return Reading(cues, len(timings) - len(cues))


def _is_timing(lines: list[str], number: int) -> bool:
    """Whether a line has the times of a cue, be it unreadable ones."""
    line = lines[number]
    if "-->" not in line:
        return False
    before = lines[number - 1] if number else ""
    starts_block = not before.strip() or _number(before) is not None
    return bool(TIMING.match(line) or CLOCK.search(line) or starts_block)


def _number(line: str) -> int | None:
    digits = line.strip(" \t")
    return int(digits) if re.fullmatch("[0-9]{1,9}", digits) else None


def _identifier(body: list[str], previous: int | None, webvtt: bool) -> str | None:
    """The last line before the next cue's times, if it is this cue's name and no text.

    It is when it stands alone after an empty line, in SubRip only a number; and when it counts
    on from the previous cue, for files without empty lines.
    """
    if not body or not body[-1].strip():
        return None
    number = _number(body[-1])
    alone = len(body) > 1 and not body[-2]
    counts_on = number is not None and previous is not None and number == previous + 1
    return body[-1] if counts_on or (alone and (webvtt or number is not None)) else None


def _shown(body: list[str], webvtt: bool) -> Iterator[str]:
    """The lines of a cue; text after an empty line is part of it, special blocks are not."""
    special = False
    for number, line in enumerate(body):
        if not line:
            special = False
        elif webvtt and number and not body[number - 1] and SPECIAL.fullmatch(line):
            special = True
        if not special:
            yield line


def seconds(sign: str, hours: str | None, minutes: str, rest: str, decimals: str | None) -> float:
    """The groups of TIME in seconds, to the millisecond; decimals may have any length."""
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(rest)
    milliseconds = whole * 1000 + round(1000 * float(f"0.{decimals or 0}"))
    return (-milliseconds if sign else milliseconds) / 1000
