"""Raw subtitle tracks as structured ones: the content of captions.json."""

import logging
from collections.abc import Callable
from typing import Any

from signverse.captions.cues import Cue, Reading, parse_srt, parse_webvtt
from signverse.captions.json3 import parse_json3
from signverse.captions.languages import iso639_3
from signverse.captions.rolling import unroll
from signverse.captions.segments import make_segments

SCHEMA_VERSION = 2  # of captions.json
PARSERS: dict[str, Callable[[str], Reading]] = {
    "vtt": parse_webvtt,
    "srt": parse_srt,
    "json3": parse_json3,
}
PASSED_ON = ("language", "kind", "name", "source")


def structure_track(track: dict[str, Any], duration_sec: float | None) -> dict[str, Any]:
    """One raw track of subtitles.json → what it is, and its segments.

    The facts of the track, its language also as ISO 639-3, and segments as in
    segments.make_segments. What cannot be read is told in `problem`.
    """
    cues, problem = _read(track)
    if problem:
        logging.warning("track %s (%s): %s", track["language"], track["kind"], problem)
    return {
        **{key: track[key] for key in PASSED_ON},
        "language_iso639_3": iso639_3(track["language"]),
        "source_language": track["source_language"],
        "problem": problem,
        "segments": make_segments(cues, duration_sec),
    }


def _read(track: dict[str, Any]) -> tuple[list[Cue], str | None]:
    """Cues that show each text once, and the problem of the track."""
    if track["text"] is None:
        return [], track["problem"]
    if track["format"] not in PARSERS:
        return [], f"format {track['format']!r} is none of {', '.join(PARSERS)}"
    if not track["text"].strip():
        return [], "the track is empty"
    try:
        reading = PARSERS[track["format"]](track["text"])
    except (ValueError, RecursionError) as error:
        return [], f"{type(error).__name__}: {error}"
    problems = [track["problem"]] if track["problem"] else []
    if reading.unreadable:
        total = reading.unreadable + len(reading.cues)
        problems.append(f"{reading.unreadable} of {total} cues could not be read")
    cues = reading.cues
    if track["format"] != "json3":  # whose lines are there once already
        cues = unroll(cues, manual=track["kind"] == "manual")
    return cues, "; ".join(problems) or None
