"""yt-dlp with the options of the config: what it is told, and what it tells."""

import logging
from pathlib import Path
from typing import Any

import pytest
import yt_dlp
from file_server import File, file_server
from platform_settings import client, platform_settings, unused_port
from yt_dlp.networking import Request

from signverse.acquisition.client import check_platform
from signverse.errors import InputError, MachineError, VideoError

SECRET = "session-secret"


@pytest.fixture
def cookies(tmp_path: Path) -> Path:
    file = tmp_path / "cookies.txt"
    file.write_text(f"#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tSID\t{SECRET}\n")
    return file


def test_cookies_of_the_file_are_sent(cookies: Path) -> None:
    with (
        file_server({"/a": File(b"a")}) as server,
        client(cookies_file=str(cookies)).opened() as it,
    ):
        assert it.urlopen(Request(server.url("/a"))).read() == b"a"
        assert server.headers[0]["Cookie"] == f"SID={SECRET}"


def test_the_cookies_file_is_never_written_and_nothing_beside_it(cookies: Path) -> None:
    cookies.chmod(0o400)
    before, time_before = cookies.read_bytes(), cookies.stat().st_mtime_ns
    with file_server({"/a": File(b"a")}) as server:
        for _ in range(2):
            with client(cookies_file=str(cookies)).opened() as it:
                it.urlopen(Request(server.url("/a"))).read()
    assert (cookies.read_bytes(), cookies.stat().st_mtime_ns) == (before, time_before)
    assert list(cookies.parent.iterdir()) == [cookies]


def test_two_downloaders_of_a_client_have_a_jar_each(cookies: Path) -> None:
    way = client(cookies_file=str(cookies))
    with way.opened() as first:
        first.cookiejar.clear()
        with way.opened() as second:
            assert [cookie.value for cookie in second.cookiejar] == [SECRET]


def test_a_damaged_cookies_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text(SECRET)
    with pytest.raises(InputError, match="line 1") as caught:
        client(cookies_file=str(tmp_path / "c.txt"))
    assert SECRET not in str(caught.value)


def test_an_option_that_yt_dlp_cannot_follow_is_refused_by_one_line() -> None:
    settings = platform_settings(yt_dlp={"impersonate": "chrome-999"})
    with pytest.raises(InputError, match='config, platform: Impersonate target "chrome-999"'):
        check_platform(settings)


def test_requests_go_by_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with file_server({"http://video.example/a": File(b"by proxy")}) as server:
        monkeypatch.setenv("OUR_PROXY", server.address)
        with client(yt_dlp={"proxy": "${OUR_PROXY}"}).opened() as it:
            assert it.urlopen(Request("http://video.example/a")).read() == b"by proxy"


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_is_down_fails_the_job_without_telling_its_password(
    scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    proxy = f"{scheme}://me:{SECRET}@127.0.0.1:{unused_port()}"
    way = client(yt_dlp={"proxy": proxy}, retries=0)
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(MachineError) as caught,
        way.opened() as it,
    ):
        it.extract_info("http://video.example/a.html", download=False)
    assert SECRET not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (yt_dlp.utils.DownloadError("ERROR: Private video"), VideoError, "private: Private video"),
        (yt_dlp.utils.DownloadError("HTTP Error 429"), MachineError, "rate_limited: HTTP Error"),
        (OSError(28, "No space left on device"), MachineError, "disk_full: "),
        (OSError("this video is private"), MachineError, "private: "),
        (yt_dlp.utils.DownloadError(f"odd: {SECRET}"), MachineError, r"unknown: odd: \*\*\*"),
    ],
)
def test_errors_become_ours_without_secrets(error: Exception, kind: Any, message: str) -> None:
    way = client(yt_dlp={"password": SECRET})
    with pytest.raises(kind, match=f"^{message}"), way.opened():
        raise error


def test_a_defect_of_ours_is_no_fault_of_the_world() -> None:
    with pytest.raises(KeyError), client().opened():
        raise KeyError("defect")


def test_what_yt_dlp_says_reaches_the_log_without_secrets(caplog: Any) -> None:
    way = client(yt_dlp={"password": SECRET})
    with caplog.at_level(logging.DEBUG), way.opened() as it:
        it.report_warning(f"logged in with {SECRET}")
        it.to_screen(f"asking http://me:{SECRET}@a.example/x?signature=abc&x=1 now")
        it.params["logger"].error("plain")
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert lines == [
        ("WARNING", "logged in with ***"),
        ("DEBUG", "asking http://a.example/x now"),
        ("ERROR", "plain"),
    ]


def test_headers_of_the_config_are_sent_with_every_request() -> None:
    with (
        file_server({"/a": File(b"a")}) as server,
        client(yt_dlp={"http_headers": {"X-Key": SECRET}}).opened() as it,
    ):
        it.urlopen(Request(server.url("/a"))).read()
        assert server.headers[0]["X-Key"] == SECRET
