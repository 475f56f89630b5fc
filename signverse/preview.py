"""Previews: skeleton and video side by side, and a contact sheet with captions."""

import textwrap
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from signverse.drawing import draw_skeleton
from signverse.errors import InputError, VideoError
from signverse.files import atomic_path
from signverse.poses import Poses
from signverse.video import SampledVideo

SHEET_FRAMES, SHEET_COLUMNS = 10, 5
CAPTION_WIDTH = 44  # characters to a line under a frame of the sheet
# Fonts for the scripts of the captions; those that are not installed are passed over.
FONTS = ("DejaVu Sans", "Noto Sans", "Noto Sans CJK JP", "Noto Sans Arabic", "Noto Sans Thai")
WIDEST = 16  # greatest width of a picture, in its heights; H.264 has an end
X264 = {"crf": "23", "x264-params": "mbtree=0"}
CARD_SIZE = (640, 360)  # width, height of the card that stands for a missing video

Frame = tuple[float, np.ndarray]


def preview_frames(
    video: str | Path, poses: Poses, count: int, *, height_px: int, min_score: float
) -> Iterator[np.ndarray]:
    """The first `count` pictures of the preview.

    A picture (uint8 [height, width, 3], RGB, even sizes) shows the skeleton on black, left, and
    over the video, right.
    """
    payloads = poses.frame_payloads
    for sampled in SampledVideo(video, poses.fps):
        image = _resized(sampled.image, height_px)
        for t in range(sampled.first, min(sampled.first + sampled.count, count)):
            skeleton = draw_skeleton(np.zeros_like(image), payloads[t], min_score)
            overlay = draw_skeleton(image, payloads[t], min_score)
            yield np.hstack([skeleton, overlay])
        if sampled.first + sampled.count >= count:
            return


def _resized(image: np.ndarray, height_px: int) -> np.ndarray:
    """The image at the given height; both sizes even, as H.264 in 4:2:0 needs them.

    An extremely wide one is made to fit a width of sixteen heights.
    """
    height, width = image.shape[:2]
    fitting, most = 2 * round(width * height_px / height / 2), WIDEST * height_px
    size = (max(2, min(fitting, most)), 2 * round(height_px / 2))
    shrinks = size[1] < height
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return np.asarray(resized, dtype=np.uint8)


def write_video(path: str | Path, pictures: Iterable[np.ndarray], fps: float) -> None:
    """Write pictures (uint8 [height, width, 3], RGB) as H.264 that plays in a browser.

    The same pictures give the same bytes: x264's macroblock tree reads memory that nobody wrote,
    and its result also depends on the number of threads.
    """
    with atomic_path(path) as temporary:
        options = {"movflags": "+faststart"}
        with av.open(str(temporary), "w", format="mp4", options=options) as container:
            rate = Fraction(fps).limit_denominator(1001)
            stream: Any = None
            for picture in pictures:
                if stream is None:
                    stream = container.add_stream("libx264", rate=rate, options=X264)
                    stream.codec_context.thread_count = 1
                    stream.height, stream.width = picture.shape[:2]
                    stream.pix_fmt = "yuv420p"
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())


def caption_at(segments: list[dict[str, Any]], time_sec: float) -> str:
    """Text of the segments that are on screen at a time."""
    on_screen = [s["text"] for s in segments if s["start_sec"] <= time_sec < s["end_sec"]]
    return " ".join(on_screen)


def preview_segments(captions: dict[str, Any]) -> list[dict[str, Any]]:
    """Segments to print under the sheet: the first English track, else the first of all."""
    tracks = [track for track in captions["tracks"] if track["segments"]]
    english = [track for track in tracks if track["language"].split("-")[0] == "en"]
    chosen = [*english, *tracks][:1]
    return chosen[0]["segments"] if chosen else []


def write_sheet(
    path: str | Path, frames: list[Frame], segments: list[dict[str, Any]], title: str
) -> None:
    """Write a PNG of frames in rows of five, captions underneath."""
    rows = -(-len(frames) // SHEET_COLUMNS)
    height, width = frames[0][1].shape[:2]
    cell = 3.2
    figure = _figure((SHEET_COLUMNS * cell, rows * (cell * height / width + 0.7) + 0.5))
    figure.suptitle(title, fontsize=10, parse_math=False)
    for number, (time_sec, picture) in enumerate(frames):
        axes = figure.add_subplot(rows, SHEET_COLUMNS, number + 1)
        axes.imshow(picture)
        axes.set(xticks=[], yticks=[])
        text = textwrap.fill(caption_at(segments, time_sec), CAPTION_WIDTH, max_lines=2)
        axes.set_xlabel(f"{time_sec:.1f} s\n{text}", fontsize=8, parse_math=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=100, metadata={"Software": None})


def read_image(path: str | Path) -> np.ndarray:
    """An image file as uint8 [height, width, 3], RGB."""
    image = cv2.imread(str(path))
    if image is None:
        raise InputError(f"{path}: cannot be read as an image")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _figure(size: tuple[float, float]) -> Any:
    import matplotlib
    from matplotlib import font_manager
    from matplotlib.figure import Figure

    installed = set(font_manager.get_font_names())
    matplotlib.rcParams["font.family"] = [font for font in FONTS if font in installed]
    return Figure(figsize=size, layout="constrained")


def write_cards(video: str | Path, sheet: str | Path, video_id: str, error: VideoError) -> None:
    """Write the tombstone of a preview: a picture and a video that say what happened."""
    width, height = CARD_SIZE
    figure = _figure((width / 100, height / 100))
    text = f"{video_id}\n\n{error.status}\n{textwrap.fill(error.reason, 60)}"
    figure.text(0.5, 0.5, text, ha="center", va="center", fontsize=11, parse_math=False)
    with atomic_path(sheet) as temporary:
        notes = {"Title": error.status, "Description": error.reason, "Software": None}
        figure.savefig(temporary, dpi=100, metadata=notes)
        picture = read_image(temporary)
    write_video(video, [picture] * 24, 24)


def write_preview(
    source: str | Path,
    poses: Poses,
    segments: list[dict[str, Any]],
    *,
    video: str | Path,
    sheet: str | Path,
    length_sec: float,
    height_px: int,
    min_score: float,
) -> None:
    """Write `preview.mp4` and `preview.png` of the first `length_sec` of the file `source`."""
    count = min(len(poses.frame_indices), max(1, round(length_sec * poses.fps)))
    on_sheet = np.linspace(0, count - 1, SHEET_FRAMES).round().astype(int)
    kept: dict[int, np.ndarray] = {}

    def pictures() -> Iterator[np.ndarray]:
        """The frames on their way to the video; those of the sheet are kept."""
        frames = preview_frames(source, poses, count, height_px=height_px, min_score=min_score)
        for t, picture in enumerate(frames):
            if t in on_sheet:
                kept[t] = picture
            yield picture

    write_video(video, pictures(), poses.fps)
    if len(kept) < len({*on_sheet.tolist()}):
        raise InputError(f"{source}: fewer frames than the poses of {poses.video_id!r} have")
    title = f"{poses.video_id} · {poses.estimator['name']} · {poses.fps:g} frames/s"
    write_sheet(sheet, [(t / poses.fps, kept[t]) for t in on_sheet], segments, title)
