"""Acquisition: real yt-dlp against servers on this machine."""

import contextlib
import http.server
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yt_dlp

from signverse.acquisition import (
    _format_selector,
    _guarded,
    download_info,
    extract,
    fetch_stream,
    fetch_subtitles,
    metadata,
    wanted_tracks,
)
from signverse.demo.recordings import write_carphone
from signverse.demo.site import Page, serve, write_page
from signverse.errors import MachineError, VideoError

NETWORK: dict[str, Any] = {"timeout_sec": 5, "retries": 1}
ENGLISH = "WEBVTT\n\n00:00.200 --> 00:02.000\nA man talks.\n"
SPANISH = "1\n00:00:00,200 --> 00:00:02,000\nUn hombre habla.\n"
TRACKS = {"en": ("vtt", ENGLISH), "es": ("srt", SPANISH)}


@dataclass
class Answers:
    """What a small server says: bytes or a status by path, all of it or up to a byte."""

    files: dict[str, bytes | int]
    cut: int | None = None
    hangs: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range
    headers: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    def url(self, path: str) -> str:
        return f"{self.address}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves files with ranges, as media servers do; closes the connection at the cut."""

    def do_GET(self) -> None:
        answers: Answers = self.server.answers  # type: ignore[attr-defined]
        wanted = self.headers["Range"]
        answers.asked.append((self.path, wanted))
        answers.headers.append(dict(self.headers))
        answer = answers.files[self.path.split("?")[0]]
        if isinstance(answer, int):
            return self.send_error(answer)
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(answer) - first))
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{len(answer) - 1}/{len(answer)}")
        self.end_headers()
        self.wfile.write(answer[first : answers.cut])
        self.wfile.flush()
        while answers.hangs:
            time.sleep(0.05)
        return None

    def log_message(self, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def answering(answers: Answers) -> Iterator[Answers]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.answers = answers  # type: ignore[attr-defined]
    answers.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        answers.hangs = False
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a good page, a page without a video and a page with two."""
    folder = tmp_path_factory.mktemp("site")
    watch = folder / "watch"
    watch.mkdir()
    write_page(folder, Page("good0000001", "A man & a camera", "gsg", TRACKS))
    write_carphone(watch / "good0000001.mp4")
    (watch / "empty000001.html").write_text("<!doctype html><title>Words</title><p>Only words.")
    videos = "".join(f'<video src="{name}.mp4"></video>' for name in "ab")
    (watch / "twice000001.html").write_text(f"<!doctype html><title>Two</title>{videos}")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Any]:
    with serve(folder) as server:
        yield server


@pytest.fixture
def site(server: Any) -> Any:
    """The server of the site, which nobody has asked for anything yet."""
    server.requests.clear()
    return server


def address(server: Any, video_id: str) -> str:
    return f"http://127.0.0.1:{server.server_port}/watch/{video_id}.html"


def ask(url: str, **changed: Any) -> dict[str, Any]:
    return extract(url, **{"max_height_px": 720, **NETWORK, **changed})


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def stream(url: str, **facts: Any) -> dict[str, Any]:
    """A download_info of a file at `url`."""
    info = {"id": "x", "title": "x", "extractor": "generic", "extractor_key": "Generic"}
    chosen = {"format_id": "0", "ext": "mp4", "protocol": "http", "url": url, **facts}
    return download_info(info | {"webpage_url": url} | chosen)


# extract ----------------------------------------------------------------------------------------


def test_one_extraction_asks_for_the_page_once_and_for_nothing_else(site: Any) -> None:
    info = ask(address(site, "good0000001"))
    assert site.requests == ["/watch/good0000001.html"]
    assert info["url"] == f"http://127.0.0.1:{site.server_port}/watch/good0000001.mp4"
    assert sorted(info["subtitles"]) == ["en", "es"]


def test_what_extraction_gives_can_be_written_as_json(site: Any) -> None:
    info = ask(address(site, "good0000001"))
    assert json.loads(json.dumps(info)) == info


@pytest.mark.parametrize(
    ("page", "status", "reason"),
    [
        ("missing0001", "removed", "HTTP Error 404"),
        ("empty000001", "not_a_video", "Unsupported URL"),
        ("twice000001", "not_a_video", "the address lists several videos"),
    ],
)
def test_a_page_without_just_one_video_is_the_videos_fault(
    site: Any, page: str, status: str, reason: str
) -> None:
    with pytest.raises(VideoError, match=reason) as caught:
        ask(address(site, page))
    assert caught.value.status == status


def test_a_server_that_does_not_listen_is_the_worlds_fault() -> None:
    with pytest.raises(MachineError, match=r"^network: .*Connection refused"):
        ask(f"http://127.0.0.1:{unused_port()}/watch/good0000001.html")


def test_a_server_that_does_not_answer_is_the_worlds_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/page.html"
        with pytest.raises(MachineError, match=r"^network: .*timed out"):
            ask(url, timeout_sec=0.3, retries=0)


@pytest.mark.parametrize(("code", "status"), [(429, "rate_limited"), (503, "network")])
def test_a_server_that_is_too_busy_is_the_worlds_fault(code: int, status: str) -> None:
    with (
        answering(Answers({"/page.html": code})) as server,
        pytest.raises(MachineError, match=f"^{status}: .*HTTP Error {code}"),
    ):
        ask(server.url("/page.html"), retries=0)


# The choice of a format -------------------------------------------------------------------------


def offered(kind: str, height: int = 0, **facts: Any) -> dict[str, Any]:
    codecs = {
        "video": ("avc1.4d401f", "none"),
        "audio": ("none", "mp4a.40.2"),
        "both": ("avc1.42001E", "mp4a.40.2"),
        "storyboard": ("none", "none"),
    }
    vcodec, acodec = codecs[kind]
    size = {"height": height, "width": height * 16 // 9} if height else {}
    name = f"{kind}{height or ''}"
    base = {"format_id": name, "url": f"http://127.0.0.1/{name}", "ext": "mp4"}
    return base | {"vcodec": vcodec, "acodec": acodec} | size | facts


def choice(formats: list[dict[str, Any]], max_height_px: int = 720) -> str:
    info = {"id": "x", "title": "x", "extractor": "test", "extractor_key": "Test"}
    options = {"quiet": True, "format": _format_selector(max_height_px)}
    with yt_dlp.YoutubeDL(options) as downloader:
        found = downloader.process_ie_result({**info, "formats": formats}, download=False)
    return str(found["format_id"])


VIDEO_LADDER = [offered("video", height) for height in (144, 240, 360, 480, 720, 1080)]
BOTH_LADDER = [offered("both", height) for height in (144, 360, 720, 1080)]
AUDIO = [offered("audio", abr=64), offered("audio", format_id="audio128", abr=128)]
PICTURES = [offered("storyboard", 45, ext="mhtml", protocol="mhtml")]


@pytest.mark.parametrize(
    ("formats", "max_height_px", "expected"),
    [
        pytest.param([*PICTURES, *AUDIO, *VIDEO_LADDER, *BOTH_LADDER], 720, "video720", id="all"),
        pytest.param([*AUDIO, *VIDEO_LADDER, *BOTH_LADDER], 1080, "video1080", id="limit 1080"),
        pytest.param([*AUDIO, *VIDEO_LADDER, *BOTH_LADDER], 500, "video480", id="between steps"),
        pytest.param([*AUDIO, *VIDEO_LADDER, *BOTH_LADDER], 100, "video144", id="below them all"),
        pytest.param(
            [*AUDIO, offered("video", 1080), offered("video", 1440), offered("video", 2160)],
            720,
            "video1080",
            id="only above the limit: the lowest",
        ),
        pytest.param(
            [*AUDIO, *BOTH_LADDER], 720, "both720", id="only with sound: the best that fits"
        ),
        pytest.param(
            [*AUDIO, offered("both", 1080), offered("both", 2160)],
            720,
            "both1080",
            id="only with sound and above the limit: the lowest",
        ),
        pytest.param(
            [*AUDIO, offered("video", 240), offered("both", 720)],
            720,
            "video240",
            id="a stream without sound goes before a better one with it",
        ),
        pytest.param(
            [*AUDIO, offered("video", 1080), offered("both", 360)],
            720,
            "video1080",
            id="even where only the one with sound fits",
        ),
        pytest.param(
            [offered("video", tbr=100), offered("video", tbr=900, format_id="rich")],
            720,
            "rich",
            id="of unknown heights the best",
        ),
    ],
)
def test_the_chosen_format_is_the_best_video_up_to_the_limit(
    formats: list[dict[str, Any]], max_height_px: int, expected: str
) -> None:
    assert choice(formats, max_height_px) == expected


@pytest.mark.parametrize("formats", [AUDIO, [*PICTURES, *AUDIO]], ids=["sound", "pics"])
def test_a_ladder_without_video_is_the_videos_fault(formats: list[dict[str, Any]]) -> None:
    with pytest.raises(VideoError, match=r"^no_video_stream: "):
        _guarded(choice, formats)


# metadata ---------------------------------------------------------------------------------------

STARTED = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
FINISHED = STARTED + timedelta(seconds=1, microseconds=234567)


def test_metadata_keeps_the_facts_and_nothing_else() -> None:
    secret = "https://media.example/stream?sig=secret"
    info = {
        "title": "Signs",
        "duration": 61.5,
        "upload_date": "20240229",
        "channel_id": "UC1",
        "language": "es",
        "width": 1280,
        "height": 720,
        "fps": 25,
        "subtitles": {"es": [{"ext": "vtt", "url": secret}], "de": [{"ext": "vtt"}], "fr": []},
        "automatic_captions": {"en": [{"ext": "vtt", "url": secret}], "es-orig": [{"ext": "vtt"}]},
        "format_id": "136",
        "ext": "mp4",
        "vcodec": "avc1.4d401f",
        "acodec": "none",
        "filesize": 1234,
        "protocol": "https",
        "url": secret,
        "formats": [{"url": secret}],
        "http_headers": {"Cookie": "secret"},
        "cookies": "secret",
        "uploader": "secret",
        "description": "secret",
        "comments": ["secret"],
        "extractor_key": "Youtube",
    }
    url = "https://video.example/watch?v=1"
    assert metadata(info, url, STARTED, FINISHED) == {
        "url": url,
        "title": "Signs",
        "duration_sec": 61.5,
        "upload_date": "2024-02-29",
        "channel_id": "UC1",
        "language": "es",
        "width": 1280,
        "height": 720,
        "fps": 25,
        "manual_tracks": ["de", "es"],
        "automatic_tracks": ["en", "es-orig"],
        "format": {
            "format_id": "136",
            "ext": "mp4",
            "width": 1280,
            "height": 720,
            "fps": 25,
            "vcodec": "avc1.4d401f",
            "filesize": 1234,
            "protocol": "https",
        },
        "extractor": "Youtube",
        "yt_dlp_version": yt_dlp.version.__version__,
        "fetched_at": "2026-01-02T03:04:05+00:00",
        "elapsed_sec": 1.235,
    }


def test_metadata_of_a_real_page_holds_its_facts_and_no_stream_address(site: Any) -> None:
    url = address(site, "good0000001")
    facts = metadata(ask(url), url, STARTED, FINISHED)
    assert facts["title"].startswith("A man & a camera")
    assert facts["manual_tracks"] == ["en", "es"]
    assert facts["automatic_tracks"] == []
    assert facts["format"]["ext"] == "mp4"
    text = json.dumps(facts)
    assert text.count("http://") == text.count(url) == 1


def test_facts_the_platform_does_not_give_are_null() -> None:
    facts = metadata({}, "https://video.example/1", STARTED, FINISHED)
    named = ("title", "duration_sec", "upload_date", "channel_id", "language", "height", "fps")
    assert {facts[name] for name in named} == {None}
    assert facts["manual_tracks"] == facts["automatic_tracks"] == []


# Which subtitle tracks --------------------------------------------------------------------------


def formats_of(language: str, *extensions: str) -> list[dict[str, Any]]:
    """Formats of one track, as YouTube lists them."""
    listed = extensions or ("json3", "srv1", "ttml", "srt", "vtt")
    return [{"ext": e, "url": f"https://tracks.example/{language}.{e}"} for e in listed]


def listing(*languages: str) -> dict[str, list[dict[str, Any]]]:
    return {language: formats_of(language) for language in languages}


def chosen(
    manual: dict[str, Any], automatic: dict[str, Any], spoken: str | None
) -> list[tuple[str, str]]:
    info = {"subtitles": manual, "automatic_captions": automatic, "language": spoken}
    return [(language, kind) for language, kind, _ in wanted_tracks(info)]


@pytest.mark.parametrize(
    ("manual", "automatic", "spoken", "expected"),
    [
        pytest.param([], [], None, [], id="nothing listed, nothing asked for"),
        pytest.param([], [], "en", [], id="a spoken language alone is no track"),
        pytest.param(
            ["fr", "de", "en"],
            [],
            None,
            [("de", "manual"), ("en", "manual"), ("fr", "manual")],
            id="every manual track, by name",
        ),
        pytest.param(
            ["de"],
            ["en-orig", "en", "de", "fr"],
            "en",
            [("de", "manual"), ("en-orig", "automatic")],
            id="manual and native automatic",
        ),
        pytest.param(
            ["en"],
            ["en-orig", "en", "es"],
            "en",
            [("en", "manual"), ("en-orig", "automatic")],
            id="the native automatic one beside a manual one of its language",
        ),
        pytest.param(
            ["en-GB"],
            ["es-orig", "es", "en"],
            "es",
            [("en-GB", "manual"), ("es-orig", "automatic")],
            id="en-GB is English",
        ),
        pytest.param(
            ["es"],
            ["es-orig", "es", "en", "fr"],
            "es",
            [("es", "manual"), ("es-orig", "automatic"), ("en", "translated")],
            id="a translation where there is no English",
        ),
        pytest.param(
            [],
            ["es", "en"],
            "es",
            [("es", "automatic"), ("en", "translated")],
            id="the spoken language where none is marked as the original",
        ),
        pytest.param(
            ["es"], ["es-orig", "fr"], "es", [("es", "manual"), ("es-orig", "automatic")],
            id="no English is listed",
        ),
        pytest.param(
            ["enm"],
            ["es-orig", "en"],
            "es",
            [("enm", "manual"), ("es-orig", "automatic"), ("en", "translated")],
            id="Middle English is another language",
        ),
        pytest.param([], ["en"], "en", [("en", "automatic")], id="native English"),
        pytest.param([], ["en"], None, [("en", "automatic")], id="English, nobody knows of what"),
        pytest.param(
            [], ["en"], "en-US", [("en", "automatic")], id="English is native where en-US is spoken"
        ),
        pytest.param([], ["fr", "de"], None, [], id="automatic ones of an unknown language"),
    ],
)  # fmt: skip
def test_wanted_tracks(
    manual: list[str], automatic: list[str], spoken: str | None, expected: list[tuple[str, str]]
) -> None:
    assert chosen(listing(*manual), listing(*automatic), spoken) == expected


def test_the_live_chat_is_no_subtitle_track() -> None:
    manual = listing("de") | {
        "live_chat": [{"ext": "json", "url": "https://tracks.example", "protocol": "youtube_live"}]
    }
    assert chosen(manual, {}, None) == [("de", "manual")]
    assert chosen({"live_chat": formats_of("live_chat", "vtt")}, {}, None) == []


@pytest.mark.parametrize(
    ("formats", "expected"),
    [
        (formats_of("de"), "vtt"),
        (formats_of("de", "json3", "srt", "ttml"), "srt"),
        (formats_of("de", "json3", "ttml"), None),
        ([{"ext": "vtt", "protocol": "m3u8_native", "url": "u"}, *formats_of("de", "srt")], "srt"),
        ([{"ext": "vtt", "protocol": "m3u8_native", "url": "u"}, *formats_of("de", "vtt")], "vtt"),
        ([{"ext": "vtt", "protocol": "m3u8", "url": "u"}], None),
        ([], None),
    ],
    ids=["both", "srt only", "neither", "m3u8 vtt and srt", "m3u8 and plain", "m3u8 only", "empty"],
)
def test_the_format_of_a_track_is_one_that_can_be_read(
    formats: list[dict[str, Any]], expected: str | None
) -> None:
    found = [track for _, _, track in wanted_tracks({"subtitles": {"de": formats}})]
    assert [track["ext"] for track in found] == ([expected] if expected else [])
    assert all("m3u8" not in track.get("protocol", "") for track in found)


def test_english_that_cannot_be_read_does_not_stand_in_for_the_translation() -> None:
    manual = {"en": formats_of("en", "ttml")}
    assert chosen(manual, listing("es-orig", "en"), "es") == [
        ("es-orig", "automatic"),
        ("en", "translated"),
    ]


def test_nothing_is_asked_for_that_is_not_listed() -> None:
    manual, automatic = listing("es"), listing("es-orig", "en")
    info = {"subtitles": manual, "automatic_captions": automatic, "language": "es"}
    listed = [track for tracks in (manual, automatic) for f in tracks.values() for track in f]
    assert all(track in listed for _, _, track in wanted_tracks(info))


# The text of subtitle tracks --------------------------------------------------------------------


def test_subtitles_are_fetched_raw_each_with_one_request(site: Any) -> None:
    info = ask(address(site, "good0000001"))
    site.requests.clear()
    base = f"http://127.0.0.1:{site.server_port}/watch/good0000001"
    assert fetch_subtitles(info, **NETWORK) == [
        {
            "language": "en",
            "kind": "manual",
            "format": "vtt",
            "name": None,
            "source": f"{base}.en.vtt",
            "text": ENGLISH,
            "problem": None,
        },
        {
            "language": "es",
            "kind": "manual",
            "format": "srt",
            "name": None,
            "source": f"{base}.es.srt",
            "text": SPANISH,
            "problem": None,
        },
    ]
    assert site.requests == ["/watch/good0000001.en.vtt", "/watch/good0000001.es.srt"]


def fetched(answers: Answers, retries: int = 1, **track: Any) -> dict[str, Any]:
    """The one track of an info whose subtitle file is at /en.vtt."""
    url = answers.url("/en.vtt?signature=secret#part")
    tracks = {"en": [{"ext": "vtt", "url": url, "name": "English", **track}]}
    info = {"subtitles": tracks, "http_headers": {"Referer": "http://127.0.0.1/of-the-video"}}
    (found,) = fetch_subtitles(info, timeout_sec=5, retries=retries)
    return found


@pytest.mark.parametrize("code", [403, 404, 410])
def test_a_track_that_is_gone_has_no_text_and_a_problem(code: int) -> None:
    with answering(Answers({"/en.vtt": code})) as server:
        track = fetched(server)
    assert (track["text"], track["problem"]) == (None, f"HTTP error {code}")
    assert len(server.asked) == 1


def test_a_page_with_one_track_gone_still_gives_the_other(folder: Path, tmp_path: Path) -> None:
    watch = tmp_path / "watch"
    watch.mkdir()
    write_page(tmp_path, Page("half0000001", "Half", "gsg", TRACKS))
    (watch / "half0000001.en.vtt").unlink()
    with serve(tmp_path) as server:
        tracks = fetch_subtitles(ask(address(server, "half0000001")), **NETWORK)
    assert [(t["language"], t["text"], t["problem"]) for t in tracks] == [
        ("en", None, "HTTP error 404"),
        ("es", SPANISH, None),
    ]


@pytest.mark.parametrize(
    ("code", "status"), [(500, "network"), (429, "rate_limited"), (400, "unknown")]
)
@pytest.mark.parametrize("retries", [0, 2])
def test_subtitles_the_server_refuses_for_now_are_tried_again_then_the_worlds_fault(
    code: int, status: str, retries: int
) -> None:
    with (
        answering(Answers({"/en.vtt": code})) as server,
        pytest.raises(MachineError, match=f"^{status}: .*HTTP Error {code}"),
    ):
        fetched(server, retries)
    assert len(server.asked) == retries + 1


def test_subtitles_that_break_off_are_the_worlds_fault() -> None:
    with (
        answering(Answers({"/en.vtt": ENGLISH.encode() * 100}, cut=50)) as server,
        pytest.raises(MachineError, match=r"^network: "),
    ):
        fetched(server)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("raw", "text", "problem"),
    [
        ("WEBVTT café 你好".encode(), "WEBVTT café 你好", None),
        ("WEBVTT café".encode("utf-8-sig"), "WEBVTT café", None),
        ("WEBVTT café “x”".encode("cp1252"), "WEBVTT café “x”", "not UTF-8"),
        (b"WEBVTT \x81\xff", "WEBVTT \N{REPLACEMENT CHARACTER}ÿ", "not UTF-8"),
        (b"WEBVTT\r\n\r\n", "WEBVTT\r\n\r\n", None),
        (b"", "", None),
    ],
    ids=["UTF-8", "with a mark", "Windows-1252", "neither", "line ends as they are", "empty"],
)
def test_text_is_decoded_and_says_when_it_was_not_utf8(
    raw: bytes, text: str, problem: str | None
) -> None:
    with answering(Answers({"/en.vtt": raw})) as server:
        track = fetched(server)
    assert (track["text"], track["problem"]) == (text, problem)


def test_the_source_of_a_track_holds_no_signature_but_the_request_does() -> None:
    with answering(Answers({"/en.vtt": b"WEBVTT"})) as server:
        track = fetched(server)
    assert track["source"] == server.url("/en.vtt")
    assert server.asked == [("/en.vtt?signature=secret", None)]
    assert "secret" not in json.dumps(track)
    assert track["name"] == "English"


def test_the_request_for_a_track_carries_the_headers_of_track_or_video() -> None:
    with answering(Answers({"/en.vtt": b"WEBVTT"})) as server:
        fetched(server)
        fetched(server, http_headers={"Referer": "http://127.0.0.1/of-the-track"})
    referers = [headers["Referer"] for headers in server.headers]
    assert referers == ["http://127.0.0.1/of-the-video", "http://127.0.0.1/of-the-track"]


def test_a_track_that_came_with_the_info_is_not_asked_for() -> None:
    with answering(Answers({})) as server:
        track = fetched(server, data="WEBVTT inside")
    assert (track["text"], track["problem"], server.asked) == ("WEBVTT inside", None, [])


# download_info ----------------------------------------------------------------------------------


def test_what_is_kept_for_the_download_holds_no_session() -> None:
    info = {
        "id": "x",
        "title": "x",
        "webpage_url": "https://video.example/x",
        "uploader": "secret",
        "url": "https://media.example/x.mp4",
        "format_id": "136",
        "ext": "mp4",
        "height": 720,
        "cookies": "SID=secret",
        "http_headers": {"Cookie": "secret", "Authorization": "secret", "User-Agent": "Agent"},
        "subtitles": {"en": [{"url": "https://tracks.example?sig=secret", "ext": "vtt"}]},
        "formats": [{"url": "https://media.example/other?sig=secret"}],
    }
    kept = download_info(info)
    assert "secret" not in json.dumps(kept)
    assert kept["formats"] == [
        {
            "url": "https://media.example/x.mp4",
            "format_id": "136",
            "ext": "mp4",
            "height": 720,
            "http_headers": {"User-Agent": "Agent"},
        }
    ]


def test_of_separate_streams_the_video_is_kept() -> None:
    streams = [offered("video", 720), offered("audio")]
    (kept,) = download_info({"id": "x", "requested_formats": streams})["formats"]
    assert (kept["format_id"], kept["url"]) == ("video720", "http://127.0.0.1/video720")


# fetch_stream -----------------------------------------------------------------------------------


def test_the_download_does_not_ask_for_the_page_again(
    site: Any, folder: Path, tmp_path: Path
) -> None:
    kept = json.loads(json.dumps(download_info(ask(address(site, "good0000001")))))
    site.requests.clear()
    path, parts = tmp_path / "video.mp4", tmp_path / "video.mp4.parts"
    fetch_stream(kept, path, parts, **NETWORK)
    assert path.read_bytes() == (folder / "watch" / "good0000001.mp4").read_bytes()
    assert site.requests == ["/watch/good0000001.mp4"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["100%", "%(id)s", "%%", "50% $HOME", "~", "with blank"])
def test_signs_in_the_name_of_the_folder_mean_nothing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = folder / "video.mp4"
    with answering(Answers({"/a.mp4": b"moving pictures"})) as server:
        fetch_stream(stream(server.url("/a.mp4")), path, folder / "parts", **NETWORK)
    assert path.read_bytes() == b"moving pictures"
    assert list(tmp_path.rglob("*")) == [folder, path]


def test_relative_paths_are_below_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with answering(Answers({"/a.mp4": b"moving pictures"})) as server:
        fetch_stream(stream(server.url("/a.mp4")), Path("v.mp4"), Path("parts"), **NETWORK)
    assert (tmp_path / "v.mp4").read_bytes() == b"moving pictures"


MEDIA = random.Random(0).randbytes(256_000)
HALF = len(MEDIA) // 2


@pytest.mark.parametrize("retries", [0, 1])
def test_an_interrupted_download_is_resumed_by_the_next_call(tmp_path: Path, retries: int) -> None:
    path, parts = tmp_path / "video.mp4", tmp_path / "parts"
    with (
        answering(Answers({"/a.mp4": MEDIA}, cut=HALF)) as server,
        pytest.raises(MachineError, match=r"bytes read, .* more expected"),
    ):
        fetch_stream(stream(server.url("/a.mp4")), path, parts, timeout_sec=5, retries=retries)
    assert len(server.asked) == retries + 1
    assert not path.exists()
    (part,) = parts.iterdir()
    done = part.read_bytes()
    assert 0 < len(done) <= HALF
    assert MEDIA.startswith(done)
    with answering(Answers({"/a.mp4": MEDIA})) as server:
        fetch_stream(stream(server.url("/a.mp4")), path, parts, **NETWORK)
    assert server.asked == [("/a.mp4", f"bytes={len(done)}-")]
    assert path.read_bytes() == MEDIA
    assert not parts.exists()


def test_a_server_without_ranges_sends_the_whole_file_again(tmp_path: Path) -> None:
    path, parts = tmp_path / "video.mp4", tmp_path / "parts"
    with answering(Answers({"/a.mp4": MEDIA}, cut=HALF)) as server, pytest.raises(MachineError):
        fetch_stream(stream(server.url("/a.mp4")), path, parts, **NETWORK)
    assert len(list(parts.iterdir())) == 1
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.mp4").write_bytes(MEDIA)
    with serve(tmp_path / "site") as plain:
        url = f"http://127.0.0.1:{plain.server_port}/a.mp4"
        fetch_stream(stream(url), path, parts, **NETWORK)
    assert path.read_bytes() == MEDIA


def test_parts_of_one_format_are_never_continued_with_another(tmp_path: Path) -> None:
    """Settings changed, or the platform offered another format, after the interruption."""
    path, parts = tmp_path / "video.mp4", tmp_path / "parts"
    high, low = b"h" * 200_000, b"l" * 150_000
    files: dict[str, bytes | int] = {"/high.mp4": high, "/low.mp4": low}
    with answering(Answers(files, cut=100_000)) as server, pytest.raises(MachineError):
        fetch_stream(stream(server.url("/high.mp4"), format_id="136"), path, parts, **NETWORK)
    with answering(Answers(files)) as server:
        fetch_stream(stream(server.url("/low.mp4"), format_id="134"), path, parts, **NETWORK)
    assert path.read_bytes() == low


def test_a_killed_download_is_resumed_by_the_next_process(tmp_path: Path, root: Path) -> None:
    path, parts = tmp_path / "video.mp4", tmp_path / "parts"
    program = (
        "import json, sys; from pathlib import Path; from signverse.acquisition import *;"
        "info, path, parts = sys.argv[1:];"
        "fetch_stream(json.loads(info), Path(path), Path(parts), timeout_sec=60, retries=0)"
    )
    with answering(Answers({"/a.mp4": MEDIA}, cut=HALF, hangs=True)) as server:
        info = json.dumps(stream(server.url("/a.mp4")))
        with subprocess.Popen(
            [sys.executable, "-c", program, info, str(path), str(parts)], cwd=root
        ) as process:
            deadline = time.monotonic() + 30
            while not any(part.stat().st_size for part in parts.glob("*")):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            os.kill(process.pid, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
    assert not path.exists()
    (part,) = parts.iterdir()
    done = part.stat().st_size
    with answering(Answers({"/a.mp4": MEDIA})) as server:
        fetch_stream(stream(server.url("/a.mp4")), path, parts, **NETWORK)
    assert server.asked == [("/a.mp4", f"bytes={done}-")]
    assert path.read_bytes() == MEDIA


@pytest.mark.parametrize("code", [404, 410])
def test_a_file_that_is_gone_is_the_videos_fault_and_leaves_nothing(
    tmp_path: Path, code: int
) -> None:
    with (
        answering(Answers({"/a.mp4": code})) as server,
        pytest.raises(VideoError, match=f"^removed: .*HTTP Error {code}"),
    ):
        fetch_stream(stream(server.url("/a.mp4")), tmp_path / "v.mp4", tmp_path / "p", **NETWORK)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "status"), [(403, "unknown"), (429, "rate_limited"), (500, "network")]
)
def test_a_file_that_is_refused_for_now_is_the_worlds_fault(
    tmp_path: Path, code: int, status: str
) -> None:
    with (
        answering(Answers({"/a.mp4": code})) as server,
        pytest.raises(MachineError, match=f"^{status}: "),
    ):
        fetch_stream(stream(server.url("/a.mp4")), tmp_path / "v.mp4", tmp_path / "p", **NETWORK)
    assert not (tmp_path / "v.mp4").exists()


def test_a_media_server_that_does_not_listen_is_the_worlds_fault(tmp_path: Path) -> None:
    info = stream(f"http://127.0.0.1:{unused_port()}/a.mp4")
    with pytest.raises(MachineError, match=r"^network: .*Connection refused"):
        fetch_stream(info, tmp_path / "v.mp4", tmp_path / "p", **NETWORK)
    assert not (tmp_path / "v.mp4").exists()


def test_an_expired_address_is_renewed_by_asking_the_page_once(site: Any, tmp_path: Path) -> None:
    page = address(site, "good0000001")
    info = download_info(ask(page))
    info["formats"][0]["url"] = page.replace(".html", ".expired.mp4")
    site.requests.clear()
    fetch_stream(info, tmp_path / "v.mp4", tmp_path / "p", **NETWORK)
    assert (tmp_path / "v.mp4").stat().st_size > 100_000
    paths = ["expired.mp4", "html", "mp4"]
    assert [path.partition(".")[2] for path in site.requests] == paths


def test_a_video_whose_page_is_gone_too_is_removed(site: Any, tmp_path: Path) -> None:
    info = download_info(ask(address(site, "good0000001")))
    info["formats"][0]["url"] = info["webpage_url"] = address(site, "missing0001")
    with pytest.raises(VideoError, match=r"^removed: "):
        fetch_stream(info, tmp_path / "v.mp4", tmp_path / "p", **NETWORK)
    assert not (tmp_path / "p").exists()


def test_a_track_with_an_address_on_this_machine_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.vtt").write_text("WEBVTT")
    track = {"url": f"file://{tmp_path}/secret.vtt", "ext": "vtt"}
    (found,) = fetch_subtitles({"subtitles": {"en": [track]}}, **NETWORK)
    assert (found["text"], found["problem"]) == (None, "no http or https address")
