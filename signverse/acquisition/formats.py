"""The format policy: which of the formats on offer is taken, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Format = Mapping[str, Any]

# Software decoders by their work per frame, the lightest first. Poses need every frame decoded,
# and H.264 is decoded fastest everywhere, VP9 next, AV1 slowest (docs/format.md).
CODECS = (
    *(("avc1", "avc3", "h264"), ("vp8", "vp08"), ("vp9", "vp09")),
    *(("hev1", "hvc1", "hevc", "h265"), ("av01", "av1")),
)
PICTURES = ("mhtml", "jpg", "jpeg", "png", "webp")  # storyboards and thumbnails
PLAIN_PROTOCOLS = ("http", "https")  # one file: it resumes, and its length is known
ENOUGH_FPS, TOO_MANY_FPS = 23.9, 31  # 24000/1001 is enough, 50 and 60 cost twice the work
DAMAGED_PREFERENCE = -10  # at or below: what yt-dlp calls damaged


@dataclass(frozen=True, slots=True)
class FormatPolicy:
    """Heights are of the short side in pixels, so that an upright 720 x 1280 counts as 720.

    format_id: taken whatever its height, where it is on offer.
    """

    min_height_px: int
    max_height_px: int
    format_id: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The format that is taken, why, and of how many that have a picture."""

    format: Format
    reason: str
    alternatives: int


def choose_format(formats: Sequence[Format], policy: FormatPolicy) -> Choice | None:
    """The video stream to take of yt-dlp's `formats`; None where there is none.

    1. Never sound alone, storyboards or DRM. A stream with sound only where there is none
       without; one that is marked as damaged or upscaled by a model only where there is no other.
    2. The greatest height within `min_height_px` to `max_height_px`. Where none is within, the
       lowest above: more pixels only cost time, with fewer the fingers are lost. Then the highest
       below; then, of formats of unknown height, the platform's best.
    3. Of one height: normal range before HDR, up to 30 frames/s before 50 and 60, plain http(s)
       before segments.
    4. The smallest codec cost: first that of decoding, by `CODECS`, then the bitrate.
    """
    videos = [found for found in formats if is_video(found)]
    if not videos:
        return None
    for found in videos:
        if policy.format_id and found.get("format_id") == policy.format_id:
            return Choice(found, "the format asked for", len(videos))
    silent = [found for found in videos if found.get("acodec") == "none"]
    peers = silent or videos
    peers = [found for found in peers if not _is_makeshift(found)] or peers
    _, chosen = min(enumerate(peers), key=lambda item: _rank(item[1], policy, item[0]))
    remarks = [] if silent else ["no stream without sound"]
    remarks += ["all are damaged or upscaled"] if _is_makeshift(chosen) else []
    return Choice(chosen, "; ".join([*_reasons(chosen, peers, policy), *remarks]), len(videos))


def is_video(found: Format) -> bool:
    """Whether a format has moving pictures that may be fetched."""
    return (
        found.get("vcodec") != "none"
        and found.get("ext") not in PICTURES
        and found.get("protocol") != "mhtml"
        and found.get("has_drm") is not True
    )


def short_side(found: Format) -> int | None:
    """Height of a format as one says "720p": the shorter side; None where it is not known."""
    sides = [int(found[name]) for name in ("height", "width") if found.get(name)]
    return min(sides) if found.get("height") else None


def _is_makeshift(found: Format) -> bool:
    note = (found.get("format_note") or "").casefold()
    preference = found.get("preference") or 0
    return preference <= DAMAGED_PREFERENCE or "upscaled" in note or "missing pot" in note


def _place(height: int | None, policy: FormatPolicy) -> tuple[int, int]:
    """Rank of a height: within the limits, above, below, unknown."""
    if height is None:
        return 3, 0
    if height > policy.max_height_px:
        return 1, height
    return (0 if height >= policy.min_height_px else 2), -height


def _rank(found: Format, policy: FormatPolicy, number: int) -> tuple[Any, ...]:
    """Sorts formats as `choose_format` says, `number` by number in the platform's order."""
    place = _place(short_side(found), policy)
    if place[0] == 3:
        return (*place, -number)
    return (*place, *_picture(found), _codec_cost(found), _bitrate(found), number)


def _picture(found: Format) -> tuple[bool, int, bool]:
    fps = found.get("fps")
    frames = (
        0 if fps is None or ENOUGH_FPS <= fps <= TOO_MANY_FPS else 1 if fps > TOO_MANY_FPS else 2
    )
    hdr = (found.get("dynamic_range") or "SDR") != "SDR"
    return hdr, frames, found.get("protocol", "https") not in PLAIN_PROTOCOLS


def _codec_cost(found: Format) -> int:
    codec = (found.get("vcodec") or "").casefold()
    costs = (cost for cost, names in enumerate(CODECS) if codec.startswith(names))
    return next(costs, len(CODECS))


def _bitrate(found: Format) -> float:
    return float(found.get("vbr") or found.get("tbr") or float("inf"))


def _reasons(chosen: Format, peers: Iterable[Format], policy: FormatPolicy) -> list[str]:
    height = short_side(chosen)
    limits = f"{policy.min_height_px} to {policy.max_height_px} px"
    by_place = {
        0: f"the greatest height within {limits}",
        1: f"no height within {limits}: the lowest above",
        2: f"no height of {policy.min_height_px} px or more: the greatest",
        3: "no height is known: the platform's best",
    }
    place = _place(height, policy)[0]
    same = [found for found in peers if short_side(found) == height]
    if place == 3 or len(same) == 1:
        return [by_place[place]]
    codec = (chosen.get("vcodec") or "unknown").partition(".")[0]
    return [by_place[place], f"the least work of {len(same)} of this height ({codec})"]
