"""WebVTT and SubRip files as cues, also those that keep to no rules."""

import pysrt
import pytest
import webvtt

from signverse.captions.cleaning import clean
from signverse.captions.cues import Reading, parse_srt, parse_webvtt


def shown(reading: Reading) -> list[tuple[float, float, str]]:
    """Times and clean text of the cues, all of which could be read."""
    assert reading.unreadable == 0
    return [(cue.start_sec, cue.end_sec, clean(cue.text)) for cue in reading.cues]


WEBVTT_CUES = {
    "times without hours": ("00:01.001 --> 00:02.999\nHello.", (1.001, 2.999, "Hello.")),
    "hours of three digits": (
        "123:59:58.007 --> 124:00:00.000\nLate.",
        (446398.007, 446400.0, "Late."),
    ),
    "settings": ("00:01.000 --> 00:02.000 align:start position:0%\nLeft.", (1, 2, "Left.")),
    "a tab before settings": ("00:01.000\t-->\t00:02.000\tline:0\nTop.", (1, 2, "Top.")),
    "no blanks at the arrow": ("00:01.000-->00:02.000\nTight.", (1, 2, "Tight.")),
    "commas": ("00:00:01,500 --> 00:00:02,250\nHalf.", (1.5, 2.25, "Half.")),
    "short fields": ("0:0:1.5 --> 0:0:2\nShort.", (1.5, 2, "Short.")),
    "more than milliseconds": ("00:01.0004 --> 00:02.9996\nExact.", (1, 3, "Exact.")),
    "a negative time": ("-00:00:01.500 --> 00:02.000\nEarly.", (-1.5, 2, "Early.")),
    "a reversed time": ("00:05.000 --> 00:02.000\nBack.", (5, 2, "Back.")),
    "identifier": ("intro - 1\n00:01.000 --> 00:02.000\nNamed.", (1, 2, "Named.")),
    "several lines": ("00:01.000 --> 00:02.000\nfirst \n\tsecond", (1, 2, "first second")),
    "a blank line": ("00:01.000 --> 00:02.000\n \nafter a blank", (1, 2, "after a blank")),
    "an empty line": ("00:01.000 --> 00:02.000\n\nafter\n\nthat", (1, 2, "after that")),
    "NOTEBOOK": ("00:01.000 --> 00:02.000\nNOTEBOOK in hand", (1, 2, "NOTEBOOK in hand")),
    "NOTEBOOK later": ("00:01.000 --> 00:02.000\nA\n\nNOTEBOOK", (1, 2, "A NOTEBOOK")),
    "STYLED later": ("00:01.000 --> 00:02.000\nA\n\nSTYLED hair", (1, 2, "A STYLED hair")),
    "NOTE said": ("00:01.000 --> 00:02.000\nNOTE this well", (1, 2, "NOTE this well")),
    "digits only": ("00:01.000 --> 00:02.000\n42", (1, 2, "42")),
    "digits for name too": ("7\n00:01.000 --> 00:02.000\n42", (1, 2, "42")),
    "an arrow said": ("00:01.000 --> 00:02.000\nfrom A --> B", (1, 2, "from A --> B")),
    "scripts": ("00:01.000 --> 00:02.000\n¿Qué? 你好", (1, 2, "¿Qué? 你好")),
}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\r\r\n"], ids=ascii)
@pytest.mark.parametrize("name", WEBVTT_CUES)
def test_a_webvtt_cue_is_read(name: str, line_end: str) -> None:
    cue, expected = WEBVTT_CUES[name]
    text = f"WEBVTT\n\n{cue}\n\n09:00.000 --> 09:01.000\nNext.\n".replace("\n", line_end)
    assert shown(parse_webvtt(text)) == [expected, (540.0, 541.0, "Next.")]


SRT_CUES = {
    "commas": ("1\n00:00:01,001 --> 00:01:02,999\nHello.", (1.001, 62.999, "Hello.")),
    "points": ("1\n00:00:01.001 --> 00:01:02.999\nHello.", (1.001, 62.999, "Hello.")),
    "no hours": ("1\n00:01,000 --> 00:02,000\nHello.", (1, 2, "Hello.")),
    "coordinates": ("1\n00:00:01,000 --> 00:00:02,000 X1:10 X2:20\nPlaced.", (1, 2, "Placed.")),
    "no number": ("00:00:01,000 --> 00:00:02,000\nNo number.", (1, 2, "No number.")),
    "digits": ("1\n00:00:01,000 --> 00:00:02,000\n1984", (1, 2, "1984")),
    "digits after text": ("1\n00:00:01,000 --> 00:00:02,000\nIn\n1984", (1, 2, "In 1984")),
    "NOTE": ("1\n00:00:01,000 --> 00:00:02,000\nA\n\nNOTE this", (1, 2, "A NOTE this")),
    "an empty line": ("1\n00:00:01,000 --> 00:00:02,000\nA\n\nB", (1, 2, "A B")),
    "a negative time": ("1\n-00:00:01,000 --> 00:00:02,000\nA", (-1, 2, "A")),
    "two speakers": ("1\n00:00:01,000 --> 00:00:02,000\n- Who?\n- Me.", (1, 2, "- Who? - Me.")),
}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\r\r\n"], ids=ascii)
@pytest.mark.parametrize("name", SRT_CUES)
def test_a_srt_cue_is_read(name: str, line_end: str) -> None:
    cue, expected = SRT_CUES[name]
    text = f"{cue}\n\n2\n00:09:00,000 --> 00:09:01,000\nNext.\n".replace("\n", line_end)
    assert shown(parse_srt(text)) == [expected, (540.0, 541.0, "Next.")]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=ascii)
def test_notes_styles_and_regions_of_webvtt_are_not_shown(line_end: str) -> None:
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

NOTE the end
is near"""
    expected = [(1.0, 2.0, "One."), (3.0, 4.0, "Two.")]
    assert shown(parse_webvtt(text.replace("\n", line_end))) == expected


def test_files_put_one_after_another_are_read_as_one() -> None:
    part = "\ufeffWEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00\n\n00:0{0}.000 --> 00:0{0}.500\n{0}\n\n"
    text = part.format(1) + part.format(2)
    assert shown(parse_webvtt(text)) == [(1.0, 1.5, "1"), (2.0, 2.5, "2")]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_byte_order_mark_does_no_harm(mark: str) -> None:
    cue = "00:00:01.000 --> 00:00:02.000\nHello.\n"
    expected = [(1.0, 2.0, "Hello.")]
    assert shown(parse_webvtt(f"{mark}WEBVTT\n\n{cue}")) == expected
    assert shown(parse_webvtt(f"{mark}{cue}")) == expected
    assert shown(parse_srt(f"{mark}1\n{cue}")) == expected


@pytest.mark.parametrize("before", ["", "Kind: captions\nLanguage: en\n\n", "Made by me\n", "1\n"])
def test_webvtt_without_its_header_and_with_text_before_the_first_cue_is_read(before: str) -> None:
    text = f"{before}00:01.000 --> 00:02.000\nHello.\n"
    assert shown(parse_webvtt(text)) == [(1.0, 2.0, "Hello.")]


@pytest.mark.parametrize("header", ["WEBVTT\n", "WEBVTT\nKind: captions\n", "WEBVTT\n1\n"])
def test_a_cue_right_after_the_header_is_read(header: str) -> None:
    text = f"{header}00:01.000 --> 00:02.000\nHello.\n"
    assert shown(parse_webvtt(text)) == [(1.0, 2.0, "Hello.")]


def test_cues_need_no_empty_line_between_them() -> None:
    numbered = "1\n00:01.000 --> 00:02.000\n42\n2\n00:02.000 --> 00:03.000\n4\n3\n"
    plain = "00:01.000 --> 00:02.000\nOne\n00:02.000 --> 00:03.000\n2\n"
    assert shown(parse_srt(f"{numbered}00:03.000 --> 00:04.000\n4\n")) == [
        (1.0, 2.0, "42"),
        (2.0, 3.0, "4"),
        (3.0, 4.0, "4"),
    ]
    assert shown(parse_webvtt(plain)) == [(1.0, 2.0, "One"), (2.0, 3.0, "2")]


def test_in_srt_only_a_number_is_the_name_of_a_cue() -> None:
    text = "1\n00:01,000 --> 00:02,000\nOne\n\nstill one\n00:03,000 --> 00:04,000\nTwo\n"
    assert shown(parse_srt(text)) == [(1.0, 2.0, "One still one"), (3.0, 4.0, "Two")]


@pytest.mark.parametrize(
    "times",
    ["00:0x:03.000 --> 00:04.000", "00:03.000 --> ", "--> 00:04.000", "xx --> yy", "00.03 --> 4"],
)
def test_a_cue_with_unreadable_times_is_counted_and_spoils_no_other(times: str) -> None:
    text = f"1\n00:01.000 --> 00:02.000\nA\n\n2\n{times}\nlost\n\n3\n00:05.000 --> 00:06.000\nB\n"
    for parse in (parse_webvtt, parse_srt):
        reading = parse(text)
        assert reading.unreadable == 1
        assert [cue.text for cue in reading.cues] == ["A", "B"]


@pytest.mark.parametrize("text", ["no subtitles at all", "<html>\nPlease log in\n</html>", "1\n"])
def test_what_has_neither_cue_nor_header_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="no WebVTT header and no cue in the text"):
        parse_webvtt(text)
    with pytest.raises(ValueError, match="no SubRip cue in the text"):
        parse_srt(text)


@pytest.mark.parametrize("text", ["WEBVTT", "\ufeffWEBVTT\n\nNOTE nobody speaks\n"])
def test_webvtt_in_which_nobody_speaks_has_no_cues(text: str) -> None:
    assert parse_webvtt(text) == Reading([])


@pytest.mark.parametrize("milliseconds", [1, 9, 29, 57, 115, 333, 499, 999])
@pytest.mark.parametrize("hours", [0, 1, 11, 100])
def test_times_are_exact_to_the_millisecond(hours: int, milliseconds: int) -> None:
    expected = float(f"{hours * 3600 + 59 * 60 + 59}.{milliseconds:03d}")
    time = f"{hours:02d}:59:59.{milliseconds:03d}"
    webvtt_cues = parse_webvtt(f"WEBVTT\n\n{time} --> 999:00:00.000\nx\n")
    srt_cues = parse_srt(f"1\n{time.replace('.', ',')} --> 999:00:00,000\nx\n")
    assert webvtt_cues == srt_cues
    assert webvtt_cues.cues[0].start_sec == expected


def test_on_files_that_keep_to_the_rules_the_libraries_agree() -> None:
    body = "00:00:01.000 --> 00:00:02.500\nOne\ntwo\n\n00:01:00.007 --> 00:01:01.000 line:0\n3\n"
    srt = f"1\n{body}".replace(".", ",").replace("\n\n", "\n\n2\n").replace(" line:0", "")
    expected = [(1.0, 2.5, "One two"), (60.007, 61.0, "3")]
    assert shown(parse_webvtt(f"WEBVTT\n\n{body}")) == shown(parse_srt(srt)) == expected
    theirs = [cue.raw_text for cue in webvtt.from_string(f"WEBVTT\n\n{body}")]
    assert theirs == [cue.text for cue in pysrt.from_string(srt)] == ["One\ntwo", "3"]


def test_the_libraries_lose_text_where_ours_does_not() -> None:
    """The reason for a reader of our own; should this fail, the libraries may take its place."""
    webvtt_text = "WEBVTT\n\n00:01,000 --> 00:02,000\ncomma\n\n00:03.000 --> 00:04.000\n\nempty\n"
    srt_text = "1\n00:01,000 --> 00:02,000\nno hours\n\n2\n00:00:03,000 --> 00:00:04,000\nA\n\nB\n"
    assert [clean(cue.raw_text) for cue in webvtt.from_string(webvtt_text)] == [""]
    assert [cue.text for cue in pysrt.from_string(srt_text)] == ["A"]
    assert [cue.text.strip() for cue in parse_webvtt(webvtt_text).cues] == ["comma", "empty"]
    assert [cue.text for cue in parse_srt(srt_text).cues] == ["no hours", "A\n\nB"]
