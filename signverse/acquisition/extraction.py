"""One question to the platform about one video."""

from typing import Any

from signverse.acquisition.client import Client
from signverse.acquisition.formats import Choice, FormatPolicy, choose_format
from signverse.errors import VideoError

LIVE = ("is_live", "is_upcoming", "post_live")  # a stream that is not a finished video yet


def extract(
    client: Client, url: str, policy: FormatPolicy, *, comments: bool = False
) -> tuple[dict[str, Any], Choice]:
    """Ask the platform once about one video: yt-dlp's info, and the format that is taken.

    comments: ask for the viewers' comments too, which costs many more requests. The config's own
    headers, which may be secrets, are not among those of the info. Raises VideoError when the
    video is at fault, MachineError when the world is.
    """
    # Two entries tell a playlist from a video; a channel has thousands.
    options = {"format": _selector(policy), "playlist_items": "1:2", "getcomments": comments}
    with client.opened(**options) as downloader:
        info = downloader.extract_info(url, download=False)
        entries = list(info["entries"]) if "entries" in info else [info]
        if len(entries) != 1:
            number = "no video" if not entries else "several videos"
            raise VideoError("not_a_video", f"the address lists {number}")
        found: dict[str, Any] = downloader.sanitize_info(entries[0], remove_private_keys=True)
    if found.get("live_status") in LIVE or found.get("is_live"):
        raise VideoError("not_a_video", "a live stream that has not ended")
    formats = found.get("formats") or [found]
    for described in (found, *formats):
        headers = described.get("http_headers") or {}
        described["http_headers"] = {
            name: value for name, value in headers.items() if name.lower() not in client.own_headers
        }
    choice = choose_format(formats, policy)
    if choice is None:
        raise VideoError("no_video_stream", "no format with a picture is on offer")
    return found, choice


def _selector(policy: FormatPolicy) -> Any:
    """The policy as yt-dlp's `format` takes a function; nothing chosen is an error of its own."""

    def chosen(context: dict[str, Any]) -> list[Any]:
        """What yt-dlp is to take of the formats that it found."""
        choice = choose_format(context["formats"], policy)
        return [choice.format] if choice else []

    return chosen
