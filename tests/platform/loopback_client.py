"""Real yt-dlp, asked in as few words as a test needs."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yt_dlp
from loopback_site import LoopbackSite

from signverse.errors import MachineError, VideoError
from signverse.outcomes import classify

OPTIONS: dict[str, Any] = {
    **{"quiet": True, "noprogress": True, "color": "never", "cachedir": False},
    **{"socket_timeout": 0.5, "retries": 0, "extractor_retries": 0, "format": "bv*"},
}


class Messages:
    """A logger that keeps what yt-dlp says."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def debug(self, message: str) -> None:
        pass

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def error(self, message: str) -> None:
        pass


def extract(site: LoopbackSite, video_id: str, **options: Any) -> dict[str, Any]:
    """The info of a video, without download."""
    with yt_dlp.YoutubeDL({"logger": Messages(), **OPTIONS, **options}) as downloader:
        info = downloader.extract_info(site.url(video_id), download=False)
        found: dict[str, Any] = downloader.sanitize_info(info, remove_private_keys=True)
    return found


def download(info: Mapping[str, Any], path: Path, itag: str = "160", **options: Any) -> bytes:
    """Download one format of an info without another extraction."""
    chosen = {"format": itag, "outtmpl": {"default": str(path)}}
    kept = {key: info[key] for key in ("id", "title", "extractor", "extractor_key", "webpage_url")}
    formats = [one for one in info["formats"] if one["format_id"] == itag]
    with yt_dlp.YoutubeDL({"logger": Messages(), **OPTIONS, **chosen, **options}) as downloader:
        downloader.process_ie_result(kept | {"formats": formats}, download=True)
    return path.read_bytes()


def track(info: Mapping[str, Any], group: str, language: str, form: str) -> bytes:
    """The bytes of a caption track in a format."""
    address = next(one["url"] for one in info[group][language] if one["ext"] == form)
    with yt_dlp.YoutubeDL({"logger": Messages(), **OPTIONS}) as downloader:
        return downloader.urlopen(address).read()


def outcome(site: LoopbackSite, video_id: str, **options: Any) -> VideoError | MachineError | None:
    """How the project classes what yt-dlp says; None is a healthy video."""
    try:
        extract(site, video_id, **options)
    except yt_dlp.utils.YoutubeDLError as error:
        return classify(str(error))
    return None


def cookies(name: str, value: str) -> io.StringIO:
    """A cookies file with one cookie for any loopback site."""
    head = "# Netscape HTTP Cookie File\n"
    return io.StringIO(f"{head}127.0.0.1\tFALSE\t/\tFALSE\t0\t{name}\t{value}\n")
