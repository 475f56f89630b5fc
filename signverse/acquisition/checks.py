"""Whether a finished file is what it should be: video.json."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from signverse.files import sha256
from signverse.video import CONTAINERS, check_video, keep_only_video

TOLERANCE_SEC = 2.0  # durations of platforms are rounded, and sound may be longer than pictures


def finish_file(path: Path, stated_sec: float | None) -> dict[str, Any]:
    """Check a downloaded file and leave its video stream alone in it; its facts for video.json.

    Raises VideoError when the file does not open or its first frame does not decode.
    """
    check_video(path)
    facts = file_facts(path, stated_sec)
    keep_only_video(path)
    return facts


def file_facts(path: str | Path, stated_sec: float | None) -> dict[str, Any]:
    """What video.json says of a file that opens.

    stated_sec: duration as the platform says. `duration_sec` runs from the first picture to the
    end of the last one that is in the file, whatever its header says. Flags: `truncated` (the
    header promises more than there is), `shorter_than_stated`, `longer_than_stated`.
    """
    found, promised = durations_sec(path)
    flags = {
        "truncated": promised is not None and promised - found > TOLERANCE_SEC,
        "shorter_than_stated": stated_sec is not None and stated_sec - found > TOLERANCE_SEC,
        "longer_than_stated": stated_sec is not None and found - stated_sec > TOLERANCE_SEC,
    }
    return {
        "bytes": Path(path).stat().st_size,
        "sha256": sha256(path),
        "duration_sec": round(found, 3),
        "stated_duration_sec": stated_sec,
        "flags": [name for name, is_so in flags.items() if is_so],
    }


def durations_sec(path: str | Path) -> tuple[float, float | None]:
    """Duration of the pictures in a file, and what its header says; nothing is decoded."""
    options = {"format_whitelist": CONTAINERS}
    with av.open(str(path), metadata_errors="replace", options=options) as container:
        stream: Any = container.streams.best("video")
        first, last = None, 0.0
        for start, end in _times_sec(container, stream):
            first = start if first is None else min(first, start)
            last = max(last, end)
        promised = None
        if stream.duration is not None and stream.time_base is not None:
            promised = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            promised = container.duration / av.time_base
    return (last - first if first is not None else 0.0), promised


def _times_sec(container: Any, stream: Any) -> Iterator[tuple[float, float]]:
    """Start and end of every packet up to the first that is damaged."""
    try:
        for packet in container.demux(stream):
            if packet.pts is not None and packet.size and not packet.is_corrupt:
                start = float(packet.pts * packet.time_base)
                yield start, start + float((packet.duration or 0) * packet.time_base)
    except av.error.FFmpegError:
        return
