"""Bytes of subtitle files as text."""

import codecs

import pytest

from signverse.captions.encodings import decode

TEXTS = {
    "de": "Hallo zusammen, heute sprechen wir über die Gebärdensprache. Für Gehörlose ist das "
    "wichtig, schöne Grüße aus München und Köln!",
    "en": "Hello everybody, and welcome to our “programme”. Today we visit the Deaf café in "
    "Köln. It's a naïve idea, isn't it?",
    "fr": "Bonjour à tous, aujourd'hui nous parlons de l'école et de la langue des signes "
    "française. Ça a été une très belle année.",
    "es": "¡Hola! ¿Cómo estás? Mañana empieza el año nuevo en España y la señora habla.",
    "ru": "Здравствуйте, сегодня мы поговорим о русском жестовом языке и о культуре глухих.",
    "pl": "Dzień dobry, dzisiaj porozmawiamy o polskim języku migowym. Żółta łódka płynie rzeką.",
    "cs": "Dobrý den, dnes budeme mluvit o českém znakovém jazyce. Příliš žluťoučký kůň úpěl.",
    "ja": "こんにちは。今日は日本手話についてお話しします。手話は独自の文法を持つ言語です。",
    "zh": "大家好，今天我们来谈谈手语。手语是一种独立的语言，有自己的语法。欢迎大家一起学习。",
    "tw": "大家好，今天我們來談談手語。手語是一種獨立的語言，有自己的語法。歡迎大家一起學習。",
    "ko": "안녕하세요. 오늘은 한국 수어에 대해 이야기하겠습니다. 수어는 독자적인 언어입니다.",
    "el": "Καλημέρα σας, σήμερα θα μιλήσουμε για την ελληνική νοηματική γλώσσα.",
    "he": "שלום לכולם, היום נדבר על שפת הסימנים הישראלית ועל הקהילה החירשת בארץ.",
    "ar": "مرحبا بكم، اليوم سنتحدث عن لغة الإشارة الأردنية وعن مجتمع الصم في بلادنا.",
    "th": "สวัสดีค่ะ วันนี้เราจะพูดถึงภาษามือไทยและวัฒนธรรมของคนหูหนวกในประเทศไทย",
}


def subtitles(language: str) -> str:
    """A SubRip file, twenty cues of one language."""
    text = TEXTS[language]
    pieces = [text[at : at + 40] for at in range(0, len(text), 40)]
    return "".join(
        f"{n}\r\n00:00:{n:02d},000 --> 00:00:{n:02d},900\r\n{pieces[n % len(pieces)]}\r\n\r\n"
        for n in range(1, 21)
    )


@pytest.mark.parametrize("language", TEXTS)
def test_utf8_is_utf8_in_every_language(language: str) -> None:
    assert decode(subtitles(language).encode()) == (subtitles(language), "utf-8")


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@pytest.mark.parametrize("language", ["en", "ja", "ar"])
def test_a_byte_order_mark_decides_and_is_no_text(mark: bytes, name: str, language: str) -> None:
    text = subtitles(language)
    assert decode(mark + text.encode(name)) == (text, name)


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("language", TEXTS)
def test_wide_encodings_are_found_without_a_mark(language: str, name: str) -> None:
    assert decode(subtitles(language).encode(name)) == (subtitles(language), name)


@pytest.mark.parametrize(
    ("language", "encoding", "name"),
    [
        ("en", "cp1252", "cp1252"),
        ("fr", "cp1252", "cp1252"),
        ("es", "cp1252", "cp1252"),
        ("ru", "cp1251", "cp1251"),
        ("ru", "koi8_r", "koi8_r"),
        ("pl", "cp1250", "cp1250"),
        ("cs", "cp1250", "cp1250"),
        ("pl", "iso8859_2", "iso8859_2"),
        ("ja", "shift_jis", "cp932"),
        ("ja", "euc_jp", "euc_jp"),
        ("zh", "gb18030", "gb18030"),
        ("tw", "big5", "big5"),
        ("ko", "cp949", "cp949"),
        ("el", "cp1253", "cp1253"),
        ("he", "cp1255", "cp1255"),
        ("ar", "cp1256", "cp1256"),
        ("th", "cp874", "cp874"),
    ],
)
def test_old_encodings_are_recognised(language: str, encoding: str, name: str) -> None:
    text = subtitles(language)
    assert decode(text.encode(encoding)) == (text, name)


def test_german_reads_right_whichever_western_encoding_is_named() -> None:
    text, _ = decode(subtitles("de").encode("cp1252"))
    assert text == subtitles("de")


def test_a_few_broken_characters_do_not_make_utf8_another_encoding() -> None:
    raw = subtitles("ru").encode()
    cut = raw[: raw.rindex("ь".encode()) + 1]  # in the middle of a character
    text, name = decode(cut)
    assert name == "utf-8"
    assert text.count("\ufffd") == 1
    assert text.startswith(subtitles("ru")[:500])


@pytest.mark.parametrize("raw", [b"", b"plain ASCII\n", b"\0", b"\0\0\0\0", b"\xff", b"\x81\x8d"])
def test_anything_is_text(raw: bytes) -> None:
    text, name = decode(raw)
    assert isinstance(text, str)
    codecs.lookup(name)


def test_text_with_a_zero_character_stays_utf8() -> None:
    assert decode(b"1\n00:00:01,000 --> 00:00:02,000\nHello\0 there\n")[1] == "utf-8"


def test_an_empty_file_is_empty_text() -> None:
    assert decode(b"") == ("", "utf-8")
