"""One question to the platform: real yt-dlp against servers on this machine."""

import json
import socket
from typing import Any

import pytest
from file_server import File, file_server
from platform_settings import ask, unused_port, watch_page

from signverse.errors import MachineError, VideoError


def test_one_extraction_asks_for_the_page_once_and_for_nothing_else(site: Any) -> None:
    info, choice = ask(watch_page(site, "good0000001"))
    assert site.requests == ["/watch/good0000001.html"]
    assert info["url"] == f"http://127.0.0.1:{site.server_port}/watch/good0000001.mp4"
    assert choice.format["url"] == info["url"]
    assert sorted(info["subtitles"]) == ["en", "es"]


def test_what_extraction_gives_can_be_written_as_json(site: Any) -> None:
    info, choice = ask(watch_page(site, "good0000001"))
    assert json.loads(json.dumps(info)) == info
    assert json.loads(json.dumps(choice.format)) == choice.format


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
        ask(watch_page(site, page))
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
        file_server({"/page.html": File(status=code)}) as server,
        pytest.raises(MachineError, match=f"^{status}: .*HTTP Error {code}") as caught,
    ):
        ask(server.url("/page.html"), retries=0)
    assert caught.value.status == status


def test_a_file_with_sound_alone_is_the_videos_fault() -> None:
    """The address of a sound file is no page, and yt-dlp knows its kind by the answer."""
    with (
        file_server({"/a.mp3": File(b"ID3" * 100, kind="audio/mpeg")}) as server,
        pytest.raises(VideoError, match=r"^no_video_stream: "),
    ):
        ask(server.url("/a.mp3"))


MASTER = """#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=1280x720,CODECS="avc1.4d401f"
720.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1900000,RESOLUTION=1920x1080,CODECS="avc1.640028"
1080.m3u8
"""


def test_of_a_ladder_the_format_of_the_policy_is_what_yt_dlp_takes_too() -> None:
    kind = "application/vnd.apple.mpegurl"
    finished = File(b"#EXTM3U\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n", kind=kind)
    files = {"/a.m3u8": File(MASTER.encode(), kind=kind), "/720.m3u8": finished}
    with file_server({**files, "/1080.m3u8": finished}) as server:
        info, choice = ask(server.url("/a.m3u8"))
    assert choice.format["url"] == info["url"] == server.url("/720.m3u8")
    assert choice.reason == "the greatest height within 360 to 720 px"
    assert choice.alternatives == 2


def test_a_running_live_list_is_not_a_video_yet() -> None:
    kind = "application/vnd.apple.mpegurl"
    running = File(b"#EXTM3U\n#EXTINF:1,\na.ts\n", kind=kind)
    files = {"/a.m3u8": File(MASTER.encode(), kind=kind), "/720.m3u8": running}
    with (
        file_server({**files, "/1080.m3u8": running}) as server,
        pytest.raises(VideoError, match=r"^not_a_video: a live stream that has not ended"),
    ):
        ask(server.url("/a.m3u8"))


def test_the_headers_of_the_config_are_sent_and_not_taken_into_the_info(site: Any) -> None:
    options = {"http_headers": {"X-Key": "header-secret", "user-agent": "Own agent"}}
    info, choice = ask(watch_page(site, "good0000001"), yt_dlp=options)
    assert "header-secret" not in json.dumps([info, choice.format])
    assert "Own agent" not in json.dumps([info, choice.format])
    assert choice.format["http_headers"]["Referer"] == watch_page(site, "good0000001")
