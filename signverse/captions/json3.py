r"""YouTube's json3 ("timedtext"): events with their words and the times of these.

An event has `tStartMs`, `dDurationMs` (how long it stays on the screen) and `segs`, a list of
pieces of text `utf8`, in automatic captions words, each with `tOffsetMs` from the event's start.
Events without `segs` open windows. In automatic captions an event with `aAppend` and the text
"\n" moves the last line up, as a rule 10 ms before the next begins. The screen only changes when
an event begins: a line whose duration ends in between stays until then, in YouTube's WebVTT too.
"""

import json
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from signverse.captions.cues import Cue, Reading
from signverse.captions.rolling import end_at_next


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of text, as a rule a word with the blank before it, and when it is said."""

    start_sec: float
    text: str


@dataclass(frozen=True, slots=True)
class Event:
    """Words that appear together or one by one in one line; `appends` to the line before."""

    start_sec: float
    end_sec: float
    words: tuple[Word, ...]
    appends: bool

    @property
    def text(self) -> str:
        """The text of all words."""
        return "".join(word.text for word in self.words)

    @property
    def first_word_sec(self) -> float:
        """When the first word is said that is not blank."""
        return next((w.start_sec for w in self.words if w.text.strip()), self.start_sec)


def parse_json3(text: str) -> Reading:
    """Cues of a json3 file, each line once; raise ValueError when it is none."""
    document = json.loads(text)
    found = document.get("events") if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise ValueError("no json3 document: it has no list of events")
    events, unreadable = read_events(found)
    if any(event.appends or len({w.start_sec for w in event.words}) > 1 for event in events):
        changes_sec = [event.start_sec for event in events]
        lines = [replace(c, end_sec=_leaves_sec(c, changes_sec)) for c in _lines(events)]
        return Reading(end_at_next(lines), unreadable)
    cues = [Cue(e.start_sec, e.end_sec, e.text) for e in events if e.text.strip()]
    return Reading(cues, unreadable)


def read_events(found: list[Any]) -> tuple[list[Event], int]:
    """The events that have text, by their start, and how many could not be read."""
    events: list[Event] = []
    unreadable = 0
    for event in found:
        if isinstance(event, dict) and "segs" not in event:
            continue  # a window
        try:
            events.append(_event(event))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            unreadable += 1
    return sorted(events, key=lambda event: event.start_sec), unreadable


def _event(event: dict[str, Any]) -> Event:
    start_ms = int(event["tStartMs"])
    words = tuple(
        Word((start_ms + int(piece.get("tOffsetMs", 0))) / 1000, _text(piece))
        for piece in event["segs"]
    )
    end_sec = max(
        [(start_ms + int(event.get("dDurationMs", 0))) / 1000, *(w.start_sec for w in words)]
    )
    return Event(start_ms / 1000, end_sec, words, bool(event.get("aAppend")))


def _text(piece: dict[str, Any]) -> str:
    text = piece.get("utf8") or ""
    if not isinstance(text, str):
        raise TypeError(f"a text of type {type(text).__name__}")
    return text


def _lines(events: list[Event]) -> Iterator[Cue]:
    """One cue for each line, with what is appended to it, as long as it is stated to last."""
    line: Cue | None = None
    for event in events:
        text = event.text
        if not text.strip():
            continue
        if line and event.appends and not text.startswith("\n"):
            end_sec = max(line.end_sec, event.end_sec)
            line = replace(line, end_sec=end_sec, text=line.text + text)
        else:
            if line:
                yield line
            line = Cue(event.first_word_sec, event.end_sec, text)
    if line:
        yield line


def _leaves_sec(line: Cue, changes_sec: list[float]) -> float:
    """When a line leaves the screen: at the first change of it after the line's stated end."""
    number = bisect_left(changes_sec, line.end_sec)
    return changes_sec[number] if number < len(changes_sec) else line.end_sec
