"""download.json and the download: real yt-dlp against servers on this machine."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from file_server import File, file_server
from jsonschema import Draft202012Validator
from platform_settings import (
    POLICY,
    ask,
    at_once,
    client,
    media,
    offered,
    stream_info,
    unused_port,
    watch_page,
)

from signverse.acquisition import SCHEMA_VERSION
from signverse.acquisition.formats import Choice
from signverse.acquisition.streams import download_info, fetch_stream
from signverse.errors import MachineError, VideoError
from signverse.outcomes import product

MEDIA = media(100_001)


def fetch(info: dict[str, Any], folder: Path, **settings: Any) -> dict[str, Any]:
    return fetch_stream(client(**settings), info, folder / "v.mp4", folder / "parts", ask=at_once)


def kept_info(site: Any) -> dict[str, Any]:
    """The info of the good page's download.json; nobody has been asked for anything since."""
    info, choice = ask(watch_page(site, "good0000001"))
    site.requests.clear()
    kept: dict[str, Any] = json.loads(json.dumps(download_info(info, choice, POLICY)))
    return kept


# download_info ----------------------------------------------------------------------------------


def test_what_is_kept_for_the_download_holds_no_session(root: Path) -> None:
    info = {
        "id": "x",
        "title": "x",
        "duration": 12.5,
        "webpage_url": "https://video.example/x",
        "uploader": "secret",
        "subtitles": {"en": [{"url": "https://tracks.example?sig=secret", "ext": "vtt"}]},
        "formats": [{"url": "https://media.example/other?sig=secret"}],
    }
    stream = {
        "url": "https://media.example/x.mp4",
        "format_id": "136",
        "ext": "mp4",
        "height": 720,
        "cookies": "SID=secret",
        "http_headers": {"Cookie": "secret", "Authorization": "secret", "User-Agent": "Agent"},
    }
    kept = download_info(info, Choice(stream, "why", 1), POLICY)
    assert "secret" not in json.dumps(kept)
    del stream["cookies"]
    assert kept["formats"] == [stream | {"http_headers": {"User-Agent": "Agent"}}]
    assert kept["duration"] == 12.5
    schema = json.loads((root / "resources/schemas/download.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(product("x", SCHEMA_VERSION, info=kept))


def test_of_separate_streams_the_chosen_one_is_kept() -> None:
    choice = Choice(offered("video", 720), "why", 1)
    (kept,) = download_info({"id": "x", "url": "http://other"}, choice, POLICY)["formats"]
    assert (kept["format_id"], kept["url"]) == ("video720", "http://127.0.0.1/video720")


# fetch_stream -----------------------------------------------------------------------------------


def test_the_download_does_not_ask_for_the_page_again(
    site: Any, folder: Path, tmp_path: Path
) -> None:
    done = fetch(kept_info(site), tmp_path)
    assert done["refreshed"] is False
    expected = (folder / "watch" / "good0000001.mp4").read_bytes()
    assert (tmp_path / "v.mp4").read_bytes() == expected
    assert site.requests == ["/watch/good0000001.mp4"]
    assert list(tmp_path.iterdir()) == [tmp_path / "v.mp4"]


@pytest.mark.parametrize("name", ["100%", "%(id)s", "%%", "50% $HOME", "~", "with blank"])
def test_signs_in_the_name_of_the_folder_mean_nothing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with file_server({"/a.mp4": File(MEDIA)}) as server:
        fetch(stream_info(server.url("/a.mp4")), folder)
    assert (folder / "v.mp4").read_bytes() == MEDIA
    assert list(tmp_path.rglob("*")) == [folder, folder / "v.mp4"]


def test_relative_paths_are_below_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with file_server({"/a.mp4": File(MEDIA)}) as server:
        fetch(stream_info(server.url("/a.mp4")), Path())
    assert (tmp_path / "v.mp4").read_bytes() == MEDIA


@pytest.mark.parametrize("code", [404, 410])
def test_a_file_that_is_gone_is_the_videos_fault_and_leaves_nothing(
    tmp_path: Path, code: int
) -> None:
    with (
        file_server({"/a.mp4": File(status=code)}) as server,
        pytest.raises(VideoError, match=f"^removed: .*HTTP Error {code}"),
    ):
        fetch(stream_info(server.url("/a.mp4")), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "status"), [(403, "unknown"), (429, "rate_limited"), (500, "network")]
)
def test_a_file_that_is_refused_for_now_is_the_worlds_fault(
    tmp_path: Path, code: int, status: str
) -> None:
    with (
        file_server({"/a.mp4": File(status=code)}) as server,
        pytest.raises(MachineError, match=f"^{status}: ") as caught,
    ):
        fetch(stream_info(server.url("/a.mp4")), tmp_path)
    assert caught.value.status == status
    assert not (tmp_path / "v.mp4").exists()


def test_a_media_server_that_does_not_listen_is_the_worlds_fault(tmp_path: Path) -> None:
    info = stream_info(f"http://127.0.0.1:{unused_port()}/a.mp4")
    with pytest.raises(MachineError, match=r"^network: .*Connection refused"):
        fetch(info, tmp_path)
    assert not (tmp_path / "v.mp4").exists()


# Addresses that expire --------------------------------------------------------------------------


def endings(site: Any) -> list[str]:
    return [path.partition(".")[2] for path in site.requests]


def test_an_expired_address_is_renewed_by_asking_the_page_once(site: Any, tmp_path: Path) -> None:
    info = kept_info(site)
    info["formats"][0]["url"] = info["webpage_url"].replace(".html", ".expired.mp4")
    done = fetch(info, tmp_path)
    assert (done["refreshed"], done["format_id"]) == (True, info["formats"][0]["format_id"])
    assert (tmp_path / "v.mp4").stat().st_size > 100_000
    assert endings(site) == ["expired.mp4", "html", "mp4"]


@pytest.mark.parametrize("place", ["?a=1&expire={}&b=2", "?expire={}", "/expire/{}/x.mp4"])
@pytest.mark.parametrize("seconds", [-60, 3600])
def test_an_address_that_says_when_it_expires_is_not_asked_after_that(
    site: Any, tmp_path: Path, place: str, seconds: int
) -> None:
    info = kept_info(site)
    expiry = place.format(int(time.time()) + seconds)
    info["formats"][0]["url"] = info["webpage_url"].replace(".html", ".mp4") + expiry
    assert fetch(info, tmp_path)["refreshed"] is (seconds < 0 or place.startswith("/"))
    first = site.requests[0]
    assert first.endswith(".html") if seconds < 0 else expiry in first


def test_a_video_whose_page_is_gone_too_is_removed(site: Any, tmp_path: Path) -> None:
    info = kept_info(site)
    info["formats"][0]["url"] = info["webpage_url"] = watch_page(site, "missing0001")
    with pytest.raises(VideoError, match=r"^removed: "):
        fetch(info, tmp_path)
    assert not (tmp_path / "parts").exists()


def test_an_address_without_a_page_behind_it_is_not_renewed(tmp_path: Path) -> None:
    with file_server({"/a.mp4": File(status=404)}) as server:
        info = stream_info(server.url("/a.mp4")) | {"webpage_url": None}
        with pytest.raises(VideoError, match=r"^removed"):
            fetch(info, tmp_path)
        assert len(server.asked) == 1


# Files that are not what they should be ---------------------------------------------------------


@pytest.mark.parametrize("page", [b"\n<!doctype html>Sorry", b'{"error": 1}', b"\xef\xbb\xbf<?xml"])
def test_a_page_in_place_of_a_video_is_tried_anew_then_the_worlds_fault(
    tmp_path: Path, page: bytes
) -> None:
    file = File(page, kind="text/html")
    with file_server({"/a.mp4": file, "/page.html": File(status=503)}) as server:
        info = stream_info(server.url("/a.mp4")) | {"webpage_url": server.url("/page.html")}
        with pytest.raises(MachineError, match=r"^network: .*HTTP Error 503"):
            fetch(info, tmp_path, retries=0)
        assert [path for path, _ in server.asked] == ["/a.mp4", "/page.html"]
        with pytest.raises(MachineError, match=r"^network: a web page instead of a video$"):
            fetch(info | {"webpage_url": None}, tmp_path)
        file.data = MEDIA
        fetch(info, tmp_path)
    assert (tmp_path / "v.mp4").read_bytes() == MEDIA


def test_a_file_shorter_than_the_platform_says_is_tried_anew(tmp_path: Path) -> None:
    """Without a length in the answer nothing else tells that the end is missing."""
    file = File(MEDIA[:50_000], length=False)
    with file_server({"/a.mp4": file}) as server:
        info = stream_info(server.url("/a.mp4"), filesize=len(MEDIA))
        with pytest.raises(MachineError, match=r"^network: 50000 of 100001 bytes") as caught:
            fetch(info, tmp_path)
        assert caught.value.status == "network"
        file.data = MEDIA
        fetch(info, tmp_path)
    assert (tmp_path / "v.mp4").read_bytes() == MEDIA


def hls_files(*, ended: bool = True, head: str = "") -> dict[str, File]:
    kind = "application/vnd.apple.mpegurl"
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", head, "#EXTINF:1,", "1.ts", "#EXTINF:1,", "2.ts"]
    text = "\n".join([*lines, "#EXT-X-ENDLIST" if ended else ""])
    return {
        "/a.m3u8": File(text.encode(), kind=kind),
        "/1.ts": File(MEDIA[:60_000]),
        "/2.ts": File(MEDIA[60_000:]),
    }


@pytest.mark.parametrize(
    "files", [hls_files(), hls_files(ended=False, head="#EXT-X-PLAYLIST-TYPE:VOD")]
)
def test_a_finished_list_of_segments_is_downloaded_and_asked_for_once(
    tmp_path: Path, files: dict[str, File]
) -> None:
    with file_server(files) as server:
        fetch(stream_info(server.url("/a.m3u8"), protocol="m3u8_native"), tmp_path)
    assert (tmp_path / "v.mp4").read_bytes() == MEDIA
    assert [path for path, _ in server.asked] == ["/a.m3u8", "/1.ts", "/2.ts"]
    assert list(tmp_path.iterdir()) == [tmp_path / "v.mp4"]


def test_a_list_that_may_still_grow_is_no_finished_video(tmp_path: Path) -> None:
    with (
        file_server(hls_files(ended=False)) as server,
        pytest.raises(VideoError, match=r"^not_a_video: a live stream that has not ended"),
    ):
        fetch(stream_info(server.url("/a.m3u8"), protocol="m3u8_native"), tmp_path)
    assert [path for path, _ in server.asked] == ["/a.m3u8"]
    assert list(tmp_path.iterdir()) == []


def test_a_segment_that_is_missing_is_no_finished_video(tmp_path: Path) -> None:
    files = hls_files() | {"/2.ts": File(status=500)}
    with file_server(files) as server, pytest.raises(MachineError, match=r"^network: "):
        fetch(stream_info(server.url("/a.m3u8"), protocol="m3u8_native"), tmp_path, retries=0)
    assert not (tmp_path / "v.mp4").exists()
