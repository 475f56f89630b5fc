"""The site: real requests on the loopback address."""

import http.client
import re
import socket
import threading
from pathlib import Path

import pytest

from signverse.demo.site import HOST, Page, serve, write_manifest, write_page
from signverse.errors import InputError
from signverse.manifest import Entry, read_manifest

TRACKS = {"en": ("vtt", "WEBVTT\n\nNOTE “café”\n"), "es": ("srt", "1\n")}


def get(port: int, path: str, method: str = "GET") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    connection.request(method, path)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "watch").mkdir()
    return tmp_path


def test_a_page_holds_one_video_and_its_tracks(folder: Path) -> None:
    write_page(folder, Page("-video00001", "Signs", "ase", TRACKS))
    page = (folder / "watch" / "-video00001.html").read_text(encoding="utf-8")
    assert re.findall(r'<source src="(.*?)" type="(.*?)">', page) == [
        ("-video00001.mp4", "video/mp4")
    ]
    assert re.findall(r'<track kind="subtitles" src="(.*?)" srclang="(.*?)">', page) == [
        ("-video00001.en.vtt", "en"),
        ("-video00001.es.srt", "es"),
    ]


def test_the_title_of_a_page_is_text_and_not_markup(folder: Path) -> None:
    write_page(folder, Page("video000001", "<b>Signs</b> & “more”", "ase"))
    page = (folder / "watch" / "video000001.html").read_text(encoding="utf-8")
    assert "<title>&lt;b&gt;Signs&lt;/b&gt; &amp; “more”</title>" in page


def test_the_subtitle_files_lie_beside_the_page_as_they_were_given(folder: Path) -> None:
    write_page(folder, Page("video000001", "Signs", "ase", TRACKS))
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("watch/*.*.*")}
    assert files == {"video000001.en.vtt": TRACKS["en"][1], "video000001.es.srt": TRACKS["es"][1]}


def test_the_manifest_of_a_site_reads_back_with_addresses(tmp_path: Path) -> None:
    path = tmp_path / "manifest.csv"
    pages = [Page("video000001", "Signs", "ase"), Page("-gone000002", "", "vietnam", exists=False)]
    write_manifest(path, pages, port=8717)
    base = "http://127.0.0.1:8717/watch"
    assert read_manifest(path).entries == (
        Entry("video000001", "ase", "ase", f"{base}/video000001.html"),
        Entry("-gone000002", "vietnam", "und", f"{base}/-gone000002.html"),
    )


def test_files_are_served_byte_by_byte_and_requests_are_listed(folder: Path) -> None:
    (folder / "watch" / "a.mp4").write_bytes(bytes(range(256)))
    with serve(folder) as server:
        port = server.server_port
        assert get(port, "/watch/a.mp4") == (200, bytes(range(256)))
        assert get(port, "/watch/b.mp4?x=1")[0] == 404
        assert get(port, "/watch/a.mp4", "HEAD") == (200, b"")
        assert server.requests == ["/watch/a.mp4", "/watch/b.mp4?x=1", "/watch/a.mp4"]


def test_nothing_outside_the_folder_is_served(folder: Path) -> None:
    (folder / "secret").write_text("secret")
    with serve(folder / "watch") as server:
        assert get(server.server_port, "/../secret")[0] == 404
        assert get(server.server_port, "/%2e%2e/secret")[0] == 404


def test_the_server_prints_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with serve(folder) as server:
        get(server.server_port, "/missing")
    assert capfd.readouterr() == ("", "")


def test_only_this_machine_is_listened_to_and_only_by_its_loopback_address(folder: Path) -> None:
    with serve(folder) as server:
        assert server.server_address[0] == "127.0.0.1"
        with pytest.raises((ConnectionRefusedError, TimeoutError)):
            socket.create_connection(("127.0.0.2", server.server_port), timeout=1)


def test_port_0_takes_a_free_port_for_each_server(folder: Path) -> None:
    with serve(folder) as one, serve(folder) as other:
        assert one.server_port != other.server_port
        assert get(other.server_port, "/watch/")[0] == 200
        assert (one.requests, other.requests) == ([], ["/watch/"])


def test_a_taken_port_says_how_to_choose_another(folder: Path) -> None:
    with serve(folder) as server:
        port = server.server_port
        message = (
            rf"^port {port} of 127\.0\.0\.1 cannot be used \(Address already in use\); "
            r"choose another with `make demo PORT=NUMBER`$"
        )
        with pytest.raises(InputError, match=message), serve(folder, port):
            pass


def test_the_port_is_free_again_and_no_thread_left_even_after_an_error(folder: Path) -> None:
    threads = threading.active_count()
    with pytest.raises(RuntimeError, match="from within"), serve(folder) as server:
        port = server.server_port
        get(port, "/watch/")
        raise RuntimeError("from within")
    with pytest.raises(ConnectionRefusedError):
        get(port, "/watch/")
    with serve(folder, port) as again:
        assert again.server_port == port
    assert threading.active_count() == threads


def test_requests_are_answered_side_by_side(folder: Path) -> None:
    with serve(folder) as server, socket.create_connection((HOST, server.server_port)) as idle:
        idle.sendall(b"GET /slow")
        assert get(server.server_port, "/watch/")[0] == 200
