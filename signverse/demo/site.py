"""A web site of video pages, served on this machine only."""

import contextlib
import functools
import html
import http.server
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from signverse.errors import InputError
from signverse.files import write_csv

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Page:
    """One video of the site; `subtitles` is language → (format, text)."""

    video_id: str
    title: str
    sign_language: str
    subtitles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    exists: bool = True


def write_page(folder: Path, page: Page) -> None:
    """Write `watch/{video_id}.html` and the subtitle files; the video file is put there apart."""
    tracks = []
    for language, (extension, text) in page.subtitles.items():
        name = f"{page.video_id}.{language}.{extension}"
        (folder / "watch" / name).write_text(text, encoding="utf-8")
        tracks.append(f'<track kind="subtitles" src="{name}" srclang="{language}">')
    body = (
        "<!doctype html>\n"
        f"<title>{html.escape(page.title)}</title>\n"
        f'<video controls><source src="{page.video_id}.mp4" type="video/mp4">'
        f"{''.join(tracks)}</video>\n"
    )
    (folder / "watch" / f"{page.video_id}.html").write_text(body, encoding="utf-8")


def write_manifest(path: Path, pages: list[Page], port: int) -> None:
    """Write the manifest of the site's pages, with addresses."""
    rows = (
        {
            "video_id": page.video_id,
            "sign_language": page.sign_language,
            "url": f"http://{HOST}:{port}/watch/{page.video_id}.html",
        }
        for page in pages
    )
    write_csv(path, ("video_id", "sign_language", "url"), rows)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and counts requests by path instead of printing them."""

    def log_message(self, *arguments: object) -> None:
        """Nothing on the terminal."""

    def send_head(self):  # type: ignore[no-untyped-def]
        """As in the base class, after noting what was asked for."""
        self.server.requests.append(self.path)  # type: ignore[attr-defined]
        return super().send_head()


@contextlib.contextmanager
def serve(folder: Path, port: int = 0) -> Iterator[http.server.ThreadingHTTPServer]:
    """Serve `folder` on the loopback address; port 0 takes a free one.

    The server's `requests` lists the paths that were asked for.
    """
    handler = functools.partial(QuietHandler, directory=str(folder))
    try:
        server = http.server.ThreadingHTTPServer((HOST, port), handler)
    except OSError as error:
        raise InputError(
            f"port {port} of {HOST} cannot be used ({error.strerror}); "
            "choose another with `make demo PORT=NUMBER`"
        ) from error
    server.requests = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
