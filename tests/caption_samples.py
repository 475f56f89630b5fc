"""Rolling captions as WebVTT and as json3, and the segments they are, worked out by hand."""

from typing import Any

# As YouTube sends automatic captions; "[Music]" has no word times, the pause after "today" clears
# the screen, "yes" is said twice, and blank rows hold a single blank (~).
YOUTUBE = """WEBVTT
Kind: captions
Language: en

00:00:00.320 --> 00:00:02.389 align:start position:0%
~
[Music]

00:00:02.389 --> 00:00:02.399 align:start position:0%
[Music]
~

00:00:02.399 --> 00:00:05.030 align:start position:0%
[Music]
hello<00:00:02.720><c> and</c><00:00:03.040><c> welcome</c>

00:00:05.030 --> 00:00:05.040 align:start position:0%
hello and welcome
~

00:00:05.040 --> 00:00:07.670 align:start position:0%
hello and welcome
back<00:00:05.440><c> to</c><00:00:06.000><c> sign</c><00:00:06.480><c> today</c>

00:00:07.670 --> 00:00:07.680 align:start position:0%
~
~

00:00:12.000 --> 00:00:13.110 align:start position:0%
~
yes

00:00:13.110 --> 00:00:13.120 align:start position:0%
yes
~

00:00:13.120 --> 00:00:14.590 align:start position:0%
yes
yes

00:00:14.590 --> 00:00:14.600 align:start position:0%
yes
~

00:00:14.600 --> 00:00:16.000 align:start position:0%
yes
we<00:00:14.900><c> do,</c><00:00:15.200><c> we</c><00:00:15.400><c> do</c>

""".replace("~", " ")
YOUTUBE_SEGMENTS = [
    (0.32, 2.399, "[Music]"),
    (2.399, 5.04, "hello and welcome"),
    (5.04, 7.67, "back to sign today"),
    (12.0, 13.12, "yes"),
    (13.12, 14.6, "yes"),
    (14.6, 16.0, "we do, we do"),
]

# A window of four lines without word times, as television rolls up: a line comes every two
# seconds, the oldest of four goes, and "thank you" is said twice.
FOUR_LINES = """WEBVTT

00:00.000 --> 00:02.000
good evening

00:02.000 --> 00:04.000
good evening
and thank you

00:04.000 --> 00:06.000
good evening
and thank you
thank you

00:06.000 --> 00:08.000
good evening
and thank you
thank you
for being here

00:08.000 --> 00:10.000
and thank you
thank you
for being here
this is the news

00:10.000 --> 00:13.000
thank you
for being here
this is the news
of the day

00:13.000 --> 00:15.000
this is the news
of the day
"""
FOUR_LINES_SEGMENTS = [
    (0.0, 2.0, "good evening"),
    (2.0, 4.0, "and thank you"),
    (4.0, 6.0, "thank you"),
    (6.0, 8.0, "for being here"),
    (8.0, 10.0, "this is the news"),
    (10.0, 15.0, "of the day"),
]


def line(start_ms: int, duration_ms: int, *words: tuple[int, str]) -> dict[str, Any]:
    """An event of automatic captions; offsets in milliseconds, none for 0 as on YouTube."""
    pieces = [
        {"utf8": text, "acAsrConf": 0} | ({"tOffsetMs": offset} if offset else {})
        for offset, text in words
    ]
    return {"tStartMs": start_ms, "dDurationMs": duration_ms, "wWinId": 1, "segs": pieces}


def scroll(start_ms: int) -> dict[str, Any]:
    return line(start_ms, 2000, (0, "\n")) | {"aAppend": 1}


WINDOW = {"tStartMs": 0, "dDurationMs": 60000, "id": 1, "wpWinPosId": 1, "wsWinStyleId": 1}
# The speech of YOUTUBE.
YOUTUBE_EVENTS = [
    WINDOW,
    line(320, 4720, (0, "[Music]")),
    scroll(2389),
    line(2399, 5271, (0, "hello"), (321, " and"), (641, " welcome")),
    scroll(5030),
    line(5040, 2630, (0, "back"), (400, " to"), (960, " sign"), (1440, " today")),
    scroll(7670),
    line(12000, 2600, (0, "yes")),
    scroll(13110),
    line(13120, 2880, (0, "yes")),
    scroll(14590),
    line(14600, 1400, (0, "we"), (300, " do,"), (600, " we"), (800, " do")),
]
FOUR_LINES_EVENTS = [
    WINDOW,
    line(0, 8000, (0, "good"), (300, " evening")),
    scroll(1990),
    line(2000, 8000, (0, "and"), (200, " thank"), (500, " you")),
    scroll(3990),
    line(4000, 9000, (0, "thank"), (500, " you")),
    scroll(5990),
    line(6000, 7000, (0, "for"), (500, " being"), (900, " here")),
    scroll(7990),
    line(8000, 7000, (0, "this"), (500, " is"), (900, " the"), (1100, " news")),
    scroll(9990),
    line(10000, 5000, (0, "of"), (500, " the"), (900, " day")),
]
