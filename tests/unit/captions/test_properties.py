"""What holds for any captions: nothing lost, nothing doubled, times in order and inside."""

import contextlib
import json
from itertools import pairwise
from typing import Any

import pysrt
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from signverse.captions.cues import Cue, parse_srt, parse_webvtt
from signverse.captions.encodings import decode
from signverse.captions.json3 import parse_json3
from signverse.captions.rolling import unroll
from signverse.captions.segments import make_segments

repeatable = settings(derandomize=True, deadline=None, max_examples=60)

WORDS = ("no", "la", "42", "7", "NOTEBOOK", "NOTE", "你好", "שלום", "ça", "R2-D2", "STYLE", "->")
line_texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
cue_texts = st.lists(line_texts, min_size=1, max_size=3).map("\n".join)
milliseconds = st.integers(0, 500_000_000)  # beyond 99 hours
cues = st.builds(
    lambda start, length, text: Cue(start / 1000, (start + length) / 1000, text),
    milliseconds,
    st.integers(100, 9000),
    cue_texts,
)


@st.composite
def spoken_in_turn(draw: st.DrawFn) -> list[Cue]:
    """Cues one after the other, touching or not, as in manual captions with refrains."""
    texts = draw(st.lists(cue_texts, min_size=1, max_size=4))
    at = 0
    found = []
    for text in draw(st.lists(st.sampled_from(texts), max_size=12)):
        at += draw(st.sampled_from([0, 0, 500]))
        length = draw(st.integers(100, 4000))
        found.append(Cue(at / 1000, (at + length) / 1000, text))
        at += length
    return found


@st.composite
def speech(draw: st.DrawFn) -> list[tuple[int, list[tuple[int, str]]]]:
    """Lines of automatic captions: start, then words with offsets, all in milliseconds.

    A line lasts until the next one.
    """
    at = 0
    lines = []
    for words in draw(
        st.lists(st.lists(st.sampled_from(WORDS), min_size=1), min_size=1, max_size=8)
    ):
        lines.append((at, [(200 * number, word) for number, word in enumerate(words)]))
        at += 200 * len(words) + draw(st.integers(20, 3000))
    return lines


def clock(time_ms: int) -> str:
    return f"{time_ms // 3_600_000:02d}:{time_ms // 60_000 % 60:02d}:{time_ms / 1000 % 60:06.3f}"


def rolling_webvtt(lines: list[Any], rows: int, end_ms: int) -> str:
    """The speech as YouTube shows it in a window of some rows."""
    blocks = []
    ends = [start for start, _ in lines[1:]] + [end_ms]
    for number, ((start, words), end) in enumerate(zip(lines, ends, strict=True)):
        above = [" ".join(w for _, w in said) for _, said in lines[:number]][1 - rows :]
        typed = words[0][1] + "".join(f"<{clock(start + o)}><c> {w}</c>" for o, w in words[1:])
        plain = " ".join(word for _, word in words)
        blank = [" "] * (rows - 1 - len(above))
        blocks.append((start, end - 10, [*above, *blank, typed]))
        blocks.append((end - 10, end, [*([*above, plain][1 - rows :]), " "]))
    text = "".join(
        f"{clock(a)} --> {clock(b)} align:start position:0%\n" + "\n".join(shown) + "\n\n"
        for a, b, shown in blocks
    )
    return f"WEBVTT\nKind: captions\nLanguage: en\n\n{text}"


def rolling_json3(lines: list[Any], end_ms: int) -> str:
    events = []
    starts = [start for start, _ in lines] + [end_ms, end_ms]
    for (start, words), scroll, gone in zip(lines, starts[1:], starts[2:], strict=False):
        said = [words[0][1], *(f" {word}" for _, word in words[1:])]
        segs = [{"utf8": w, "tOffsetMs": o} for (o, _), w in zip(words, said, strict=True)]
        events.append({"tStartMs": start, "dDurationMs": gone - start, "segs": segs})
        events.append({"tStartMs": scroll - 10, "aAppend": 1, "segs": [{"utf8": "\n"}]})
    return json.dumps({"events": events})


@repeatable
@given(speech(), st.integers(2, 4))
def test_rolling_captions_give_each_word_once_in_both_formats(lines: Any, rows: int) -> None:
    end_ms = lines[-1][0] + 200 * len(lines[-1][1]) + 500
    expected = [" ".join(word for _, word in words) for _, words in lines]
    found = make_segments(
        unroll(parse_webvtt(rolling_webvtt(lines, rows, end_ms)).cues, manual=False), None
    )
    assert [segment["text"] for segment in found] == expected
    assert [segment["start_sec"] for segment in found] == [start / 1000 for start, _ in lines]
    assert all(one["end_sec"] == two["start_sec"] for one, two in pairwise(found))
    assert make_segments(parse_json3(rolling_json3(lines, end_ms)).cues, None) == found


@repeatable
@given(spoken_in_turn())
def test_manual_captions_keep_every_cue_however_they_repeat(said: list[Cue]) -> None:
    assert unroll(said, manual=True) == said


@repeatable
@given(st.lists(cues, max_size=8, unique=True), st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_the_libraries_write_is_read_back(said: list[Cue], line_end: str) -> None:
    srt = pysrt.SubRipFile(
        pysrt.SubRipItem(n, round(c.start_sec * 1000), round(c.end_sec * 1000), c.text)
        for n, c in enumerate(said, 1)
    )
    srt_text = "\n".join(str(item) for item in srt)
    writer = webvtt.WebVTT()
    for c in said:
        start, end = (clock(round(t * 1000)) for t in (c.start_sec, c.end_sec))
        writer.captions.append(webvtt.Caption(start, end, c.text))
    webvtt_text = str(writer.content)
    assert parse_webvtt(webvtt_text.replace("\n", line_end)).cues == said
    if said:
        assert parse_srt(srt_text.replace("\n", line_end)).cues == said


def as_webvtt(segments: list[dict[str, Any]]) -> str:
    cues = [
        f"{clock(round(s['start_sec'] * 1000))} --> {clock(round(s['end_sec'] * 1000))}\n"
        + s["text"].replace("&", "&amp;").replace("<", "&lt;").replace("{", "&#123;")
        for s in segments
    ]
    return "\n\n".join(["WEBVTT", *cues]) + "\n"


@repeatable
@given(
    st.lists(
        st.builds(
            Cue,
            st.floats(-10, 4000),
            st.floats(-10, 4000),
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20) | cue_texts,
        ),
        max_size=8,
    ),
    st.none() | st.floats(0, 3000),
)
def test_segments_are_in_order_inside_the_video_and_stable(
    said: list[Cue], duration_sec: float | None
) -> None:
    segments = make_segments(said, duration_sec)
    limit = 4000.0 if duration_sec is None else round(duration_sec, 3)
    starts = [(s["start_sec"], s["end_sec"]) for s in segments]
    assert starts == sorted(starts)
    assert all(0 <= start <= end <= limit for start, end in starts)
    assert all(len(s["flags"]) == len(set(s["flags"])) for s in segments)
    again = make_segments(parse_webvtt(as_webvtt(segments)).cues, duration_sec)
    times_and_text = [(s["start_sec"], s["end_sec"], s["text"]) for s in again]
    unique = dict.fromkeys((s["start_sec"], s["end_sec"], s["text"]) for s in segments)
    assert times_and_text == list(unique)


@repeatable
@given(st.text(max_size=200) | st.lists(st.sampled_from(
    ["WEBVTT", "", "1", "2", "00:01.000 --> 00:02.000", "00:0 --> 3", "NOTE x", "a", "<c>", "-->"]
)).map("\n".join))  # fmt: skip
def test_no_text_makes_the_readers_fail_but_by_their_own_error(text: str) -> None:
    for parse in (parse_webvtt, parse_srt, parse_json3):
        with contextlib.suppress(ValueError):
            make_segments(unroll(parse(text).cues, manual=False), 5.0)


@repeatable
@given(st.binary(max_size=100))
def test_any_bytes_are_text(raw: bytes) -> None:
    text, name = decode(raw)
    assert raw.decode(name, errors="replace").lstrip("\ufeff") == text.lstrip("\ufeff")
