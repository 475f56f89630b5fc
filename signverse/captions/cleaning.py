"""Text of captions without markup, and what kind of text it is."""

import html
import re

# Tags of WebVTT, of HTML in SubRip files, times of single words, and {\an8} of SubStation.
# Only known names: "I <3 you" and "<shouts>" are text.
TAG = re.compile(
    r"</?(?:c|v|i|b|u|s|lang|ruby|rt|font|span|em|strong)(?:[\s./][^<>]*)?>"
    r"|<\d+:\d\d[\d:.,]*>"
    r"|\{\\[^{}]*\}",
    re.IGNORECASE,
)
LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# With the semicolon that WebVTT asks for: html.unescape alone makes "R&notes" "R¬es".
ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")
# Soft hyphen, zero-width space, word joiner, byte order mark; marks of writing direction
# (UAX 9); control characters but for white space.
INVISIBLE = re.compile(
    "[\u00ad\u200b\u2060\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08\x0e-\x1b\x7f]"
)
# Joiners shape letters in Persian, Urdu or Hindi and join emoji; at the edge of a word
# they do nothing.
JOINER_AT_EDGE = re.compile("(?<!\\S)[\u200c\u200d]+|(?<![\u200c\u200d])[\u200c\u200d]++(?!\\S)")

BRACKETED = re.compile(
    r"\[[^\[\]]*\]|\([^()]*\)|【[^【】]*】|〔[^〔〕]*〕|［[^［］]*］|（[^（）]*）|\*[^*]+\*"
)
MUSIC = re.compile("[♩♪♫♬\U0001f3b5\U0001f3b6\U0001f3bc]")


def clean(text: str) -> str:
    """Text on one line: no markup, entities resolved, invisible marks and extra blanks gone."""
    text = TAG.sub("", LINE_BREAK.sub("\n", text))
    text = ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    text = INVISIBLE.sub("", text)
    return " ".join(JOINER_AT_EDGE.sub("", text).split())


def content_flags(text: str) -> list[str]:
    """What a clean text says about itself.

    `non_speech`: nothing but cues such as [music], (applause), 【音楽】, *laughs* or ♪, and
    speaker marks, in any language. `lyrics`: words beside a sign of music.
    """
    rest = BRACKETED.sub("", text)
    if not any(character.isalnum() for character in rest):
        return ["non_speech"]
    return ["lyrics"] if MUSIC.search(text) else []
