"""Rolling captions: each word once, with the right times."""

import pytest
from caption_samples import FOUR_LINES, FOUR_LINES_SEGMENTS, YOUTUBE, YOUTUBE_SEGMENTS

from signverse.captions.cleaning import clean
from signverse.captions.cues import Cue, parse_srt, parse_webvtt
from signverse.captions.rolling import end_at_next, unroll


def listed(cues: list[Cue]) -> list[tuple[float, float, str]]:
    return [(cue.start_sec, cue.end_sec, clean(cue.text)) for cue in cues]


def unrolled(text: str, *, manual: bool = False) -> list[tuple[float, float, str]]:
    return listed(unroll(parse_webvtt(text).cues, manual=manual))


@pytest.mark.parametrize("manual", [False, True], ids=["automatic", "uploaded"])
def test_two_rolling_lines_with_holds_give_each_word_once(manual: bool) -> None:
    assert unrolled(YOUTUBE, manual=manual) == YOUTUBE_SEGMENTS


@pytest.mark.parametrize("manual", [False, True], ids=["automatic", "uploaded"])
def test_four_rolling_lines_give_each_word_once(manual: bool) -> None:
    assert unrolled(FOUR_LINES, manual=manual) == FOUR_LINES_SEGMENTS


def test_blank_rows_above_the_lines_change_nothing() -> None:
    cues = parse_webvtt(FOUR_LINES).cues
    padded = [
        Cue(cue.start_sec, cue.end_sec, " \n" * (3 - cue.text.count("\n")) + cue.text)
        for cue in cues
    ]
    assert listed(unroll(padded, manual=False)) == FOUR_LINES_SEGMENTS


def test_rows_that_an_editor_emptied_change_nothing() -> None:
    assert unrolled(YOUTUBE.replace("\n \n", "\n\n")) == YOUTUBE_SEGMENTS


def test_srt_made_from_rolling_captions_is_unrolled_too() -> None:
    blocks = YOUTUBE.partition("\n\n")[2].replace(" align:start position:0%", "")
    text = blocks.replace("<c>", "").replace("</c>", "")
    cues = parse_srt("1\n" + text.replace("\n\n00:", "\n\n2\n00:")).cues
    assert listed(unroll(cues, manual=False)) == YOUTUBE_SEGMENTS


def test_a_line_begins_with_its_first_word() -> None:
    text = YOUTUBE.replace("\nhello<", "\n<00:00:02.500><c>hello</c><")
    assert unrolled(text)[1] == (2.5, 5.04, "hello and welcome")


def test_a_word_time_outside_its_cue_is_not_believed() -> None:
    text = YOUTUBE.replace("\nhello<", "\n<00:09:00.000><c>hello</c><")
    assert unrolled(text)[1] == (2.399, 5.04, "hello and welcome")


def test_a_screen_that_is_empty_between_all_lines_is_rolling_too() -> None:
    text = """WEBVTT

00:03.000 --> 00:20.470
~
No<00:03.200><c> idea.</c>

00:20.470 --> 00:20.480
~
~

00:20.480 --> 00:46.830
~
Oh.
"""
    assert unrolled(text.replace("~", " ")) == [(3.0, 20.48, "No idea."), (20.48, 46.83, "Oh.")]


def test_an_old_row_above_new_words_is_dropped_after_a_gap_too() -> None:
    text = YOUTUBE.replace("00:00:05.040 --> ", "00:00:05.940 --> ")
    assert unrolled(text)[1:3] == [
        (2.399, 5.94, "hello and welcome"),
        (5.94, 7.67, "back to sign today"),
    ]


def test_colours_that_span_rows_change_nothing() -> None:
    text = """WEBVTT

00:00.030 --> 00:01.610
~
all<00:00.240><c> right</c><c.colorCCCCCC><00:00.719><c> here</c></c>

00:01.610 --> 00:01.620
all right<c.colorCCCCCC> here
~</c>

00:01.620 --> 00:03.200
all right<c.colorCCCCCC> here
we</c><00:02.159><c> are</c>
"""
    assert unrolled(text.replace("~", " ")) == [
        (0.03, 1.62, "all right here"),
        (1.62, 3.2, "we are"),
    ]


REFRAINS = {
    "one word": [(0, 1, "no"), (1, 2, "no"), (2, 3, "no no no"), (3, 4, "no")],
    "the same cue": [(n, n + 1, "Row, row, row your boat") for n in range(9)],
    "two lines": [(n, n + 1, "la la la\nla la la") for n in range(9)],
    "a line of before": [(0, 1, "a b\nc d"), (1, 2, "c d\ne f"), (2, 3, "x"), (3, 4, "y")],
    "a line of before alone": [(0, 1, "no\nla"), (1, 2, "la")],
    "round and round": [(n, n + 1, ("a\nb", "b\na")[n % 2]) for n in range(9)],
    "karaoke": [(n, n + 1, f"<00:0{n}.500>no<00:0{n}.700> no") for n in range(9)],
    "with pauses": [(2 * n, 2 * n + 1, "so\nso it goes") for n in range(9)],
}


@pytest.mark.parametrize("name", REFRAINS)
def test_manual_captions_that_repeat_themselves_lose_nothing(name: str) -> None:
    cues = [Cue(*times_and_text) for times_and_text in REFRAINS[name]]
    assert unroll(cues, manual=True) == cues


@pytest.mark.parametrize(
    "name", ["one word", "the same cue", "two lines", "karaoke", "with pauses"]
)
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
