"""Cues as segments in order and inside the video."""

from typing import Any

import pytest

from signverse.captions.cues import Cue
from signverse.captions.segments import make_segments


def listed(cues: list[Cue], duration_sec: float | None = None) -> list[tuple[Any, ...]]:
    found = make_segments(cues, duration_sec)
    return [(s["start_sec"], s["end_sec"], s["text"], s["flags"]) for s in found]


def test_a_segment_has_times_text_and_flags() -> None:
    assert make_segments([Cue(1.0, 2.5, "<i>Hello</i>\nthere")], None) == [
        {"start_sec": 1.0, "end_sec": 2.5, "text": "Hello there", "flags": []}
    ]


def test_segments_are_ordered_by_start_then_end_and_empty_cues_are_left_out() -> None:
    cues = [Cue(5, 6, "last"), Cue(1, 2, "b"), Cue(3, 4, "&nbsp;"), Cue(1, 1.5, "a"), Cue(2, 3, "")]
    assert [text for *_, text, _ in listed(cues)] == ["a", "b", "last"]


def test_a_cue_that_begins_before_an_earlier_one_ends_overlaps() -> None:
    cues = [Cue(0, 10, "long"), Cue(1, 2, "in"), Cue(3, 4, "in too"), Cue(10, 11, "after")]
    assert [flags for *_, flags in listed(cues)] == [[], ["overlap"], ["overlap"], []]


def test_the_same_text_at_the_same_times_stands_once_and_at_other_times_twice() -> None:
    cues = [Cue(0, 1, "no"), Cue(0, 1, "<b>no</b>"), Cue(1, 2, "no"), Cue(2, 3, "no no")]
    assert listed(cues) == [(0, 1, "no", []), (1, 2, "no", []), (2, 3, "no no", [])]


@pytest.mark.parametrize(
    ("cue", "duration_sec", "expected"),
    [
        (Cue(-1.5, 2, "x"), None, (0, 2, "x", ["out_of_range"])),
        (Cue(-3, -1, "x"), None, (0, 0, "x", ["out_of_range"])),
        (Cue(5, 3, "x"), None, (5, 5, "x", ["reversed"])),
        (Cue(9, 10.8, "x"), 10, (9, 10, "x", [])),
        (Cue(10.2, 10.8, "x"), 10, (10, 10, "x", [])),
        (Cue(9, 12, "x"), 10.0, (9, 10, "x", ["out_of_range"])),
        (Cue(20, 22, "x"), 10.0, (10, 10, "x", ["out_of_range"])),
        (Cue(360000, 360001, "x"), None, (360000, 360001, "x", [])),
        (Cue(12, 2, "[x]"), 10.0, (10, 10, "[x]", ["non_speech", "reversed", "out_of_range"])),
        (Cue(1, 1, "x"), 10.0, (1, 1, "x", [])),
    ],
)
def test_times_outside_the_video_or_reversed_are_cut_and_flagged(
    cue: Cue, duration_sec: float | None, expected: tuple[Any, ...]
) -> None:
    assert listed([cue], duration_sec) == [expected]


def test_times_are_to_the_millisecond() -> None:
    assert listed([Cue(0.1 + 0.2, 1 / 3, "x")]) == [(0.3, 0.333, "x", [])]


def test_no_cues_are_no_segments() -> None:
    assert make_segments([], 10.0) == []
