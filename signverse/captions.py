"""Caption tracks as clean, timed segments."""

import html
import logging
import re
from typing import Any

import pysrt
import webvtt

SCHEMA_VERSION = 1
TAG = re.compile(r"</?[a-zA-Z0-9][^<>]*>|\{\\[^{}]*\}")  # <c.colour>, <v Name>, <i>, {\an8}

Segment = dict[str, Any]


def structure_track(track: dict[str, Any]) -> dict[str, Any]:
    """One raw subtitle track → its language, kind, source and segments.

    A segment has `start_sec` and `end_sec` (seconds from the start of the video) and `text`
    (one line). A track that cannot be parsed has no segments and says why in `problem`.
    """
    segments: list[Segment] = []
    problem = track["problem"]
    if track["text"] is not None:
        try:
            segments = PARSERS[track["format"]](track["text"])
        except Exception as error:  # each parser has errors of its own; the track is at fault
            problem = f"{type(error).__name__}: {error}"
            logging.warning("track %s (%s): %s", track["language"], track["kind"], problem)
    return {
        "language": track["language"],
        "kind": track["kind"],
        "name": track["name"],
        "source": track["source"],
        "problem": problem,
        "segments": segments,
    }


def parse_webvtt(text: str) -> list[Segment]:
    """Segments of a WebVTT file."""
    cues: Any = webvtt.from_string(text)
    return _in_order(
        segment(_seconds(cue.start_time), _seconds(cue.end_time), cue.raw_text) for cue in cues
    )


def _seconds(time: Any) -> float:
    """A webvtt-py timestamp in seconds; its own *_in_seconds leave out the milliseconds."""
    hours, minutes, seconds, milliseconds = time.to_tuple()
    return float(hours * 3600 + minutes * 60 + seconds + milliseconds / 1000)


def parse_srt(text: str) -> list[Segment]:
    """Segments of a SubRip file."""
    cues = pysrt.from_string(text)
    if text.strip() and not cues:
        raise ValueError("no SubRip cue in the text")
    return _in_order(
        segment(cue.start.ordinal / 1000, cue.end.ordinal / 1000, cue.text) for cue in cues
    )


def segment(start_sec: float, end_sec: float, text: str) -> Segment:
    """A segment with its text on one line, without markup."""
    plain = html.unescape(TAG.sub("", text))
    return {
        "start_sec": round(start_sec, 3),
        "end_sec": round(end_sec, 3),
        "text": " ".join(plain.split()),
    }


def _in_order(segments: Any) -> list[Segment]:
    """Segments that say something, by time."""
    spoken = [found for found in segments if found["text"]]
    return sorted(spoken, key=lambda found: (found["start_sec"], found["end_sec"]))


PARSERS = {"vtt": parse_webvtt, "srt": parse_srt}
