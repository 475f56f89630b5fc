"""One question to the platform about one video."""

from collections.abc import Mapping
from typing import Any

from signverse.acquisition.client import Client
from signverse.acquisition.formats import Choice, FormatPolicy, choose_format, is_video
from signverse.errors import MachineError, VideoError
from signverse.outcomes import UNKNOWN

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
    options = {"playlist_items": "1:2", "getcomments": comments}
    options |= {"match_filter": _refuse_drm, "format": _selector(policy)}
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
    return found, _chosen(formats, policy)


def _refuse_drm(info: Mapping[str, Any], *, incomplete: Any) -> None:
    """Raise VideoError when DRM leaves no pictures: yt-dlp tells it here, and nowhere later."""
    if info.get("_has_drm") and not any(map(is_video, info.get("formats") or [])):
        raise VideoError("no_video_stream", "all streams with a picture are DRM protected")


def _selector(policy: FormatPolicy) -> Any:
    """The policy as yt-dlp's `format`, which may be a function."""
    return lambda context: [_chosen(context["formats"], policy).format]


def _chosen(formats: list[dict[str, Any]], policy: FormatPolicy) -> Choice:
    """The format that is taken; who is at fault when there is none, its formats tell.

    To a client that it does not trust, or one without JavaScript, YouTube names neither pictures
    nor sound, only the images of its time bar: that says nothing of the video.
    """
    choice = choose_format(formats, policy)
    if choice is None:
        streams = [{found.get("vcodec"), found.get("acodec")} - {"none", None} for found in formats]
        if not any(streams):
            raise MachineError("unknown: the platform names no streams to this client", UNKNOWN)
        raise VideoError("no_video_stream", "no format with a picture is on offer")
    return choice
