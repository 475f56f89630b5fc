"""The raw text of subtitle tracks: real yt-dlp against servers on this machine."""

import json
from pathlib import Path
from typing import Any

import pytest
from file_server import File, Server, file_server
from jsonschema import Draft202012Validator
from platform_settings import ask, client, watch_page

from signverse.acquisition import SCHEMA_VERSION
from signverse.acquisition.texts import fetch_subtitles
from signverse.demo.site import Page, serve, write_page
from signverse.errors import MachineError
from signverse.outcomes import product

ENGLISH = "WEBVTT\n\n00:00.200 --> 00:02.000\nA man talks.\n"
SPANISH = "1\n00:00:00,200 --> 00:00:02,000\nUn hombre habla.\n"
TRACKS = {"en": ("vtt", ENGLISH), "es": ("srt", SPANISH)}

JAPANESE = (
    "WEBVTT\n\n00:00.000 --> 00:02.000\n手話はとても大切な言葉です。\n\n"
    "00:02.000 --> 00:05.000\n今日は自己紹介のしかたを勉強しましょう。\n"
)


def test_subtitles_are_fetched_raw_each_with_one_request(site: Any, root: Path) -> None:
    info, _ = ask(watch_page(site, "good0000001"))
    site.requests.clear()
    base = f"http://127.0.0.1:{site.server_port}/watch/good0000001"
    rest = {"kind": "manual", "name": None, "source_language": None}
    right = {"encoding": "utf-8", "problem": None}
    found = fetch_subtitles(client(), info)
    assert found == [
        {"language": "en", **rest, "format": "vtt", "source": f"{base}.en.vtt", "text": ENGLISH}
        | right,
        {"language": "es", **rest, "format": "srt", "source": f"{base}.es.srt", "text": SPANISH}
        | right,
    ]
    assert site.requests == ["/watch/good0000001.en.vtt", "/watch/good0000001.es.srt"]
    schema = json.loads((root / "resources/schemas/subtitles.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(product("x", SCHEMA_VERSION, tracks=found))


def fetched(server: Server, retries: int = 1, **track: Any) -> dict[str, Any]:
    """The one track of an info whose subtitle file is at /en.vtt."""
    url = server.url("/en.vtt?signature=secret#part")
    tracks = {"en": [{"ext": "vtt", "url": url, "name": "English", **track}]}
    info = {"subtitles": tracks, "http_headers": {"Referer": "http://127.0.0.1/of-the-video"}}
    (found,) = fetch_subtitles(client(retries=retries), info)
    return found


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_a_track_that_is_gone_has_no_text_and_a_problem(code: int) -> None:
    with file_server({"/en.vtt": File(status=code)}) as server:
        track = fetched(server)
    assert (track["text"], track["encoding"]) == (None, None)
    assert track["problem"] == f"HTTP error {code}"
    assert len(server.asked) == 1


def test_a_page_with_one_track_gone_still_gives_the_other(tmp_path: Path) -> None:
    watch = tmp_path / "watch"
    watch.mkdir()
    write_page(tmp_path, Page("half0000001", "Half", "gsg", TRACKS))
    (watch / "half0000001.en.vtt").unlink()
    with serve(tmp_path) as server:
        info, _ = ask(watch_page(server, "half0000001"))
        tracks = fetch_subtitles(client(), info)
    assert [(t["language"], t["text"], t["problem"]) for t in tracks] == [
        ("en", None, "HTTP error 404"),
        ("es", SPANISH, None),
    ]


@pytest.mark.parametrize(("code", "status"), [(500, "network"), (400, "unknown")])
@pytest.mark.parametrize("retries", [0, 2])
def test_subtitles_the_server_refuses_for_now_are_tried_again_then_the_worlds_fault(
    code: int, status: str, retries: int
) -> None:
    with (
        file_server({"/en.vtt": File(status=code)}) as server,
        pytest.raises(MachineError, match=f"^{status}: .*HTTP Error {code}") as caught,
    ):
        fetched(server, retries)
    assert len(server.asked) == retries + 1
    assert caught.value.status == status


def test_a_429_is_not_asked_again_at_once() -> None:
    with (
        file_server({"/en.vtt": File(status=429)}) as server,
        pytest.raises(MachineError) as caught,
    ):
        fetched(server, retries=2)
    assert caught.value.status == "rate_limited"
    assert len(server.asked) == 1


def test_a_429_for_a_translation_alone_is_no_limit_of_the_platform() -> None:
    """YouTube refuses translations so while it answers everything else."""
    with file_server({"/en.vtt": File(status=429)}) as server:
        url = server.url("/en.vtt?lang=de&tlang=en")
        info = {"automatic_captions": {"en": [{"ext": "vtt", "url": url}]}, "language": "de"}
        (track,) = fetch_subtitles(client(retries=2), info)
    assert (track["kind"], track["text"]) == ("translated", None)
    assert track["problem"] == "HTTP error 429"
    assert len(server.asked) == 1


def test_subtitles_that_come_at_the_second_try_are_taken() -> None:
    with file_server({"/en.vtt": File(b"WEBVTT", fails_first=1)}) as server:
        assert fetched(server)["text"] == "WEBVTT"


def test_subtitles_that_break_off_are_the_worlds_fault() -> None:
    with (
        file_server({"/en.vtt": File(ENGLISH.encode() * 100, cut=50)}) as server,
        pytest.raises(MachineError, match=r"^network: "),
    ):
        fetched(server)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        ("WEBVTT café 你好".encode(), "WEBVTT café 你好", "utf-8"),
        ("WEBVTT café".encode("utf-8-sig"), "WEBVTT café", "utf-8"),
        (JAPANESE.encode("cp932"), JAPANESE, "cp932"),
        (b"WEBVTT\r\n\r\n", "WEBVTT\r\n\r\n", "utf-8"),
    ],
    ids=["UTF-8", "with a mark", "Shift-JIS", "line ends as they are"],
)
def test_text_is_decoded_and_says_from_what(raw: bytes, text: str, encoding: str) -> None:
    with file_server({"/en.vtt": File(raw)}) as server:
        track = fetched(server)
    assert (track["text"], track["encoding"], track["problem"]) == (text, encoding, None)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "the answer was empty"),
        (b" \r\n", "the answer was empty"),
        (b"\n<!DOCTYPE html><title>Sorry</title>", "the answer was a web page"),
        (b"<html lang=en>", "the answer was a web page"),
    ],
)
def test_an_answer_that_is_no_track_is_a_problem_of_the_track(raw: bytes, problem: str) -> None:
    with file_server({"/en.vtt": File(raw)}) as server:
        track = fetched(server)
    assert (track["text"], track["encoding"], track["problem"]) == (None, None, problem)


def test_the_source_of_a_track_holds_no_signature_but_the_request_does() -> None:
    with file_server({"/en.vtt": File(b"WEBVTT")}) as server:
        track = fetched(server)
    assert track["source"] == server.url("/en.vtt")
    assert server.asked == [("/en.vtt?signature=secret", None)]
    assert "secret" not in json.dumps(track)
    assert track["name"] == "English"


def test_the_request_for_a_track_carries_the_headers_of_track_or_video() -> None:
    with file_server({"/en.vtt": File(b"WEBVTT")}) as server:
        fetched(server)
        fetched(server, http_headers={"Referer": "http://127.0.0.1/of-the-track"})
    referers = [headers["Referer"] for headers in server.headers]
    assert referers == ["http://127.0.0.1/of-the-video", "http://127.0.0.1/of-the-track"]


def test_a_track_that_came_with_the_info_is_not_asked_for() -> None:
    with file_server({}) as server:
        track = fetched(server, data="WEBVTT inside")
    assert (track["text"], track["problem"], server.asked) == ("WEBVTT inside", None, [])


def test_a_track_with_an_address_on_this_machine_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.vtt").write_text("WEBVTT")
    track = {"url": f"file://{tmp_path}/secret.vtt", "ext": "vtt"}
    (found,) = fetch_subtitles(client(), {"subtitles": {"en": [track]}})
    assert (found["text"], found["problem"]) == (None, "no http or https address")
