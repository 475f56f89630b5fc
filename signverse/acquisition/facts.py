"""The facts of a video that are kept: metadata.json."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import yt_dlp

from signverse.acquisition.addresses import without_login
from signverse.acquisition.formats import Choice
from signverse.acquisition.tracks import automatic_tracks, manual_tracks, spoken_language

# Facts of the chosen format that are kept; its address and headers are not among them.
FORMAT_FACTS = (
    *("format_id", "ext", "width", "height", "fps", "vcodec", "dynamic_range", "tbr"),
    *("filesize", "protocol"),
)
# What a viewer's comment is kept as; pictures of people are never.
COMMENT_FACTS = ("id", "parent", "author", "text", "timestamp", "like_count")


def metadata(
    info: Mapping[str, Any],
    choice: Choice,
    *,
    url: str,
    personal_data: Iterable[str],
    started: datetime,
    finished: datetime,
) -> dict[str, Any]:
    """What metadata.json says of a video, by yt-dlp's `info` and the format that is taken.

    personal_data: fields of `info` that are kept beyond the channel's id, as the config allows.
    No addresses of streams.
    """
    return {
        "url": without_login(url),
        "title": info.get("title"),
        "duration_sec": info.get("duration"),
        "upload_date": _iso_date(info.get("upload_date")),
        "channel_id": info.get("channel_id"),
        "language": spoken_language(info),
        "licence": info.get("license"),
        "categories": info.get("categories") or [],
        "age_limit": info.get("age_limit"),
        "availability": info.get("availability"),
        "live_status": info.get("live_status"),
        "width": choice.format.get("width"),
        "height": choice.format.get("height"),
        "fps": choice.format.get("fps"),
        "manual_tracks": sorted(manual_tracks(info)),
        "automatic_tracks": sorted(automatic_tracks(info)),
        "format": {name: choice.format.get(name) for name in FORMAT_FACTS}
        | {"reason": choice.reason, "alternatives": choice.alternatives},
        "personal_data": {name: _personal(info, name) for name in sorted(personal_data)},
        "extractor": info.get("extractor_key"),
        "yt_dlp_version": yt_dlp.version.__version__,
        "fetched_at": started.isoformat(timespec="seconds"),
        "elapsed_sec": round((finished - started).total_seconds(), 3),
    }


def _iso_date(compact: str | None) -> str | None:
    return f"{compact[:4]}-{compact[4:6]}-{compact[6:8]}" if compact else None


def _personal(info: Mapping[str, Any], name: str) -> Any:
    if name != "comments":
        return info.get(name)
    return [{fact: said.get(fact) for fact in COMMENT_FACTS} for said in info.get(name) or []]
