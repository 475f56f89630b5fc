"""Captions: WebVTT and SubRip as clean, timed segments."""

from typing import Any

import pytest

from signverse.captions import parse_srt, parse_webvtt, segment, structure_track


def raw_track(text: str | None, extension: str = "vtt", problem: str | None = None) -> Any:
    return {
        "language": "en",
        "kind": "manual",
        "format": extension,
        "name": "English",
        "source": "https://video.example/en",
        "text": text,
        "problem": problem,
    }


def spoken(segments: list[dict[str, Any]]) -> list[tuple[float, float, str]]:
    return [(found["start_sec"], found["end_sec"], found["text"]) for found in segments]


@pytest.mark.parametrize(
    ("cue", "expected"),
    [
        pytest.param(
            "00:01.001 --> 00:02.999\nHello.", (1.001, 2.999, "Hello."), id="times without hours"
        ),
        pytest.param(
            "123:59:58.007 --> 124:00:00.000\nLate.",
            (446398.007, 446400.0, "Late."),
            id="hours of three digits",
        ),
        pytest.param(
            "00:01.000 --> 00:02.000 align:start position:0%\nLeft.",
            (1.0, 2.0, "Left."),
            id="settings",
        ),
        pytest.param(
            "intro - 1\n00:01.000 --> 00:02.000\nNamed.", (1.0, 2.0, "Named."), id="identifier"
        ),
        pytest.param(
            "00:01.000 --> 00:02.000\n<v Roger Bingham>We are <i>here</i></v>",
            (1.0, 2.0, "We are here"),
            id="voice and italics",
        ),
        pytest.param(
            "00:01.000 --> 00:02.000\n<c.yellow.bg_blue>Class</c> <lang en>tags</lang>",
            (1.0, 2.0, "Class tags"),
            id="classes and language",
        ),
        pytest.param(
            "00:01.000 --> 00:02.000\nword<00:00:01.500><c> by</c><00:00:01.700><c> word</c>",
            (1.0, 2.0, "word by word"),
            id="times inside the text",
        ),
        pytest.param(
            "00:01.000 --> 00:02.000\nR&amp;D &lt;i&gt; &quot;q&quot;&nbsp;&#233;",
            (1.0, 2.0, 'R&D <i> "q" é'),
            id="entities, which make no tags",
        ),
        pytest.param(
            "00:01.000 --> 00:02.000\nI <3 you, 1 < 2 > 0",
            (1.0, 2.0, "I <3 you, 1 < 2 > 0"),
            id="angles that are no tags",
        ),
        pytest.param(
            "00:01.000 --> 00:02.000\nfirst  line \n\tsecond line",
            (1.0, 2.0, "first line second line"),
            id="several lines",
        ),
        pytest.param(
            "00:01.000 --> 00:02.000\n \nafter a line of one blank",
            (1.0, 2.0, "after a line of one blank"),
            id="a blank line that is not empty",
        ),
        pytest.param(
            "00:01.000 --> 00:02.000\nNOTEBOOK in hand",
            (1.0, 2.0, "NOTEBOOK in hand"),
            id="a word that begins like NOTE",
        ),
        pytest.param(
            "00:01.000 --> 00:02.000\nNOTE this well", (1.0, 2.0, "NOTE this well"), id="NOTE said"
        ),
        pytest.param("00:01.000 --> 00:02.000\n42", (1.0, 2.0, "42"), id="digits only"),
        pytest.param("7\n00:01.000 --> 00:02.000\n42", (1.0, 2.0, "42"), id="digits for name too"),
        pytest.param("00:01.000 --> 00:02.000\n¿Qué? 你好", (1.0, 2.0, "¿Qué? 你好"), id="scripts"),
    ],
)
def test_a_webvtt_cue_becomes_a_segment(cue: str, expected: tuple[float, float, str]) -> None:
    assert spoken(parse_webvtt(f"WEBVTT\n\n{cue}\n")) == [expected]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_notes_styles_and_regions_of_webvtt_are_not_spoken(line_end: str) -> None:
    text = """WEBVTT - made by hand
Kind: captions
Language: en

NOTE a remark
of two lines

REGION
id:fred

STYLE
::cue { color: yellow }

00:01.000 --> 00:02.000
One.

NOTE

2
00:03.000 --> 00:04.000
Two.
"""
    segments = parse_webvtt(text.replace("\n", line_end))
    assert spoken(segments) == [(1.0, 2.0, "One."), (3.0, 4.0, "Two.")]


def test_a_byte_order_mark_does_no_harm() -> None:
    webvtt = "\ufeffWEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n"
    srt = "\ufeff1\n00:00:01,000 --> 00:00:02,000\nHello.\n"
    assert spoken(parse_webvtt(webvtt)) == spoken(parse_srt(srt)) == [(1.0, 2.0, "Hello.")]


def test_segments_are_in_order_and_empty_cues_are_left_out() -> None:
    text = """WEBVTT

00:05.000 --> 00:06.000
last

00:01.000 --> 00:04.000
first, longer

00:01.000 --> 00:02.000
first, shorter

00:03.000 --> 00:04.000

00:03.500 --> 00:04.000
<c></c>&nbsp;
"""
    assert spoken(parse_webvtt(text)) == [
        (1.0, 2.0, "first, shorter"),
        (1.0, 4.0, "first, longer"),
        (5.0, 6.0, "last"),
    ]


@pytest.mark.parametrize("milliseconds", [1, 9, 29, 57, 115, 333, 499, 999])
@pytest.mark.parametrize("hours", [0, 1, 11])
def test_times_are_exact_to_the_millisecond(hours: int, milliseconds: int) -> None:
    expected = float(f"{hours * 3600 + 59 * 60 + 59}.{milliseconds:03d}")
    time = f"{hours:02d}:59:59.{milliseconds:03d}"
    webvtt = parse_webvtt(f"WEBVTT\n\n{time} --> 12:00:00.000\nx\n")
    srt = parse_srt(f"1\n{time.replace('.', ',')} --> 12:00:00,000\nx\n")
    assert webvtt == srt == [{"start_sec": expected, "end_sec": 43200.0, "text": "x"}]


@pytest.mark.parametrize(
    ("cue", "expected"),
    [
        pytest.param(
            "1\n00:00:01,001 --> 00:01:02,999\nHello.", (1.001, 62.999, "Hello."), id="commas"
        ),
        pytest.param(
            "1\n00:00:01.001 --> 00:01:02.999\nHello.", (1.001, 62.999, "Hello."), id="points"
        ),
        pytest.param(
            '1\n00:00:01,000 --> 00:00:02,000\n<font color="#fff">A <b>bold</b></font> word',
            (1.0, 2.0, "A bold word"),
            id="tags",
        ),
        pytest.param(
            "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}At the top",
            (1.0, 2.0, "At the top"),
            id="position in braces",
        ),
        pytest.param(
            "1\n00:00:01,000 --> 00:00:02,000 X1:10 X2:20 Y1:1 Y2:2\nPlaced.",
            (1.0, 2.0, "Placed."),
            id="coordinates",
        ),
        pytest.param(
            "00:00:01,000 --> 00:00:02,000\nNo number.", (1.0, 2.0, "No number."), id="no number"
        ),
        pytest.param("1\n00:00:01,000 --> 00:00:02,000\n1984", (1.0, 2.0, "1984"), id="digits"),
        pytest.param(
            "1\n00:00:01,000 --> 00:00:02,000\nNOTEBOOK", (1.0, 2.0, "NOTEBOOK"), id="NOTEBOOK"
        ),
        pytest.param(
            "1\n00:00:01,000 --> 00:00:02,000\n- Who?\n- Me &amp; you.",
            (1.0, 2.0, "- Who? - Me & you."),
            id="two speakers",
        ),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_srt_cue_becomes_a_segment(
    cue: str, line_end: str, expected: tuple[float, float, str]
) -> None:
    text = f"{cue}\n\n9\n00:09:00,000 --> 00:09:01,000\nNext.\n".replace("\n", line_end)
    assert spoken(parse_srt(text)) == [expected, (540.0, 541.0, "Next.")]


def test_srt_segments_are_in_order_and_empty_cues_are_left_out() -> None:
    said = {"05": "last", "01": "first", "03": "<i></i>", "04": ""}
    cues = [f"00:00:{second},000 --> 00:00:09,000\n{text}" for second, text in said.items()]
    segments = parse_srt("\n\n".join(f"{number}\n{cue}" for number, cue in enumerate(cues)))
    assert spoken(segments) == [(1.0, 9.0, "first"), (5.0, 9.0, "last")]


def test_a_structured_track_says_what_it_is() -> None:
    track = structure_track(raw_track("WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n"))
    assert track == {
        "language": "en",
        "kind": "manual",
        "name": "English",
        "source": "https://video.example/en",
        "problem": None,
        "segments": [{"start_sec": 1.0, "end_sec": 2.0, "text": "Hello."}],
    }


@pytest.mark.parametrize("extension", ["vtt", "srt"])
@pytest.mark.parametrize(
    "text",
    [
        "no subtitles at all",
        "<html><body>\nPlease log in\n</body></html>",
        "1\nxx --> yy\nHello.\n",
    ],
    ids=["prose", "a web page", "broken times"],
)
def test_a_broken_track_has_a_problem_and_no_segments(
    extension: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    track = structure_track(raw_track(text, extension))
    assert track["segments"] == []
    assert track["problem"]
    assert f"track en (manual): {track['problem']}" in caplog.text


def test_the_problem_of_a_broken_webvtt_track_names_the_kind_of_error() -> None:
    problem = structure_track(raw_track("<html>"))["problem"]
    assert problem == "MalformedFileError: Invalid format"


def test_a_track_of_an_unknown_format_has_a_problem() -> None:
    track = structure_track(raw_track("<tt/>", "ttml"))
    assert (track["problem"], track["segments"]) == ("KeyError: 'ttml'", [])


def test_a_track_that_was_gone_keeps_its_problem() -> None:
    track = structure_track(raw_track(None, problem="HTTP error 404"))
    assert (track["problem"], track["segments"]) == ("HTTP error 404", [])


def test_a_track_that_was_not_utf8_keeps_its_problem_beside_its_segments() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\ncafé\n"
    track = structure_track(raw_track(text, problem="not UTF-8"))
    assert track["problem"] == "not UTF-8"
    assert spoken(track["segments"]) == [(1.0, 2.0, "café")]


@pytest.mark.parametrize("text", ["WEBVTT", "WEBVTT\n\nNOTE nobody speaks\n"])
def test_a_webvtt_track_in_which_nobody_speaks_is_no_problem(text: str) -> None:
    track = structure_track(raw_track(text))
    assert (track["problem"], track["segments"]) == (None, [])


def test_times_of_a_segment_are_rounded_to_milliseconds() -> None:
    assert segment(0.1 + 0.2, 1 / 3, " a\n b ") == {
        "start_sec": 0.3,
        "end_sec": 0.333,
        "text": "a b",
    }
