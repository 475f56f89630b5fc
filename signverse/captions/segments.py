"""Cues as clean segments, in order and inside the video."""

from typing import Any

from signverse.captions.cleaning import clean, content_flags
from signverse.captions.cues import Cue

Segment = dict[str, Any]
# Platforms state the length in whole seconds: a cue that much longer is no error.
TOLERANCE_SEC = 1.0


def make_segments(cues: list[Cue], duration_sec: float | None) -> list[Segment]:
    """Segments of the cues that say something, ordered by time.

    A segment has `start_sec` and `end_sec` (seconds from the start of the video, to the
    millisecond, inside the video if its duration is known), `text` (one line) and `flags`:

    * non_speech, lyrics: see cleaning.content_flags
    * reversed: its end came before its start, which now is its end too
    * out_of_range: it lay outside the video by more than a second, or began before it
    * overlap: it begins before an earlier one ends

    The same text at the same times stands once.
    """
    found = {(c.start_sec, c.end_sec, text): c for c in cues if (text := clean(c.text))}
    segments = [_segment(cue, text, duration_sec) for (_, _, text), cue in found.items()]
    segments.sort(key=lambda segment: (segment["start_sec"], segment["end_sec"]))
    latest_sec = 0.0
    for segment in segments:
        if segment["start_sec"] < latest_sec:
            segment["flags"].append("overlap")
        latest_sec = max(latest_sec, segment["end_sec"])
    return segments


def _segment(cue: Cue, text: str, duration_sec: float | None) -> Segment:
    flags = content_flags(text)
    end_sec = max(cue.start_sec, cue.end_sec)
    if cue.end_sec < cue.start_sec:
        flags.append("reversed")
    limit_sec = float("inf") if duration_sec is None else duration_sec
    if cue.start_sec < 0 or end_sec > limit_sec + TOLERANCE_SEC:
        flags.append("out_of_range")
    start_sec, end_sec = (round(min(max(t, 0.0), limit_sec), 3) for t in (cue.start_sec, end_sec))
    return {"start_sec": start_sec, "end_sec": end_sec, "text": text, "flags": flags}
