"""Downloads that break off: the next try goes on from what is there."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from file_server import File, file_server
from platform_settings import at_once, client, media, platform_settings, stream_info

from signverse.acquisition.streams import fetch_stream
from signverse.demo.site import serve
from signverse.errors import MachineError

MEDIA = media(256_001)
HALF = len(MEDIA) // 2


def fetch(info: dict[str, Any], folder: Path, **settings: Any) -> None:
    fetch_stream(client(**settings), info, folder / "v.mp4", folder / "parts", ask=at_once)


@pytest.mark.parametrize("retries", [0, 1])
def test_an_interrupted_download_is_resumed_by_the_next_call(tmp_path: Path, retries: int) -> None:
    with (
        file_server({"/a.mp4": File(MEDIA, cut=HALF)}) as server,
        pytest.raises(MachineError, match=r"bytes read, .* more expected"),
    ):
        fetch(stream_info(server.url("/a.mp4")), tmp_path, retries=retries)
    assert len(server.asked) == retries + 1
    assert not (tmp_path / "v.mp4").exists()
    (part,) = (tmp_path / "parts").iterdir()
    done = part.read_bytes()
    assert 0 < len(done) <= HALF
    assert MEDIA.startswith(done)
    with file_server({"/a.mp4": File(MEDIA)}) as server:
        fetch(stream_info(server.url("/a.mp4")), tmp_path)
    assert server.asked == [("/a.mp4", f"bytes={len(done)}-")]
    assert (tmp_path / "v.mp4").read_bytes() == MEDIA
    assert not (tmp_path / "parts").exists()


def test_a_server_that_stalls_is_the_worlds_fault_and_what_came_stays(tmp_path: Path) -> None:
    with (
        file_server({"/a.mp4": File(MEDIA, cut=HALF, stalls=True)}) as server,
        pytest.raises(MachineError) as caught,
    ):
        fetch(stream_info(server.url("/a.mp4")), tmp_path, retries=0, timeout_sec=0.3)
    assert caught.value.status == "network"
    (part,) = (tmp_path / "parts").iterdir()
    assert MEDIA.startswith(part.read_bytes())


def test_a_server_without_ranges_sends_the_whole_file_again(tmp_path: Path) -> None:
    with file_server({"/a.mp4": File(MEDIA, cut=HALF)}) as server, pytest.raises(MachineError):
        fetch(stream_info(server.url("/a.mp4")), tmp_path)
    assert len(list((tmp_path / "parts").iterdir())) == 1
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.mp4").write_bytes(MEDIA)
    with serve(tmp_path / "site") as plain:
        fetch(stream_info(f"http://127.0.0.1:{plain.server_port}/a.mp4"), tmp_path)
    assert (tmp_path / "v.mp4").read_bytes() == MEDIA


def test_parts_of_one_format_are_never_continued_with_another(tmp_path: Path) -> None:
    """Settings changed, or the platform offered another format, after the interruption."""
    high, low = b"h" * 200_000, b"l" * 150_000
    cut = {"/high.mp4": File(high, cut=100_000), "/low.mp4": File(low)}
    with file_server(cut) as server, pytest.raises(MachineError):
        fetch(stream_info(server.url("/high.mp4"), format_id="136"), tmp_path)
    with file_server(cut) as server:
        fetch(stream_info(server.url("/low.mp4"), format_id="134"), tmp_path)
    assert (tmp_path / "v.mp4").read_bytes() == low


def test_a_finished_file_that_nobody_took_is_not_fetched_again(tmp_path: Path) -> None:
    """The process was killed between the last byte and the new name."""
    with file_server({"/a.mp4": File(MEDIA, cut=HALF)}) as server:
        info = stream_info(server.url("/a.mp4"))
        with pytest.raises(MachineError):
            fetch(info, tmp_path, retries=0)
        (part,) = (tmp_path / "parts").iterdir()
        part.with_suffix("").write_bytes(MEDIA)
        part.unlink()
        fetch(info, tmp_path)
        assert len(server.asked) == 1
    assert (tmp_path / "v.mp4").read_bytes() == MEDIA


PROGRAM = """
import json, sys
from pathlib import Path
from signverse.acquisition.client import Client
from signverse.acquisition.streams import fetch_stream

info, settings, folder = json.loads(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3])
fetch_stream(Client(settings), info, folder / "v.mp4", folder / "parts", ask=lambda it: it())
"""


def test_a_killed_download_is_resumed_by_the_next_process(tmp_path: Path, root: Path) -> None:
    parts = tmp_path / "parts"
    settings = json.dumps(platform_settings(timeout_sec=60, retries=0))
    with file_server({"/a.mp4": File(MEDIA, cut=HALF, stalls=True)}) as server:
        info = json.dumps(stream_info(server.url("/a.mp4")))
        command = [sys.executable, "-c", PROGRAM, info, settings, str(tmp_path)]
        with subprocess.Popen(command, cwd=root) as process:
            deadline = time.monotonic() + 30
            while not any(part.stat().st_size for part in parts.glob("*")):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            os.kill(process.pid, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "v.mp4").exists()
    (part,) = parts.iterdir()
    done = part.stat().st_size
    with file_server({"/a.mp4": File(MEDIA)}) as server:
        fetch(stream_info(server.url("/a.mp4")), tmp_path)
    assert server.asked == [("/a.mp4", f"bytes={done}-")]
    assert (tmp_path / "v.mp4").read_bytes() == MEDIA


def test_a_part_that_was_damaged_meanwhile_is_downloaded_from_its_beginning(tmp_path: Path) -> None:
    with file_server({"/v.mp4": File(MEDIA, cut=HALF)}) as server:
        info = stream_info(server.url("/v.mp4"))
        with pytest.raises(MachineError):
            fetch(info, tmp_path, retries=0)
        (part,) = (tmp_path / "parts").glob("*.part")
        part.write_bytes(bytes(part.stat().st_size))
        server.files["/v.mp4"] = File(MEDIA)
        fetch(info, tmp_path, retries=0)
    assert (tmp_path / "v.mp4").read_bytes() == MEDIA
    assert not (tmp_path / "parts").exists()


def test_a_file_that_never_opens_is_downloaded_twice_and_no_more(tmp_path: Path) -> None:
    noise = b"\0" + random.Random(0).randbytes(10_000)
    with file_server({"/v.mp4": File(noise)}) as server:
        fetch(stream_info(server.url("/v.mp4")), tmp_path)
        assert len(server.asked) == 2
    assert (tmp_path / "v.mp4").read_bytes() == noise  # finish_file says what is wrong
