"""Video files: what is in them, and their frames on a regular grid of times."""

import io
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from signverse.errors import VideoError
from signverse.files import atomic_path

MAX_STILL_SEC = 3600  # no frame is on screen longer; a damaged timestamp would make billions
# A script that names other files (concat, HLS) is no video, whatever its name.
CONTAINERS = "mov,matroska,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,h264,hevc,ivf,obu,gif,mxf,nut"
ROUNDING_SEC = 0.000501  # Matroska and WebM round times to milliseconds

# What FFmpeg says of damaged files, beside running out of memory, which may be the machine's.
UNDECODABLE = (
    *(av.error.InvalidDataError, av.error.EOFError, av.error.ArgumentError),
    *(av.error.PatchWelcomeError, av.error.OSError),
)


@dataclass(frozen=True, slots=True)
class SampledFrame:
    """One decoded frame and the times of the grid at which it is the one shown.

    image: uint8 [height, width, 3], RGB, upright. time_sec: its own timestamp, in seconds from
    the start of the file. It is shown at the grid's times first/fps … (first + count - 1)/fps.
    """

    image: np.ndarray
    time_sec: float
    first: int
    count: int


def check_video(path: str | Path) -> None:
    """Raise VideoError unless the file opens and its first frame decodes."""
    with _open(path) as container:
        next(_Decoder(container, path).frames())


def keep_only_video(path: str | Path) -> None:
    """Rewrite a file that holds more than one video stream with that stream alone.

    Packets are copied, not encoded again. The container stays what it was.
    """
    with _open(path) as source:
        if len(source.streams) == 1:
            return
        stream = _video_stream(source)
        container_format = source.format.name.split(",")[0]
        name = {"mov": "mp4", "matroska": "matroska"}.get(container_format, container_format)
        if not _can_hold(name, stream):
            logging.warning("%s: %s cannot hold its codec; sound is kept, unread", path, name)
            return
        try:
            _copy_stream(source, stream, path, name)
        except (av.error.InvalidDataError, av.error.ArgumentError) as error:
            logging.warning("%s: sound is kept, unread; packets cannot be copied: %s", path, error)


def _copy_stream(source: Any, stream: Any, path: str | Path, name: str) -> None:
    with atomic_path(path) as temporary, av.open(str(temporary), "w", format=name) as target:
        copied = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.size:  # not the empty one that ends the stream
                packet.stream = copied
                target.mux(packet)


def _can_hold(container_format: str, stream: Any) -> bool:
    """Whether a stream may stand in a container of a format: ProRes may not in MP4."""
    with av.open(io.BytesIO(), "w", format=container_format) as target:
        try:
            target.add_stream_from_template(stream)
        except ValueError:
            return False
    return True


class SampledVideo:
    """A video decoded on the grid 0, 1/fps, 2/fps, …: at each time the frame then on screen.

    Iterating gives each SampledFrame; it works by timestamps, so that a variable frame rate keeps
    its timing. Frames shown at no time of the grid are dropped, frames shown at several come once
    with their count. The first frame is taken to be on screen from the start. Raises VideoError
    when nothing decodes.

    lost_frames: after the iteration, how many frames did not decode or are missing at the end.
    """

    def __init__(self, path: str | Path, fps: float) -> None:
        self.path, self.fps, self.lost_frames = path, fps, 0

    def __iter__(self) -> Iterator[SampledFrame]:
        with _open(self.path) as container:
            decoder = _Decoder(container, self.path)
            yield from _on_grid(decoder, self.fps)
            self.lost_frames = decoder.lost


def _on_grid(decoder: "_Decoder", fps: float) -> Iterator[SampledFrame]:
    container = decoder.container
    start = Fraction(container.start_time or 0, av.time_base)
    if container.format.name.startswith(("mov,", "matroska,")):
        start = min(start, Fraction(0))  # their times count from 0 already
    shown: Any = None
    shown_sec, first = 0.0, 0
    for frame in decoder.frames():
        time_sec = float(frame.pts * frame.time_base - start)
        if shown is not None and time_sec <= shown_sec:
            continue
        end = _grid_index(time_sec, fps)
        if shown is not None and end > first:
            yield _sampled(shown, shown_sec, first, end - first, fps)
            first = end
        shown, shown_sec = frame, time_sec
    end = _grid_index(shown_sec + _duration_sec(shown, decoder.stream), fps)
    if end > first or first == 0:  # even a single frame of no duration is shown once
        yield _sampled(shown, shown_sec, first, max(end - first, 1), fps)


def _grid_index(time_sec: float, fps: float) -> int:
    """Index of the first time of the grid that is not before `time_sec`."""
    return max(0, math.ceil((time_sec - ROUNDING_SEC) * fps))


def _duration_sec(frame: Any, stream: Any) -> float:
    """How long the last frame stays: as it says, else one frame at the average rate."""
    if frame.duration:
        return float(frame.duration * frame.time_base)
    return float(1 / stream.average_rate) if stream.average_rate else 0.0


def _sampled(frame: Any, time_sec: float, first: int, count: int, fps: float) -> SampledFrame:
    if count > MAX_STILL_SEC * fps:
        raise VideoError("undecodable", "the timestamps of the video are damaged")
    return SampledFrame(_upright(frame), time_sec, first, count)


def _upright(frame: Any) -> np.ndarray:
    """The frame as RGB, turned by its display matrix (degrees, counter-clockwise)."""
    image = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90) % 4))


def _open(path: str | Path) -> Any:
    try:
        options = {"format_whitelist": CONTAINERS}
        return av.open(str(path), metadata_errors="replace", options=options)
    except MemoryError:
        raise
    except av.error.FFmpegError as error:
        with Path(path).open("rb"):  # else the machine is at fault
            pass
        raise VideoError("undecodable", f"the file is no readable video ({error.strerror})") from (
            error
        )


def _video_stream(container: Any) -> Any:
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise VideoError("no_video_stream", "the file has no video stream")


class _Decoder:
    """The frames of an open container, and how many were lost on the way."""

    def __init__(self, container: Any, path: str | Path) -> None:
        self.container, self.path, self.lost = container, path, 0
        self.stream = _video_stream(container)
        self.stream.thread_type = "SLICE"

    def frames(self) -> Iterator[Any]:
        """Frames in order of presentation; damaged packets are passed over, counted and logged."""
        found = read = stopped = 0
        try:
            for packet in self.container.demux(self.stream):
                read += packet.size > 0
                try:
                    for frame in packet.decode():
                        if frame.pts is not None:
                            found += 1
                            yield frame
                except UNDECODABLE:
                    self.lost += 1
        except av.error.DecoderNotFoundError as error:
            raise VideoError("undecodable", "no decoder for the codec of the video") from error
        except UNDECODABLE:
            stopped = 1
        self.lost += max(stopped, self._missing(read))
        if self.lost:
            logging.warning("%s: %d frames lost", self.path, self.lost)
        if not found:
            raise VideoError("undecodable", "no frame of the video can be decoded")

    def _missing(self, read: int) -> int:
        """Packets that the file lists but does not have; only MP4 and MOV list them all."""
        listed = self.container.format.name.startswith("mov,")
        return max(0, len(self.stream.index_entries) - read) if listed else 0
