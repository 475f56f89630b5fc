import email.message
import threading
import urllib.error
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yt_dlp

from signverse.traffic import retry_after


def refusal(value: str | None, date: str | None = None) -> urllib.error.HTTPError:
    headers = email.message.Message()
    for name, content in (("Retry-After", value), ("Date", date)):
        if content is not None:
            headers[name] = content
    return urllib.error.HTTPError("http://x/", 429, "Too Many Requests", headers, None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), ("120", 120), (" 7 ", 7), ("1.5", 1.5), ("-3", None), ("soon", None), ("", None),
     (None, None), ("1e3", None), ("9" * 400, None), ("٣", None)],
)  # fmt: skip
def test_a_number_of_seconds_is_read_and_rubbish_is_not(
    value: str | None, seconds: float | None
) -> None:
    assert retry_after(refusal(value)) == seconds


def test_a_date_is_compared_with_the_date_of_the_answer_not_with_a_wrong_clock() -> None:
    until, date = "Wed, 21 Oct 2015 07:30:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT"
    assert retry_after(refusal(until, date)) == 120


def test_a_date_without_a_date_of_the_answer_is_compared_with_the_clock() -> None:
    until = datetime.now(UTC) + timedelta(seconds=100)
    found = retry_after(refusal(format_datetime(until, usegmt=True)))
    assert found is not None
    assert 95 < found <= 100
    assert retry_after(refusal("Wed, 21 Oct 2015 07:30:00 GMT")) == 0


def test_the_header_is_found_behind_causes_contexts_and_what_was_reported() -> None:
    found = refusal("9")
    by_cause, by_context, reported = RuntimeError("a"), RuntimeError("b"), RuntimeError("c")
    by_cause.__cause__ = found
    by_context.__context__ = by_cause
    reported.exc_info = (RuntimeError, by_context, None)  # type: ignore[attr-defined]
    assert [retry_after(e) for e in (by_cause, by_context, reported)] == [9, 9, 9]


def test_errors_that_stand_in_a_circle_end_without_a_header() -> None:
    one, other = RuntimeError("one"), RuntimeError("other")
    one.__cause__, other.__context__ = other, one
    assert retry_after(one) is None
    assert retry_after(ValueError("plain")) is None


class Refuser(BaseHTTPRequestHandler):
    """Refuses every request, the video file and its page alike."""

    def do_GET(self) -> None:
        self.send_response(429)
        self.send_header("Retry-After", "37")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refuser) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


OPTIONS = {"quiet": True, "no_warnings": True, "cachedir": False, "retries": 0}


def test_the_header_of_a_real_extraction_is_found_in_yt_dlps_error(address: str) -> None:
    with yt_dlp.YoutubeDL(OPTIONS) as downloader, pytest.raises(yt_dlp.DownloadError) as caught:
        downloader.extract_info(f"{address}/watch/a.html", download=False)
    assert "429" in str(caught.value)
    assert retry_after(caught.value) == 37


def test_the_header_of_a_real_download_is_found_in_yt_dlps_error(
    address: str, tmp_path: Path
) -> None:
    options = OPTIONS | {"outtmpl": {"default": str(tmp_path / "a.mp4")}}
    stream = {"format_id": "0", "ext": "mp4", "protocol": "http", "url": f"{address}/a.mp4"}
    info = {"id": "a", "title": "a", "extractor": "generic", "formats": [stream]}
    with yt_dlp.YoutubeDL(options) as downloader, pytest.raises(yt_dlp.DownloadError) as caught:
        downloader.process_ie_result(info, download=True)
    assert retry_after(caught.value) == 37


def test_the_header_of_a_real_subtitle_request_is_found_in_yt_dlps_error(address: str) -> None:
    with (
        yt_dlp.YoutubeDL(OPTIONS) as downloader,
        pytest.raises(yt_dlp.networking.exceptions.HTTPError) as caught,
    ):
        downloader.urlopen(f"{address}/a.en.vtt")
    assert retry_after(caught.value) == 37
