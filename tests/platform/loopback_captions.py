"""A caption track in the formats in which YouTube offers it."""

import html
import json

from loopback_videos import Cue, Track

FORMATS = ("json3", "srv1", "srv2", "srv3", "ttml", "srt", "vtt")
KINDS = {"json3": "application/json", "vtt": "text/vtt", "srt": "application/x-subrip"}
HOLD_SEC = 0.01  # YouTube repeats each finished line in a cue of so long


def track_bytes(track: Track, form: str, translated: str | None) -> bytes:
    """The track in a format; a translation is told by its language in brackets."""
    if form in track.raw and not translated:
        return track.raw[form]
    mark = f"[{translated}] " if translated else ""
    cues = [(start, end, mark + text) for start, end, text in track.cues]
    if form == "json3":
        return json.dumps(_json3(cues, track.automatic)).encode()
    if form == "srt":
        return _srt(cues).encode()
    if form == "vtt":
        language = translated or track.language
        head = f"WEBVTT\nKind: captions\nLanguage: {language}\n\n"
        return (head + (_rolling(cues) if track.automatic else _plain(cues))).encode()
    return _xml(cues, form).encode()


def _json3(cues: list[Cue], automatic: bool) -> dict[str, object]:
    events: list[dict[str, object]] = []
    for start, end, text in cues:
        times: dict[str, object] = {
            "tStartMs": round(start * 1000),
            "dDurationMs": round((end - start) * 1000),
        }
        if not automatic:
            events.append(times | {"segs": [{"utf8": text}]})
            continue
        if events:
            events.append(times | {"wWinId": 1, "aAppend": 1, "segs": [{"utf8": "\n"}]})
        segments = [
            {"utf8": word} | ({"tOffsetMs": round(at * 1000)} if at else {})
            for at, word in _words(start, end, text)
        ]
        events.append(times | {"wWinId": 1, "segs": segments})
    return {"wireMagic": "pb3", "pens": [{}], "wsWinStyles": [{}], "events": events}


def _words(start: float, end: float, text: str) -> list[tuple[float, str]]:
    """Seconds after the start, and the word with the blank before it."""
    words = text.split()
    step = (end - start) / len(words)
    return [
        (number * step, word if number == 0 else f" {word}") for number, word in enumerate(words)
    ]


def _clock(seconds: float, point: str = ".") -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def _plain(cues: list[Cue]) -> str:
    return "".join(
        f"{_clock(start)} --> {_clock(end)}\n{html.escape(text, quote=False)}\n\n"
        for start, end, text in cues
    )


def _rolling(cues: list[Cue]) -> str:
    """Two lines: the last one as it stands, the new one word by word, then a short hold."""
    blocks, last = [], " "
    for start, end, plain in cues:
        text = html.escape(plain, quote=False)
        first, *more = _words(start, end, text)
        line = first[1] + "".join(f"<{_clock(start + at)}><c>{word}</c>" for at, word in more)
        settings = "align:start position:0%"
        hold = max(start, end - HOLD_SEC)
        blocks.append(f"{_clock(start)} --> {_clock(hold)} {settings}\n{last}\n{line}\n")
        blocks.append(f"{_clock(hold)} --> {_clock(end)} {settings}\n{text}\n \n")
        last = text
    return "\n".join(blocks)


def _srt(cues: list[Cue]) -> str:
    return "\n".join(
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, 1)
    )


def _xml(cues: list[Cue], form: str) -> str:
    if form == "ttml":
        lines = (
            f'<p begin="{_clock(start)}" end="{_clock(end)}">{html.escape(text)}</p>'
            for start, end, text in cues
        )
        space = 'xmlns="http://www.w3.org/ns/ttml"'
        return f"<tt {space}><body><div>{''.join(lines)}</div></body></tt>"
    if form == "srv1":
        lines = (
            f'<text start="{start:g}" dur="{end - start:g}">{html.escape(text)}</text>'
            for start, end, text in cues
        )
        return f'<?xml version="1.0" encoding="utf-8" ?><transcript>{"".join(lines)}</transcript>'
    lines = (
        f'<p t="{start * 1000:.0f}" d="{(end - start) * 1000:.0f}">{html.escape(text)}</p>'
        for start, end, text in cues
    )
    body = f"<timedtext><body>{''.join(lines)}</body></timedtext>"
    return f'<?xml version="1.0" encoding="utf-8" ?>{body}'
