"""YouTube's json3: the same segments as WebVTT of the same speech."""

import json
from typing import Any

import pytest
from caption_samples import (
    FOUR_LINES_EVENTS,
    FOUR_LINES_SEGMENTS,
    WINDOW,
    YOUTUBE_EVENTS,
    YOUTUBE_SEGMENTS,
    line,
    scroll,
)

from signverse.captions.cleaning import clean
from signverse.captions.cues import Reading, parse_webvtt
from signverse.captions.json3 import Word, parse_json3, read_events
from signverse.captions.rolling import unroll


def document(*events: Any) -> str:
    return json.dumps({"wireMagic": "pb3", "pens": [{}], "events": list(events)})


def listed(reading: Reading) -> list[tuple[float, float, str]]:
    assert reading.unreadable == 0
    return [(cue.start_sec, cue.end_sec, clean(cue.text)) for cue in reading.cues]


@pytest.mark.parametrize(
    ("events", "expected"),
    [(YOUTUBE_EVENTS, YOUTUBE_SEGMENTS), (FOUR_LINES_EVENTS, FOUR_LINES_SEGMENTS)],
    ids=["two lines", "four lines"],
)
def test_json3_and_webvtt_of_the_same_speech_give_the_same_segments(
    events: list[dict[str, Any]], expected: list[tuple[float, float, str]]
) -> None:
    assert listed(parse_json3(document(*events))) == expected


def test_so_do_lines_whose_stated_duration_is_a_placeholder() -> None:
    """Long lines state 3 seconds and stay until the next event, in the player and in WebVTT."""
    events = [line(3000, 3000, (0, "No idea.")), scroll(20470), line(20480, 3000, (0, "Oh."))]
    expected = [(3.0, 20.48, "No idea."), (20.48, 46.83, "Oh.")]
    assert listed(parse_json3(document(*events, scroll(46830)))) == expected


def test_a_line_that_moves_up_several_times_stays_until_its_own_end() -> None:
    """As in translated captions, where one line stands for several of the original."""
    events = [line(1000, 5000, (0, "a whole sentence")), *map(scroll, (2990, 4990, 6490, 8990))]
    expected = [(1.0, 6.49, "a whole sentence"), (9.0, 10.0, "next")]
    assert listed(parse_json3(document(*events, line(9000, 1000, (0, "next"))))) == expected
    webvtt = """WEBVTT

00:01.000 --> 00:02.990
~
a whole sentence

00:02.990 --> 00:04.990
a whole sentence
~

00:04.990 --> 00:06.490
a whole sentence
~

00:06.490 --> 00:08.990
~
~

00:08.990 --> 00:09.000
~
~

00:09.000 --> 00:10.000
~
next
"""
    cues = unroll(parse_webvtt(webvtt.replace("~", " ")).cues, manual=False)
    assert listed(Reading(cues)) == expected


def test_lines_with_word_times_end_at_the_next_without_scrolls_too() -> None:
    said = [event for event in YOUTUBE_EVENTS if not event.get("aAppend")]
    assert [found[2] for found in listed(parse_json3(document(*said)))] == [
        s[2] for s in YOUTUBE_SEGMENTS
    ]
    assert listed(parse_json3(document(*said)))[0] == YOUTUBE_SEGMENTS[0]


def test_words_keep_their_times() -> None:
    events, unreadable = read_events(YOUTUBE_EVENTS)
    assert unreadable == 0
    assert events[2].words == (Word(2.399, "hello"), Word(2.72, " and"), Word(3.04, " welcome"))
    assert (events[2].start_sec, events[2].end_sec, events[2].text) == (
        2.399,
        7.67,
        "hello and welcome",
    )


def test_a_line_begins_with_its_first_word() -> None:
    cues = parse_json3(document(line(1000, 3000, (0, " "), (250, "late"), (500, " word")))).cues
    assert [(cue.start_sec, cue.text) for cue in cues] == [(1.25, " late word")]


def test_manual_events_keep_their_own_times_and_may_overlap_and_repeat() -> None:
    events = [
        {"tStartMs": 210, "dDurationMs": 3830, "segs": [{"utf8": "no"}]},
        {"tStartMs": 4040, "dDurationMs": 5090, "segs": [{"utf8": "no\nno no"}]},
        {"tStartMs": 5000, "dDurationMs": 1000, "segs": [{"utf8": "no"}]},
        {"tStartMs": 9130, "dDurationMs": 1000, "segs": [{"utf8": " \n"}]},
    ]
    expected = [(0.21, 4.04, "no"), (4.04, 9.13, "no no no"), (5.0, 6.0, "no")]
    assert listed(parse_json3(document(*events))) == expected


def test_text_that_is_appended_continues_its_line_unless_it_begins_a_new_one() -> None:
    events = [
        line(1000, 3000, (0, "one"), (500, " two")),
        line(2000, 3000, (0, " three")) | {"aAppend": 1},
        line(3000, 3000, (0, "\nfour")) | {"aAppend": 1},
    ]
    expected = [(1.0, 3.0, "one two three"), (3.0, 6.0, "four")]
    assert listed(parse_json3(document(*events))) == expected


def test_events_are_taken_by_time_and_numbers_may_be_text() -> None:
    events = [
        {"tStartMs": "2000", "dDurationMs": "1000", "segs": [{"utf8": "b"}]},
        {"tStartMs": 1000, "dDurationMs": 1000, "segs": [{"utf8": "a"}]},
        {"tStartMs": 3000, "segs": [{"utf8": "c"}]},
    ]
    assert listed(parse_json3(document(*events))) == [(1, 2, "a"), (2, 3, "b"), (3, 3, "c")]


@pytest.mark.parametrize(
    "event",
    [
        {"segs": [{"utf8": "lost"}]},
        {"tStartMs": "soon", "segs": [{"utf8": "lost"}]},
        {"tStartMs": None, "segs": [{"utf8": "lost"}]},
        {"tStartMs": 1e999, "segs": [{"utf8": "lost"}]},
        {"tStartMs": 0, "segs": ["lost"]},
        {"tStartMs": 0, "segs": None},
        {"tStartMs": 0, "segs": [{"utf8": ["lost"]}]},
        "lost",
        None,
    ],
)
def test_an_event_that_cannot_be_read_is_counted(event: Any) -> None:
    good = {"tStartMs": 1000, "dDurationMs": 1000, "segs": [{"utf8": "a"}]}
    reading = parse_json3(document(event, good))
    assert reading.unreadable == 1
    assert [cue.text for cue in reading.cues] == ["a"]


def test_a_piece_without_text_adds_no_word() -> None:
    pieces = [{"utf8": "a"}, {"utf8": None}, {}, {"utf8": " b"}]
    event = {"tStartMs": 1000, "dDurationMs": 1000, "segs": pieces}
    assert listed(parse_json3(document(event))) == [(1, 2, "a b")]


def test_windows_and_events_without_text_are_no_cues() -> None:
    assert parse_json3(document(WINDOW, scroll(10), {"tStartMs": 5, "segs": []})) == Reading([])
    assert parse_json3(document()) == Reading([])


@pytest.mark.parametrize("text", ["[]", "{}", '{"events": {}}', "1", "<html>", '{"events": ['])
def test_what_is_no_json3_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"no json3 document|Expecting"):
        parse_json3(text)
