"""Bytes of a subtitle file as text, whatever encoding it has."""

import codecs

from charset_normalizer import from_bytes

# UTF-32 first: its little-endian mark begins like the one of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
# Encodings that subtitle files are found in; with all of Python's, rare ones win by chance.
LEGACY = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("iso8859_2", "koi8_r", "cp874", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
FALLBACK = "cp1252"
MAX_BROKEN_SHARE = 0.1  # of the characters beyond ASCII, in a file that is UTF-8 nevertheless


def decode(raw: bytes) -> tuple[str, str]:
    """Text and the name of its encoding; never fails.

    A byte order mark decides; else UTF-16 and UTF-32 show by the zero bytes of their times and
    line ends; then UTF-8, also with a few broken characters (U+FFFD in the text); then what
    charset-normalizer finds; then windows-1252.
    """
    for mark, name in MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(name, errors="replace"), name
    for name in WIDE if b"\0" in raw else ():
        if (text := _strictly(raw, name)) is not None and "\n" in text and "\0" not in text:
            return text, name
    text = raw.decode("utf-8", errors="replace")
    if _is_utf8(text):
        return text, "utf-8"
    name = _legacy_encoding(raw)
    return raw.decode(name, errors="replace"), name


def _legacy_encoding(raw: bytes) -> str:
    """The likeliest encoding of the lines that are not ASCII; of equally likely ones cp1252."""
    telling = b"\n".join(line for line in raw.splitlines() if not line.isascii())
    found = from_bytes(telling, cp_isolation=LEGACY, enable_fallback=False)
    best = found.best()
    if best is None:
        return FALLBACK
    equal = {m.encoding for m in found if (m.chaos, m.coherence) == (best.chaos, best.coherence)}
    return FALLBACK if FALLBACK in equal else best.encoding


def _strictly(raw: bytes, name: str) -> str | None:
    try:
        return raw.decode(name)
    except UnicodeDecodeError:
        return None


def _is_utf8(text: str) -> bool:
    beyond_ascii = sum(not character.isascii() for character in text)
    return text.count("\ufffd") <= MAX_BROKEN_SHARE * beyond_ascii
