"""A site on the loopback address: a good page, a page without a video, a page with two."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signverse.demo.recordings import write_carphone
from signverse.demo.site import Page, serve, write_page

ENGLISH = "WEBVTT\n\n00:00.200 --> 00:02.000\nA man talks.\n"
SPANISH = "1\n00:00:00,200 --> 00:00:02,000\nUn hombre habla.\n"
TRACKS = {"en": ("vtt", ENGLISH), "es": ("srt", SPANISH)}


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the site."""
    folder = tmp_path_factory.mktemp("site")
    watch = folder / "watch"
    watch.mkdir()
    write_page(folder, Page("good0000001", "A man & a camera", "gsg", TRACKS))
    write_carphone(watch / "good0000001.mp4")
    (watch / "empty000001.html").write_text("<!doctype html><title>Words</title><p>Only words.")
    videos = "".join(f'<video src="{name}.mp4"></video>' for name in "ab")
    (watch / "twice000001.html").write_text(f"<!doctype html><title>Two</title>{videos}")
    return folder


@pytest.fixture(scope="package")
def server(folder: Path) -> Iterator[Any]:
    with serve(folder) as server:
        yield server


@pytest.fixture
def site(server: Any) -> Any:
    """The server of the site, which nobody has asked for anything yet."""
    server.requests.clear()
    return server
