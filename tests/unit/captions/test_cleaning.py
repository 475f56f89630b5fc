"""Text of captions without markup, and what it is."""

import time

import pytest

from signverse.captions.cleaning import clean, content_flags


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<v Roger Bingham>We are <i>here</i></v>", "We are here"),
        ("<v.loud Mary>Hello", "Hello"),
        ("<c.yellow.bg_blue>Class</c> <lang en-GB>tags</lang>", "Class tags"),
        ("word<00:00:01.500><c> by</c><00:01.700><c.colorE5E5E5> word</c>", "word by word"),
        ('<font color="#fff">A <b>bold</b></font> <U>word</U>', "A bold word"),
        ("{\\an8}At the top{\\i1}", "At the top"),
        ("one<br>two<br/>three<BR />four", "one two three four"),
        ("<ruby>漢字<rt>かんじ</rt></ruby>", "漢字かんじ"),
        ("I <3 you, 1 < 2 > 0", "I <3 you, 1 < 2 > 0"),
        ("<shouts> Stop! <Anna>", "<shouts> Stop! <Anna>"),
        ("{curly} braces", "{curly} braces"),
        ("R&amp;D &lt;i&gt; &quot;q&quot;&nbsp;&#233;&#xE9;", 'R&D <i> "q" éé'),
        ("AT&T, Q&A, R&notes &unknown; &;", "AT&T, Q&A, R&notes &unknown; &;"),
        ("&amp;lt;", "&lt;"),
        ("zero\u200bwidth \ufeffmark\u2060s soft\u00adhyphen", "zerowidth marks softhyphen"),
        ("&#8203;by&#x200B;name&lrm;", "byname"),
        ("\u202bשלום\u202c \u200fעולם\u200e \u2067א\u2069 \u061cب", "שלום עולם א ب"),
        ("می\u200cخواهم \u200cو\u200c", "می\u200cخواهم و"),
        ("क्\u200dष 👩\u200d🎓", "क्\u200dष 👩\u200d🎓"),
        ("first  line \n\tsecond\u3000line\u00a0", "first line second line"),
        ("bell\x07 and null\x00", "bell and null"),
        (">> speaker", ">> speaker"),
        ("<c></c>&nbsp;\u200b", ""),
        ("", ""),
    ],
)
def test_markup_and_invisible_marks_go_and_text_stays(raw: str, expected: str) -> None:
    assert clean(raw) == expected


@pytest.mark.parametrize("piece", ["\u200d", "[", "<c ", "&a", "{\\", "*", " ", "<br", "\u200b"])
def test_long_runs_of_anything_are_cleaned_at_once(piece: str) -> None:
    start = time.monotonic()
    content_flags(clean(f"a{piece * 50_000}b"))
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    "text",
    [
        *("[Music]", "[music]", "[Musik]", "[Música]", "[Музыка]", "[音楽]", "[موسيقى]", "[संगीत]"),
        *(
            "(applause)",
            "(Gelächter)",
            "【拍手】",
            "（笑）",
            "〔ドアが開く〕",
            "［音楽］",
            "*laughs*",
        ),
        *("♪", "♪♪", "♫ ♬", "🎵", "♪ [Music] ♪", "[Music] [Applause]", ">> [Music]", "..."),
        "- [door opens]",
    ],
)
def test_cues_of_sounds_are_not_speech(text: str) -> None:
    assert content_flags(text) == ["non_speech"]


@pytest.mark.parametrize(
    "text",
    [
        "Hello.",
        "[laughs] Hello.",
        "music",
        "42",
        "你好",
        "(aside) well",
        "a * b",
        "[open",
        "ไทย",
        "?1",
    ],
)
def test_words_are_speech(text: str) -> None:
    assert content_flags(text) == []


@pytest.mark.parametrize("text", ["♪ We will rock you ♪", "🎵 la la", "# sung ♫"])
def test_words_beside_a_sign_of_music_are_lyrics(text: str) -> None:
    assert content_flags(text) == ["lyrics"]
