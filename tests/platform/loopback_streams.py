"""The ladder of formats, and the small real files behind it."""

import functools
import io
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

SECONDS, FPS = 2, 10
SOUND_RATE = 48_000
H264, VP9, OPUS, AAC = "libx264", "libvpx-vp9", "libopus", "aac"


@dataclass(frozen=True)
class Format:
    """A format as YouTube numbers and describes it; no width where it is sound only."""

    itag: int
    mime: str
    codecs: str
    width: int = 0
    height: int = 0

    @property
    def video(self) -> str:
        return "" if not self.width else H264 if "mp4" in self.mime else VP9

    @property
    def audio(self) -> str:
        if self.width and "," not in self.codecs:
            return ""
        return AAC if "mp4" in self.mime else OPUS


def _rung(itags: tuple[int, int], width: int, height: int, h264: str, vp9: str) -> list[Format]:
    return [
        Format(itags[0], "video/mp4", h264, width, height),
        Format(itags[1], "video/webm", vp9, width, height),
    ]


# Numbers, sizes and codecs as YouTube has them. AV1 is left out: its encoder prints too much.
LADDER = [
    Format(139, "audio/mp4", "mp4a.40.5"),
    Format(249, "audio/webm", "opus"),
    Format(140, "audio/mp4", "mp4a.40.2"),
    Format(251, "audio/webm", "opus"),
    *_rung((160, 278), 256, 144, "avc1.4d400c", "vp9"),
    *_rung((133, 242), 426, 240, "avc1.4d4015", "vp9"),
    *_rung((134, 243), 640, 360, "avc1.4d401e", "vp9"),
    *_rung((135, 244), 854, 480, "avc1.4d401f", "vp9"),
    *_rung((136, 247), 1280, 720, "avc1.64001f", "vp9"),
    *_rung((137, 248), 1920, 1080, "avc1.640028", "vp9"),
    Format(18, "video/mp4", "avc1.42001E, mp4a.40.2", 640, 360),
    Format(22, "video/mp4", "avc1.64001F, mp4a.40.2", 1280, 720),
]
BY_ITAG = {str(one.itag): one for one in LADDER}
SPEED = {
    H264: {"preset": "ultrafast"},
    VP9: {"deadline": "realtime", "cpu-used": "8", "row-mt": "1"},
}


def ladder(min_height: int, max_height: int) -> list[Format]:
    """Formats between two heights, and those that are sound only."""
    return [one for one in LADDER if not one.height or min_height <= one.height <= max_height]


def stream_bytes(itag: str) -> bytes:
    """The whole file of a format: 2 s, encoded once in a process."""
    one = BY_ITAG[itag]
    container = "webm" if "webm" in one.mime else "mp4"
    return _encoded(container, one.video, one.audio, one.width, one.height)


@functools.cache
def _encoded(container: str, video: str, audio: str, width: int, height: int) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as target:
        pictures = target.add_stream(video, rate=FPS, options=SPEED[video]) if video else None
        sound = target.add_stream(audio, rate=SOUND_RATE) if audio else None
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = width, height, "yuv420p"
            for number in range(SECONDS * FPS):
                target.mux(pictures.encode(_picture(width, height, number)))
            target.mux(pictures.encode())
        if sound is not None:
            for number in range(SECONDS * SOUND_RATE // 960):
                target.mux(sound.encode(_silence(number)))
            target.mux(sound.encode())
    return file.getvalue()


def _picture(width: int, height: int, number: int) -> av.VideoFrame:
    """A slope of grey with a white bar that moves."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = np.linspace(16, 200, width, dtype=np.uint8)
    left = number * width // (SECONDS * FPS)
    planes[:height, left : left + width // 20] = 235
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def _silence(number: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 2 * 960), np.int16), "s16", "stereo")
    frame.sample_rate, frame.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
    frame.pts = 960 * number
    return frame
