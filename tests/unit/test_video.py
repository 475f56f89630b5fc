import math
import random
import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from signverse.errors import VideoError
from signverse.video import SampledFrame, SampledVideo, check_video, keep_only_video

TICK = Fraction(1, 600)  # holds the frame times of 12, 24, 25, 30 and 60 frames/s exactly
STEP = 8  # of grey, from one numbered picture to the next
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
# Display matrices as ISO/IEC 14496-12 has them, for a picture of 64 x 48: degrees clockwise.
MATRICES = {
    90: (0, 1, 0, -1, 0, 0, 48, 0, 1),
    180: (-1, 0, 0, 0, -1, 0, 64, 48, 1),
    270: (0, -1, 0, 1, 0, 0, 0, 64, 1),
}


def numbered(count: int) -> list[np.ndarray]:
    """Grey pictures that tell their number by their brightness."""
    return [np.full((48, 64, 3), STEP * number, np.uint8) for number in range(count)]


def quarters() -> np.ndarray:
    """Red, green in the upper row, blue, white in the lower one."""
    picture = np.empty((48, 64, 3), np.uint8)
    picture[:24, :32], picture[:24, 32:] = RED, GREEN
    picture[24:, :32], picture[24:, 32:] = BLUE, WHITE
    return picture


def write_clip(
    path: Path,
    pictures: Sequence[np.ndarray],
    times: Iterable[float],
    *,
    container: str = "mp4",
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rate: int = 25,
    audio: str | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode pictures with their times in seconds, and half a second of silence if asked."""
    with av.open(str(path), "w", format=container, options=options) as target:
        stream = target.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = stream.time_base = TICK
        sound = target.add_stream(audio, rate=48000) if audio else None
        for picture, time_sec in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = round(time_sec / TICK), TICK
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
        if sound is not None:
            _write_silence(target, sound)
    return path


def _write_silence(target: av.container.OutputContainer, sound: av.AudioStream) -> None:
    for number in range(25):
        samples = np.zeros((1, 2 * 960), np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 960 * number, Fraction(1, 48000)
        target.mux(sound.encode(frame))
    target.mux(sound.encode())


def regular(count: int, rate: int) -> list[float]:
    return [number / rate for number in range(count)]


def runs(path: Path, fps: float = 24) -> list[tuple[int, int, int]]:
    """Number of the picture, first time of the grid and count of each sampled frame."""
    return [
        (round(frame.image.mean() / STEP), frame.first, frame.count)
        for frame in SampledVideo(path, fps)
    ]


def on_grid(path: Path, fps: float = 24) -> list[int]:
    """Number of the picture at each time of the grid."""
    return [number for number, _, count in runs(path, fps) for _ in range(count)]


def stream_types(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [stream.type for stream in container.streams]


def packets(path: Path) -> list[tuple[bytes, Fraction]]:
    """Content and time of the packets of the video stream."""
    with av.open(str(path)) as container:
        found = container.demux(container.streams.video[0])
        return [(bytes(p), p.pts * p.time_base) for p in found if p.size]


def damage(path: Path, numbers: Iterable[int]) -> None:
    """Overwrite packets of the video stream, given by their numbers, with zeros."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        places = [(p.pos, p.size) for p in container.demux(stream) if p.size]
    data = bytearray(path.read_bytes())
    for number in numbers:
        position, size = places[number]
        data[position : position + size] = bytes(size)
    path.write_bytes(data)


def turn(path: Path, matrix: tuple[int, ...]) -> None:
    """Put a display matrix into the header of the track of an MP4 file."""
    data = bytearray(path.read_bytes())
    position = data.index(b"tkhd") + 44
    fixed = [value << (30 if place % 3 == 2 else 16) for place, value in enumerate(matrix)]
    data[position : position + 36] = struct.pack(">9i", *fixed)
    path.write_bytes(data)


def corners(image: np.ndarray) -> list[tuple[int, ...]]:
    """Colours of the four quarters, row by row, rounded against the losses of encoding."""
    height, width = image.shape[:2]
    places = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [tuple(255 * int(value > 127) for value in image[place]) for place in places]


@pytest.mark.parametrize(
    ("rate", "count", "fps", "expected"),
    [
        (12, 4, 24, [(0, 0, 2), (1, 2, 2), (2, 4, 2), (3, 6, 2)]),
        (24, 4, 24, [(0, 0, 1), (1, 1, 1), (2, 2, 1), (3, 3, 1)]),
        (25, 25, 24, [(number, number, 1) for number in range(24)]),
        (30, 10, 24, [(n, t, 1) for t, n in enumerate([0, 1, 2, 3, 5, 6, 7, 8])]),
        (60, 12, 24, [(n, t, 1) for t, n in enumerate([0, 2, 5, 7, 10])]),
        (12, 3, 30, [(0, 0, 3), (1, 3, 2), (2, 5, 3)]),
        (25, 25, 2.5, [(0, 0, 1), (10, 1, 1), (20, 2, 1)]),
    ],
)
def test_a_constant_rate_falls_on_the_grid(
    tmp_path: Path, rate: int, count: int, fps: float, expected: list[tuple[int, int, int]]
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", numbered(count), regular(count, rate), rate=rate)
    assert runs(clip, fps) == expected


def test_a_variable_rate_keeps_its_timing(tmp_path: Path) -> None:
    times = [0, 0.04, 1.04, 1.05, 1.06, 2.5]
    clip = write_clip(tmp_path / "clip.mp4", numbered(6), times)
    assert runs(clip, 10) == [(0, 0, 1), (1, 1, 10), (4, 11, 14), (5, 25, 1)]
    assert [frame.time_sec for frame in SampledVideo(clip, 10)] == [0, 0.04, 1.06, 2.5]


@pytest.mark.parametrize("seed", range(5))
def test_each_time_of_the_grid_shows_the_last_frame_before_it(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    ticks = [0, *sorted(chance.sample(range(1, 1500), 24))]
    times = [tick * TICK for tick in ticks]
    clip = write_clip(tmp_path / "clip.mp4", numbered(25), times)
    until_last = math.ceil(times[-1] * 24)
    expected = [
        max(number for number, time in enumerate(times) if time <= Fraction(t, 24))
        for t in range(until_last)
    ]
    found = on_grid(clip)
    assert found[:until_last] == expected
    assert set(found[until_last:]) <= {24}


@pytest.mark.parametrize("rate", [24, 12])
def test_timestamps_rounded_to_milliseconds_fall_on_the_same_grid(
    tmp_path: Path, rate: int
) -> None:
    times = regular(12, rate)
    exact = write_clip(tmp_path / "clip.mp4", numbered(12), times, rate=rate)
    rounded = write_clip(
        tmp_path / "clip.webm", numbered(12), times, container="webm", codec="libvpx", rate=rate
    )
    assert runs(rounded) == runs(exact)


@pytest.mark.parametrize(
    ("count", "rate", "total"),
    [(1, 60, 1), (1, 25, 1), (1, 10, 3), (7, 30, 6), (13, 25, 13), (25, 25, 24), (50, 25, 48)],
)
def test_the_grid_is_the_duration_times_the_rate_rounded_up(
    tmp_path: Path, count: int, rate: int, total: int
) -> None:
    pictures = numbered(25) * 2
    clip = write_clip(tmp_path / "clip.mp4", pictures[:count], regular(count, rate), rate=rate)
    assert sum(frame.count for frame in SampledVideo(clip, 24)) == total


def test_the_grid_has_no_gaps_in_a_real_recording(carphone: Path) -> None:
    frames = [(frame.first, frame.count) for frame in SampledVideo(carphone, 24)]
    firsts = [first for first, _ in frames]
    assert firsts == [0, *np.cumsum([count for _, count in frames])[:-1]]
    assert sum(count for _, count in frames) == 97  # 120 frames at 30000/1001: 4.004 seconds


def test_a_single_frame_is_shown_once(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", numbered(4)[3:], [0])
    assert runs(clip) == [(3, 0, 1)]
    assert runs(clip, 1) == [(3, 0, 1)]


def test_times_count_from_the_start_of_a_stream_that_begins_late(tmp_path: Path) -> None:
    late = [5 + time_sec for time_sec in regular(4, 12)]
    clip = write_clip(tmp_path / "clip.ts", numbered(4), late, container="mpegts", rate=12)
    with av.open(str(clip)) as container:
        assert container.start_time == 5 * av.time_base
    assert runs(clip)[:3] == [(0, 0, 2), (1, 2, 2), (2, 4, 2)]
    assert next(iter(SampledVideo(clip, 24))).time_sec == 0


def test_the_first_frame_is_on_screen_while_only_the_sound_has_begun(tmp_path: Path) -> None:
    late = [0.5 + time_sec for time_sec in regular(4, 12)]
    clip = write_clip(tmp_path / "clip.mp4", numbered(4), late, rate=12, audio="aac")
    assert runs(clip) == [(0, 0, 14), (1, 14, 2), (2, 16, 2), (3, 18, 2)]
    assert next(iter(SampledVideo(clip, 24))).time_sec == 0.5


def test_images_are_contiguous_rgb_bytes(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [quarters()], [0])
    image = next(iter(SampledVideo(clip, 24))).image
    assert (image.dtype, image.shape) == (np.uint8, (48, 64, 3))
    assert image.flags.c_contiguous
    assert np.abs(image[12, 16].astype(int) - RED).max() <= 4
    assert corners(image) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize("size", [(47, 63), (48, 33), (33, 48)])
def test_odd_sizes_stay_as_they_are(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 200, np.uint8)
    clip = write_clip(tmp_path / "clip.mp4", [picture] * 3, regular(3, 25), pix_fmt="yuv444p")
    for frame in SampledVideo(clip, 24):
        assert frame.image.shape == (*size, 3)
        assert np.abs(frame.image.astype(int) - 200).max() <= 3


@pytest.mark.parametrize(
    ("degrees", "shape", "expected"),
    [
        (90, (64, 48, 3), [BLUE, RED, WHITE, GREEN]),
        (180, (48, 64, 3), [WHITE, BLUE, GREEN, RED]),
        (270, (64, 48, 3), [GREEN, WHITE, RED, BLUE]),
    ],
)
@pytest.mark.parametrize("sound_removed", [False, True])
def test_a_turned_recording_comes_upright(
    tmp_path: Path,
    degrees: int,
    shape: tuple[int, int, int],
    expected: list[tuple[int, ...]],
    sound_removed: bool,
) -> None:
    audio = "aac" if sound_removed else None
    clip = write_clip(tmp_path / "clip.mp4", [quarters()] * 3, regular(3, 25), audio=audio)
    turn(clip, MATRICES[degrees])
    if sound_removed:
        keep_only_video(clip)
    frames = list(SampledVideo(clip, 24))
    assert len(frames) == 3
    for frame in frames:
        assert frame.image.shape == shape
        assert frame.image.flags.c_contiguous
        assert corners(frame.image) == expected


def test_a_cover_picture_is_not_taken_for_the_video(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as target:
        cover = target.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        stream = target.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        red = np.full((32, 32, 3), RED, np.uint8)
        target.mux(cover.encode(av.VideoFrame.from_ndarray(red, format="rgb24")))
        target.mux(cover.encode())
        for picture in numbered(3):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode())
    assert runs(path) == [(0, 0, 1), (1, 1, 1), (2, 2, 1)]
    keep_only_video(path)
    assert stream_types(path) == ["video"]
    assert runs(path) == [(0, 0, 1), (1, 1, 1), (2, 2, 1)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        bytes(5000),
        b"plain words, no video\n" * 50,
        b"<!DOCTYPE html><html><body>429 Too Many Requests</body></html>",
        b'{"video_id": "a", "status": "private"}',
    ],
    ids=["empty", "one byte", "zeros", "text", "html", "json"],
)
def test_a_file_that_is_no_video_is_undecodable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    for read in (check_video, keep_only_video, lambda p: next(iter(SampledVideo(p, 24)))):
        with pytest.raises(VideoError, match="the file is no readable video") as caught:
            read(path)
        assert caught.value.status == "undecodable"
    assert path.read_bytes() == content


def noise(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, 48, 64, 3), dtype=np.uint8))


def test_a_file_cut_before_its_index_is_undecodable(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise(12), regular(12, 25))
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with pytest.raises(VideoError, match="no readable video") as caught:
        check_video(clip)
    assert caught.value.status == "undecodable"


def test_a_file_cut_after_its_index_gives_the_frames_it_holds(tmp_path: Path) -> None:
    options = {"movflags": "faststart"}
    clip = write_clip(tmp_path / "clip.mp4", noise(12), regular(12, 24), rate=24, options=options)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    check_video(clip)
    frames = list(SampledVideo(clip, 24))
    assert 1 <= len(frames) < 12
    assert [frame.first for frame in frames] == list(range(len(frames)))


def test_no_decodable_frame_at_all_is_undecodable(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", numbered(6), regular(6, 25))
    damage(clip, range(6))
    for read in (check_video, lambda p: next(iter(SampledVideo(p, 24)))):
        with pytest.raises(VideoError, match="no frame of the video can be decoded") as caught:
            read(clip)
        assert caught.value.status == "undecodable"


def test_a_codec_without_a_decoder_is_undecodable(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", numbered(6), regular(6, 25))
    clip.write_bytes(clip.read_bytes().replace(b"avc1", b"zzz9"))
    with pytest.raises(VideoError) as caught:
        check_video(clip)
    assert caught.value.status == "undecodable"


def test_a_file_with_sound_only_has_no_video_stream(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as target:
        _write_silence(target, target.add_stream("aac", rate=48000))
    for read in (check_video, lambda p: next(iter(SampledVideo(p, 24)))):
        with pytest.raises(VideoError, match="the file has no video stream") as caught:
            read(path)
        assert caught.value.status == "no_video_stream"


def test_a_missing_file_is_not_the_fault_of_the_video(tmp_path: Path) -> None:
    for read in (check_video, keep_only_video, lambda p: next(iter(SampledVideo(p, 24)))):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "clip.mp4")


@pytest.mark.parametrize(
    ("container", "codec", "pix_fmt"),
    [("mov", "png", "rgb24"), ("mp4", "mjpeg", "yuvj420p")],
)
def test_the_frame_before_stays_on_screen_over_damaged_packets(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    container: str,
    codec: str,
    pix_fmt: str,
) -> None:
    clip = write_clip(
        tmp_path / "clip", numbered(9), regular(9, 12), rate=12,
        container=container, codec=codec, pix_fmt=pix_fmt,
    )  # fmt: skip
    damage(clip, [3, 4, 7])
    assert on_grid(clip) == [0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 5, 5, 6, 6, 6, 6, 8, 8]
    assert caplog.messages == [f"{clip}: 3 frames lost"]


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "libx264"), ("matroska", "libx264"), ("webm", "libvpx")]
)
def test_damage_in_the_middle_leaves_the_frames_around_it(
    tmp_path: Path, container: str, codec: str
) -> None:
    clip = write_clip(
        tmp_path / "clip", numbered(12), regular(12, 12), rate=12, container=container, codec=codec
    )
    damage(clip, [6, 7])
    check_video(clip)
    found = on_grid(clip)
    assert found[:4] == [0, 0, 1, 1]
    assert 8 <= len(found) <= 24


def test_a_sound_video_passes_the_check(astronaut: Path, carphone: Path) -> None:
    before = carphone.read_bytes()
    check_video(astronaut)
    check_video(carphone)
    assert carphone.read_bytes() == before


@pytest.mark.parametrize(
    ("container", "codec", "audio"),
    [
        ("mp4", "libx264", "aac"),
        ("mov", "libx264", "aac"),
        ("matroska", "libx264", "aac"),
        ("webm", "libvpx", "libopus"),
    ],
)
def test_keeping_the_video_copies_its_packets_and_drops_the_sound(
    tmp_path: Path, container: str, codec: str, audio: str
) -> None:
    clip = write_clip(
        tmp_path / "clip", numbered(12), regular(12, 25), container=container, codec=codec,
        audio=audio,
    )  # fmt: skip
    assert stream_types(clip) == ["video", "audio"]
    with av.open(str(clip)) as source:
        format_name = source.format.name
    packets_before, runs_before = packets(clip), runs(clip)
    assert len(packets_before) == 12
    keep_only_video(clip)
    assert stream_types(clip) == ["video"]
    assert packets(clip) == packets_before
    assert runs(clip) == runs_before
    with av.open(str(clip)) as kept:
        assert kept.format.name == format_name
        assert kept.duration == pytest.approx(0.48 * av.time_base, abs=1000)
    assert [path.name for path in tmp_path.iterdir()] == ["clip"]


def test_keeping_the_video_keeps_its_distance_to_the_start_of_the_sound(tmp_path: Path) -> None:
    late = [0.5 + time_sec for time_sec in regular(4, 12)]
    clip = write_clip(tmp_path / "clip.mp4", numbered(4), late, rate=12, audio="aac")
    before = runs(clip)
    keep_only_video(clip)
    assert stream_types(clip) == ["video"]
    assert runs(clip) == before


@pytest.mark.parametrize(("container", "codec"), [("mp4", "libx264"), ("webm", "libvpx")])
def test_a_file_with_video_only_is_left_untouched(
    tmp_path: Path, container: str, codec: str
) -> None:
    clip = write_clip(
        tmp_path / "clip", numbered(6), regular(6, 25), container=container, codec=codec
    )
    before = (clip.read_bytes(), clip.stat().st_mtime_ns, clip.stat().st_ino)
    keep_only_video(clip)
    assert (clip.read_bytes(), clip.stat().st_mtime_ns, clip.stat().st_ino) == before


def test_frames_come_one_at_a_time(carphone: Path) -> None:
    frames = iter(SampledVideo(carphone, 24))
    first, second = next(frames), next(frames)
    assert isinstance(first, SampledFrame)
    assert (first.first, second.first) == (0, 1)
    assert not np.shares_memory(first.image, second.image)
    frames.close()  # type: ignore[attr-defined]
    assert list(frames) == []


def test_a_script_that_names_other_files_is_no_video(tmp_path: Path, astronaut: Path) -> None:
    (tmp_path / "other.mp4").write_bytes(astronaut.read_bytes())
    script = tmp_path / "video.mp4"
    script.write_text("ffconcat version 1.0\nfile other.mp4\n")
    with pytest.raises(VideoError, match="no readable video"):
        check_video(script)


def test_a_damaged_timestamp_does_not_make_millions_of_frames(tmp_path: Path) -> None:
    path = tmp_path / "video.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for pts in (0, 40, 20_000_000):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(VideoError, match="timestamps of the video are damaged"):
        list(SampledVideo(path, 24))


def test_sound_stays_where_its_container_cannot_be_written_again(tmp_path: Path) -> None:
    path = tmp_path / "video.mov"
    with av.open(str(path), "w") as container:
        video = container.add_stream("prores", rate=24)
        video.width = video.height = 64
        video.pix_fmt = "yuv422p10le"
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux(video.encode(frame))
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        tone.sample_rate = 8000
        container.mux(sound.encode(tone))
        container.mux(video.encode())
        container.mux(sound.encode())
    before = path.read_bytes()
    keep_only_video(path)
    assert path.read_bytes() == before
    assert len(list(SampledVideo(path, 24))) == 1
