"""What tests of the acquisition share: settings, formats on offer, and addresses."""

import io
import random
import socket
from collections.abc import Callable
from typing import Any, TypeVar

import av
import numpy as np

from signverse.acquisition.client import Client
from signverse.acquisition.extraction import extract
from signverse.acquisition.formats import Choice, FormatPolicy
from signverse.acquisition.streams import download_info

T = TypeVar("T")
POLICY = FormatPolicy(360, 720)


def platform_settings(**changed: Any) -> dict[str, Any]:
    """The config section `platform` with a quick network."""
    usual = {"timeout_sec": 5, "retries": 1, "cookies_file": None, "cookies_from_browser": None}
    return {**usual, "yt_dlp": {}, **changed}


def client(**changed: Any) -> Client:
    return Client(platform_settings(**changed))


def ask(url: str, policy: FormatPolicy = POLICY, **changed: Any) -> tuple[dict[str, Any], Choice]:
    return extract(client(**changed), url, policy)


def watch_page(server: Any, video_id: str) -> str:
    return f"http://127.0.0.1:{server.server_port}/watch/{video_id}.html"


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def offered(kind: str, height: int = 0, **facts: Any) -> dict[str, Any]:
    """One of yt-dlp's formats: video, audio, both or a storyboard, wide as a screen."""
    codecs = {
        "video": ("avc1.4d401f", "none"),
        "audio": ("none", "mp4a.40.2"),
        "both": ("avc1.42001E", "mp4a.40.2"),
        "storyboard": ("none", "none"),
    }
    vcodec, acodec = codecs[kind]
    size = {"height": height, "width": height * 16 // 9} if height else {}
    name = f"{kind}{height or ''}"
    base = {"format_id": name, "url": f"http://127.0.0.1/{name}", "ext": "mp4"}
    return base | {"vcodec": vcodec, "acodec": acodec} | size | facts


def stream_info(url: str, **facts: Any) -> dict[str, Any]:
    """The info of a download.json for a file at `url`."""
    info = {"id": "x", "title": "x", "extractor": "generic", "extractor_key": "Generic"}
    stream = {"format_id": "0", "ext": "mp4", "protocol": "http", "url": url} | facts
    return download_info(info | {"webpage_url": url}, Choice(stream, "the only one", 1), POLICY)


def media(size: int) -> bytes:
    """A video file of a size in bytes: one picture, and noise that players pass over."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as target:
        stream: Any = target.add_stream("libx264", rate=1)
        stream.width = stream.height = 64
        target.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        target.mux(stream.encode(None))
    left = size - len(file.getvalue())
    noise = random.Random(0).randbytes(left - 8)
    return file.getvalue() + left.to_bytes(4, "big") + b"free" + noise


def at_once(question: Callable[[], T]) -> T:
    """Puts a question to the platform when nobody else does."""
    return question()
