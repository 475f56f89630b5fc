"""Rolling captions: each word once, with the right times."""

import pytest

from signverse.captions.cleaning import clean
from signverse.captions.cues import Cue, parse_srt, parse_webvtt
from signverse.captions.rolling import end_at_next, unroll

# As YouTube sends automatic captions; "[Music]" has no word times, the pause after "today" clears
# the screen, "yes" is said twice, and the blank rows hold a single blank.
YOUTUBE = """WEBVTT
Kind: captions
Language: en

00:00:00.320 --> 00:00:02.389 align:start position:0%
 
[Music]

00:00:02.389 --> 00:00:02.399 align:start position:0%
[Music]
 

00:00:02.399 --> 00:00:05.030 align:start position:0%
[Music]
hello<00:00:02.720><c> and</c><00:00:03.040><c> welcome</c>

00:00:05.030 --> 00:00:05.040 align:start position:0%
hello and welcome
 

00:00:05.040 --> 00:00:07.670 align:start position:0%
hello and welcome
back<00:00:05.440><c> to</c><00:00:06.000><c> sign</c><00:00:06.480><c> today</c>

00:00:07.670 --> 00:00:07.680 align:start position:0%
 
 

00:00:12.000 --> 00:00:13.110 align:start position:0%
 
yes

00:00:13.110 --> 00:00:13.120 align:start position:0%
yes
 

00:00:13.120 --> 00:00:14.590 align:start position:0%
yes
yes

00:00:14.590 --> 00:00:14.600 align:start position:0%
yes
 

00:00:14.600 --> 00:00:16.000 align:start position:0%
yes
we<00:00:14.900><c> do,</c><00:00:15.200><c> we</c><00:00:15.400><c> do</c>

"""
BY_HAND = [
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
FOUR_LINES_BY_HAND = [
    (0.0, 2.0, "good evening"),
    (2.0, 4.0, "and thank you"),
    (4.0, 6.0, "thank you"),
    (6.0, 8.0, "for being here"),
    (8.0, 10.0, "this is the news"),
    (10.0, 15.0, "of the day"),
]


def listed(cues: list[Cue]) -> list[tuple[float, float, str]]:
    return [(cue.start_sec, cue.end_sec, clean(cue.text)) for cue in cues]


def unrolled(text: str, *, manual: bool = False) -> list[tuple[float, float, str]]:
    return listed(unroll(parse_webvtt(text).cues, manual=manual))


@pytest.mark.parametrize("manual", [False, True], ids=["automatic", "uploaded"])
def test_two_rolling_lines_with_holds_give_each_word_once(manual: bool) -> None:
    assert unrolled(YOUTUBE, manual=manual) == BY_HAND


@pytest.mark.parametrize("manual", [False, True], ids=["automatic", "uploaded"])
def test_four_rolling_lines_give_each_word_once(manual: bool) -> None:
    assert unrolled(FOUR_LINES, manual=manual) == FOUR_LINES_BY_HAND


def test_blank_rows_above_the_lines_change_nothing() -> None:
    cues = parse_webvtt(FOUR_LINES).cues
    padded = [
        Cue(cue.start_sec, cue.end_sec, " \n" * (3 - cue.text.count("\n")) + cue.text)
        for cue in cues
    ]
    assert listed(unroll(padded, manual=False)) == FOUR_LINES_BY_HAND


def test_rows_that_an_editor_emptied_change_nothing() -> None:
    assert unrolled(YOUTUBE.replace("\n \n", "\n\n")) == BY_HAND


def test_srt_made_from_rolling_captions_is_unrolled_too() -> None:
    blocks = YOUTUBE.partition("\n\n")[2].replace(" align:start position:0%", "")
    text = blocks.replace("<c>", "").replace("</c>", "")
    cues = parse_srt("1\n" + text.replace("\n\n00:", "\n\n2\n00:")).cues
    assert listed(unroll(cues, manual=False)) == BY_HAND


def test_a_line_begins_with_its_first_word() -> None:
    text = YOUTUBE.replace("\nhello<", "\n<00:00:02.500><c>hello</c><")
    assert unrolled(text)[1] == (2.5, 5.04, "hello and welcome")


def test_a_word_time_outside_its_cue_is_not_believed() -> None:
    text = YOUTUBE.replace("\nhello<", "\n<00:09:00.000><c>hello</c><")
    assert unrolled(text)[1] == (2.399, 5.04, "hello and welcome")


def test_a_screen_that_is_empty_between_all_lines_is_rolling_too() -> None:
    text = """WEBVTT

00:03.000 --> 00:20.470
 
No<00:03.200><c> idea.</c>

00:20.470 --> 00:20.480
 
 

00:20.480 --> 00:46.830
 
Oh.
"""
    assert unrolled(text) == [(3.0, 20.48, "No idea."), (20.48, 46.83, "Oh.")]


REFRAINS = {
    "one word": [(0, 1, "no"), (1, 2, "no"), (2, 3, "no no no"), (3, 4, "no")],
    "the same cue": [(n, n + 1, "Row, row, row your boat") for n in range(9)],
    "two lines": [(n, n + 1, "la la la\nla la la") for n in range(9)],
    "a line of before": [(0, 1, "a b\nc d"), (1, 2, "c d\ne f"), (2, 3, "x"), (3, 4, "y")],
    "round and round": [(n, n + 1, ("a\nb", "b\na")[n % 2]) for n in range(9)],
    "karaoke": [(n, n + 1, f"<00:0{n}.500>no<00:0{n}.700> no") for n in range(9)],
    "with pauses": [(2 * n, 2 * n + 1, "so\nso it goes") for n in range(9)],
}


@pytest.mark.parametrize("name", REFRAINS)
def test_manual_captions_that_repeat_themselves_lose_nothing(name: str) -> None:
    cues = [Cue(*times_and_text) for times_and_text in REFRAINS[name]]
    assert unroll(cues, manual=True) == cues


@pytest.mark.parametrize("name", ["one word", "the same cue", "two lines", "karaoke", "with pauses"])
def test_so_do_automatic_ones_that_do_not_roll(name: str) -> None:
    cues = [Cue(*times_and_text) for times_and_text in REFRAINS[name]]
    assert unroll(cues, manual=False) == cues


def test_nothing_unrolls_to_nothing() -> None:
    assert unroll([], manual=False) == []
    assert unroll([Cue(0, 1, "x")], manual=False) == [Cue(0, 1, "x")]


def test_lines_end_when_the_next_begins_or_when_they_leave_the_screen() -> None:
    cues = [Cue(4, 9, "c"), Cue(0, 5, "a"), Cue(2, 3.985, "b"), Cue(20, 21, "d")]
    assert end_at_next(cues) == [Cue(0, 2, "a"), Cue(2, 4, "b"), Cue(4, 9, "c"), Cue(20, 21, "d")]


def test_lines_that_begin_together_keep_their_ends() -> None:
    assert end_at_next([Cue(1, 2, "a"), Cue(1, 3, "b")]) == [Cue(1, 2, "a"), Cue(1, 3, "b")]
