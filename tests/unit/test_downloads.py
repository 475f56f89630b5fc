"""Downloads from servers of the test's own."""

import json
import logging
import random
import socket
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from file_server import File, Server, file_server

from signverse.downloads import DownloadError, download, shown

DATA = b"\x08" + random.Random(1).randbytes(400_000)  # no random byte looks like a page
OTHER = b"\x08" + random.Random(2).randbytes(400_000)
HALF = len(DATA) // 2
DATE = "Mon, 07 Aug 2023 08:00:00 GMT"


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "part"


def fetch(server: Server, part: Path, path: str = "/n.onnx", **changed: Any) -> None:
    options = {"size": None, "hashed": False, "timeout_sec": 5, "retries": 0} | changed
    download(server.url(path), part, **options)


def refusal(server: Server, part: Path, path: str = "/n.onnx", **changed: Any) -> str:
    with pytest.raises(DownloadError) as caught:
        fetch(server, part, path, **changed)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def break_off(part: Path, file: File, **changed: Any) -> None:
    """Have the first half of a file, its connection having been lost."""
    file.cut = HALF
    with file_server({"/n.onnx": file}) as server:
        assert refusal(server, part, **changed) == f"ended after {HALF} of {len(file.data)} bytes"
    file.cut = None
    assert part.read_bytes() == file.data[:HALF]


def test_a_file_comes_as_it_is_in_one_request(part: Path) -> None:
    with file_server({"/n.onnx": File(DATA)}) as server:
        fetch(server, part)
    assert part.read_bytes() == DATA
    assert server.asked == [("/n.onnx", None)]
    assert server.served == len(DATA)


def test_requests_carry_a_name_and_nothing_secret(
    part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with file_server({"/n.onnx": File(DATA)}) as server:
        fetch(server, part)
    (headers,) = server.headers
    assert headers["User-Agent"] == "signverse"
    assert headers["Accept-Encoding"] == "identity"
    assert not {"Authorization", "Cookie", "Referer"} & headers.keys()


@pytest.mark.parametrize(
    ("file", "validator"),
    [
        (File(DATA, etag='"a"'), '"a"'),
        (File(DATA, modified=DATE), DATE),
        (File(DATA, etag='"a"', modified=DATE), '"a"'),
        (File(DATA, etag='W/"a"', modified=DATE), DATE),
    ],
    ids=["etag", "date", "both", "weak etag and date"],
)
def test_a_lost_connection_is_continued_where_it_broke_off(
    part: Path, file: File, validator: str
) -> None:
    break_off(part, file)
    with file_server({"/n.onnx": file}) as server:
        fetch(server, part)
    assert part.read_bytes() == DATA
    assert server.asked == [("/n.onnx", f"bytes={HALF}-")]
    assert server.headers[0]["If-Range"] == validator
    assert server.served == len(DATA) - HALF


@pytest.mark.parametrize("etag", [None, 'W/"a"'])
def test_without_a_validator_only_a_file_with_a_hash_is_continued(
    part: Path, etag: str | None
) -> None:
    break_off(part, File(DATA, etag=etag))
    with file_server({"/n.onnx": File(DATA, etag=etag)}) as server:
        fetch(server, part, hashed=False)
    assert server.asked == [("/n.onnx", None)]
    part.unlink()
    break_off(part, File(DATA, etag=etag), hashed=True)
    with file_server({"/n.onnx": File(DATA, etag=etag)}) as server:
        fetch(server, part, hashed=True)
    assert server.asked == [("/n.onnx", f"bytes={HALF}-")]
    assert "If-Range" not in server.headers[0]
    assert part.read_bytes() == DATA


def test_further_tries_of_a_call_and_the_next_call_go_on_from_what_is_there(part: Path) -> None:
    file = File(DATA, etag='"a"', cut=HALF)
    with file_server({"/n.onnx": file}) as server:
        assert "ended after" in refusal(server, part, retries=1)
        assert server.asked == [("/n.onnx", None), ("/n.onnx", f"bytes={HALF}-")]
        file.cut = None
        fetch(server, part)
    assert part.read_bytes() == DATA
    assert server.served == len(DATA)


def test_a_server_without_ranges_starts_again_from_the_first_byte(part: Path) -> None:
    break_off(part, File(DATA, etag='"a"'))
    with file_server({"/n.onnx": File(DATA, etag='"a"', ranges=False)}) as server:
        fetch(server, part)
    assert part.read_bytes() == DATA
    assert server.asked == [("/n.onnx", f"bytes={HALF}-")]
    assert server.served == len(DATA)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (File(DATA, etag='"a"'), File(OTHER, etag='"b"')),
        (File(DATA, modified=DATE), File(OTHER, modified=DATE.replace("Mon, 07", "Tue, 08"))),
        (File(DATA, etag='"a"'), File(OTHER[: HALF // 2], etag='"b"')),
    ],
    ids=["etag", "date", "shorter"],
)
@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_a_file_that_changed_meanwhile_is_never_mixed_with_the_old_one(
    part: Path, old: File, new: File, heeds_if_range: bool
) -> None:
    break_off(part, old)
    new.heeds_if_range = heeds_if_range
    with file_server({"/n.onnx": new}) as server:
        fetch(server, part)
    assert part.read_bytes() == new.data
    assert len(server.asked) == (1 if heeds_if_range else 2)


def test_a_file_of_another_length_is_not_continued_even_with_a_hash(part: Path) -> None:
    break_off(part, File(DATA), hashed=True)
    with file_server({"/n.onnx": File(OTHER + b"more")}) as server:
        fetch(server, part, hashed=True)
    assert part.read_bytes() == OTHER + b"more"
    assert [wanted for _, wanted in server.asked] == [f"bytes={HALF}-", None]


def test_a_range_that_begins_elsewhere_is_not_put_behind_the_part(part: Path) -> None:
    break_off(part, File(DATA, etag='"a"'))
    with file_server({"/n.onnx": File(DATA, etag='"a"', range_starts=0)}) as server:
        fetch(server, part)
    assert part.read_bytes() == DATA
    assert [wanted for _, wanted in server.asked] == [f"bytes={HALF}-", None]


@pytest.mark.parametrize("label", ["", "{", "[]", '"a"', "null"])
def test_a_damaged_note_of_what_a_part_is_of_means_starting_again(part: Path, label: str) -> None:
    break_off(part, File(DATA, etag='"a"'))
    part.with_suffix(".json").write_text(label)
    with file_server({"/n.onnx": File(DATA, etag='"a"')}) as server:
        fetch(server, part)
    assert part.read_bytes() == DATA
    assert server.asked == [("/n.onnx", None)]


def test_a_part_that_is_whole_is_not_asked_for_again(part: Path) -> None:
    with file_server({"/n.onnx": File(DATA, etag='"a"')}) as server:
        fetch(server, part)
        fetch(server, part)
    assert len(server.asked) == 1
    assert json.loads(part.with_suffix(".json").read_text()) == {
        "etag": '"a"',
        "modified": None,
        "total": len(DATA),
    }


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_a_refusal_is_not_tried_again(part: Path, code: int) -> None:
    with file_server({"/n.onnx": File(status=code)}) as server:
        assert refusal(server, part, retries=3) == f"HTTP {code}"
    assert len(server.asked) == 1
    assert not part.exists()


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503])
def test_a_passing_fault_is_tried_again_so_many_times(part: Path, code: int) -> None:
    with file_server({"/n.onnx": File(status=code)}) as server:
        assert refusal(server, part, retries=1) == f"HTTP {code}"
    assert len(server.asked) == 2


def test_a_server_that_recovers_gives_the_file_after_growing_pauses(part: Path) -> None:
    started = time.monotonic()
    with file_server({"/n.onnx": File(DATA, fails_first=2)}) as server:
        fetch(server, part, retries=2)
    assert part.read_bytes() == DATA
    assert len(server.asked) == 3
    assert 1.5 <= time.monotonic() - started < 10


def test_nobody_listening_is_said_in_words(part: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening
        server = Server({}, f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert refusal(server, part) == "Connection refused"


@pytest.mark.parametrize("cut", [0, HALF])
def test_a_server_that_stalls_is_given_up_and_what_came_is_kept(part: Path, cut: int) -> None:
    file = File(DATA, etag='"a"', cut=cut, stalls=True)
    started = time.monotonic()
    with file_server({"/n.onnx": file}) as server:
        assert refusal(server, part, timeout_sec=0.4) == "nothing came for 0.4 s"
        assert 0.3 < time.monotonic() - started < 5
        assert (part.stat().st_size if part.exists() else 0) == cut
        file.cut, file.stalls = None, False
        fetch(server, part)
    assert part.read_bytes() == DATA
    assert server.served == len(DATA)


def test_a_server_that_accepts_and_says_nothing_is_given_up(part: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = Server({}, f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert refusal(server, part, timeout_sec=0.3) == "nothing came for 0.3 s"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_parts_continued_behind_them(part: Path, code: int) -> None:
    blob = File(DATA, etag='"a"', cut=HALF)
    with file_server({"/blob": blob}) as cdn:
        hop = File(status=code, location=cdn.url("/blob?signature=secret"))
        with file_server({"/n.onnx": hop}) as server:
            refusal(server, part)
            blob.cut = None
            fetch(server, part)
    assert part.read_bytes() == DATA
    assert cdn.asked[1] == ("/blob?signature=secret", f"bytes={HALF}-")
    assert cdn.headers[1]["If-Range"] == '"a"'
    assert cdn.served == len(DATA)


def test_redirects_in_a_circle_are_refused(part: Path) -> None:
    with file_server({"/n.onnx": File(status=302, location="/n.onnx")}) as server:
        assert refusal(server, part) == "HTTP 302"


@pytest.mark.parametrize(
    "location",
    ["file:///etc/hostname?key=secret", "http://127.0.0.1:x/?key=secret", "/a b\x01?key=secret"],
)
def test_a_redirect_that_leads_nowhere_does_not_show_its_key(
    part: Path, location: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with file_server({"/n.onnx": File(status=302, location=location)}) as server:
        message = refusal(server, part)
    assert "secret" not in message + caplog.text
    assert not part.exists()


def test_the_query_of_an_address_is_sent_and_not_logged(
    part: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with file_server({"/n.onnx": File(DATA, fails_first=1)}) as server:
        fetch(server, part, "/n.onnx?token=secret", retries=1)
    assert server.asked[0] == ("/n.onnx?token=secret", None)
    assert f"{server.url('/n.onnx')}: HTTP 503; trying again" in caplog.text
    assert "secret" not in caplog.text
    assert shown("https://h/a.onnx?token=secret") == "https://h/a.onnx"


@pytest.mark.parametrize(
    ("file", "what"),
    [
        (File(b"<!doctype html><title>Sign in</title>"), "a web page was sent"),
        (File(b"\xef\xbb\xbf\r\n <?xml version='1.0'?><Error/>"), "a web page was sent"),
        (File(DATA, kind="text/html; charset=utf-8"), "a web page was sent"),
        (File(b"version https://git-lfs.github.com/spec/v1\noid"), "a Git LFS pointer was sent"),
        (File(b""), "an empty file was sent"),
        (File(b"", length=False), "an empty file was sent"),
        (File(DATA, status=203), "HTTP 203"),
        (File(status=204), "HTTP 204"),
        (File(DATA, status=206), "HTTP 206"),
    ],
)
def test_what_is_no_file_is_refused_at_once(part: Path, file: File, what: str) -> None:
    with file_server({"/n.onnx": file}) as server:
        assert refusal(server, part, hashed=True, retries=2).startswith(what)
    assert len(server.asked) == 1
    assert not part.exists()


def test_a_page_sent_instead_of_the_rest_leaves_the_part_as_it_was(part: Path) -> None:
    break_off(part, File(DATA, etag='"a"'))
    with file_server({"/n.onnx": File(b"<html>Sign in", kind="text/html")}) as server:
        assert "a web page" in refusal(server, part)
    assert part.read_bytes() == DATA[:HALF]
    with file_server({"/n.onnx": File(DATA, etag='"a"')}) as server:
        fetch(server, part)
    assert server.served == len(DATA) - HALF


def test_a_file_of_another_size_is_refused_before_it_comes(part: Path) -> None:
    with file_server({"/n.onnx": File(DATA)}) as server:
        assert refusal(server, part, size=5) == f"expected 5 bytes, offered {len(DATA)}"
    assert not part.exists()


def test_an_answer_in_pieces_comes_whole_and_its_lost_end_is_noticed(part: Path) -> None:
    with file_server({"/n.onnx": File(DATA, chunked=True)}) as server:
        fetch(server, part)
    assert part.read_bytes() == DATA
    with file_server({"/n.onnx": File(DATA, chunked=True, cut=HALF)}) as server:
        assert refusal(server, part) == "the connection broke (IncompleteRead)"


def test_without_length_and_hash_a_lost_end_could_not_be_noticed_so_nothing_is_taken(
    part: Path,
) -> None:
    with file_server({"/n.onnx": File(DATA, length=False)}) as server:
        assert refusal(server, part).startswith("neither hash nor length is known")
        fetch(server, part, hashed=True)
    assert part.read_bytes() == DATA


def test_the_memory_stays_flat_in_the_size_of_the_file(part: Path) -> None:
    with file_server({"/n.onnx": File(b"\x08" * (32 << 20))}) as server:
        tracemalloc.start()
        try:
            fetch(server, part)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert part.stat().st_size == 32 << 20
    assert peak < 4 << 20
