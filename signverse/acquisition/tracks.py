"""Subtitle tracks: which of those on offer are wanted."""

import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["manual", "automatic", "translated"]
Info = Mapping[str, Any]

# Formats we can read, the best first: json3 has the time of each word, which WebVTT of
# automatic captions repeats line by line; what people wrote is simplest in WebVTT.
AUTOMATIC_FORMATS = ("json3", "vtt", "srt")
WRITTEN_FORMATS = ("vtt", "srt", "json3")
# Listed among subtitles and none: what viewers wrote while they watched.
CHATS = ("live_chat", "rechat", "danmaku", "comments")
ORIGINAL = "-orig"  # yt-dlp's mark of the automatic track in the spoken language


@dataclass(frozen=True, slots=True)
class Track:
    """A track to fetch. language: of its text. source_language: what a translation was made of.

    format: the one of yt-dlp's formats of the track that is fetched.
    """

    language: str
    kind: Kind
    source_language: str | None
    format: Info


def manual_tracks(info: Info) -> dict[str, list[Info]]:
    """The tracks that people made, by yt-dlp's name: no chats and no machine translations."""
    return {
        name: formats
        for name, formats in _listed(info, "subtitles").items()
        if name not in CHATS and not _asked(formats[0], "tlang")
    }


def automatic_tracks(info: Info) -> dict[str, list[Info]]:
    """The tracks that the platform made, translations among them, by yt-dlp's name."""
    return _listed(info, "automatic_captions")


def _listed(info: Info, group: str) -> dict[str, list[Info]]:
    tracks = info.get(group) or {}
    return {str(name): formats for name, formats in tracks.items() if formats}


def spoken_language(info: Info) -> str | None:
    """The language of the video as the platform says it, else that of its original sound.

    yt-dlp gives the language of YouTube's videos by audio format only.
    """
    if info.get("language"):
        return str(info["language"])
    sounds = [f for f in info.get("formats") or [] if f.get("acodec") != "none"]
    sounds = [found for found in sounds if found.get("language")]
    best = max(sounds, key=lambda found: found.get("language_preference") or -1, default=None)
    return best and str(best["language"])


def wanted_tracks(info: Info) -> list[Track]:
    """The tracks to fetch, all of them listed in `info` in a format that we can read.

    Every manual track but chats; the automatic track in the spoken language; where that leaves no
    English, one translation into English: of a manual track before an automatic one, and of the
    spoken language before others.
    """
    manual = [
        Track(_own_language(name, found), "manual", None, found)
        for name, formats in sorted(manual_tracks(info).items())
        if (found := _readable(formats, WRITTEN_FORMATS))
    ]
    native = [
        Track(_own_language(name, found), "automatic", None, found)
        for name in _native_names(info)
        if (found := _readable(automatic_tracks(info)[name], AUTOMATIC_FORMATS))
    ]
    chosen = manual + native
    if not any(is_english(track.language) for track in chosen):
        chosen += _translations(info, native)[:1]
    return chosen


def is_english(language: str) -> bool:
    """Whether a language tag is one of English: en, en-GB, EN_us."""
    return language.replace("_", "-").split("-")[0].casefold() == "en"


def _native_names(info: Info) -> list[str]:
    """Names of the automatic tracks in the spoken language; several where nobody says which."""
    spoken = spoken_language(info)
    direct = {n: f for n, f in automatic_tracks(info).items() if not _asked(f[0], "tlang")}
    original = [name for name in direct if name.endswith(ORIGINAL)]
    same = [name for name in original if name.removesuffix(ORIGINAL) == spoken]
    recognised = [name for name, formats in direct.items() if _asked(formats[0], "kind") == "asr"]
    lone = list(direct) if len(direct) == 1 and spoken is None else []
    return same or original or [n for n in direct if n == spoken] or recognised or lone


def _translations(info: Info, native: Iterable[Track]) -> list[Track]:
    """Translations into English on offer, the one to take first."""
    spoken = next((track.language for track in native), spoken_language(info))
    manual = manual_tracks(info)
    found = []
    for name, formats in automatic_tracks(info).items():
        best = _readable(formats, WRITTEN_FORMATS)
        if best is None or name.endswith(ORIGINAL) or not is_english(name):
            continue
        written = name.partition("-")[2]  # en-de is YouTube's English of the manual track de
        of_manual = written in manual
        source = written if of_manual else _asked(best, "lang") or spoken
        language = name.partition("-")[0] if of_manual else name
        order = (not of_manual, source != spoken, name)
        # Of an automatic track that stands alone nobody says that it is a translation.
        kind: Kind = "translated" if source or _asked(best, "tlang") else "automatic"
        found.append((order, Track(language, kind, source, best)))
    return [track for _, track in sorted(found, key=lambda item: item[0])]


def _own_language(name: str, found: Info) -> str:
    """The language of an untranslated track: yt-dlp's names may have a suffix of their own."""
    language = _asked(found, "lang")
    name = name.removesuffix(ORIGINAL)
    return language if language and name.startswith(f"{language}-") else name


def _asked(found: Info, key: str) -> str | None:
    """What the address of a track asks for by a key of its query."""
    query = urllib.parse.urlsplit(found.get("url") or "").query
    return urllib.parse.parse_qs(query).get(key, [None])[-1]


def _readable(formats: Iterable[Info], wanted: tuple[str, ...]) -> Info | None:
    """The best format of a track that comes in one piece."""
    whole = [found for found in formats if "m3u8" not in (found.get("protocol") or "")]
    by_format = {found.get("ext"): found for found in reversed(whole)}
    return next((by_format[name] for name in wanted if name in by_format), None)
