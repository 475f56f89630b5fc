"""Finished files: whole, cut off, and of another length than was said."""

import hashlib
import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from signverse.acquisition.checks import durations_sec, file_facts


def write_clip(path: Path, seconds: float, **options: Any) -> bytes:
    """A clip of 10 frames/s; as MP4 with its header in front, so that it opens when cut."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as target:
        stream: Any = target.add_stream("libx264", rate=10, options={"g": "10"} | options)
        stream.width = stream.height = 64
        noise = np.random.default_rng(0)
        for _ in range(round(seconds * 10)):
            picture = noise.integers(0, 256, (64, 64, 3), np.uint8)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        target.mux(stream.encode(None))
    return path.read_bytes()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of noise."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(path, 10)
    return path


def test_a_whole_file_has_no_flag(clip: Path) -> None:
    data = clip.read_bytes()
    assert file_facts(clip, 10) == {
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "duration_sec": 10.0,
        "stated_duration_sec": 10,
        "flags": [],
    }


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_file_that_opens_and_ends_early_is_flagged(
    clip: Path, tmp_path: Path, share: float
) -> None:
    data = clip.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: int(len(data) * share)])
    found = file_facts(tmp_path / "cut.mp4", 10)
    assert found["flags"] == ["truncated", "shorter_than_stated"]
    assert found["duration_sec"] == pytest.approx(10 * share, abs=0.5)


@pytest.mark.parametrize(
    ("stated", "flags"),
    [
        (None, []),
        (8.0, []),
        (12, []),
        (12.1, ["shorter_than_stated"]),
        (7.9, ["longer_than_stated"]),
        (3600, ["shorter_than_stated"]),
    ],
)
def test_two_seconds_of_difference_are_nothing(clip: Path, stated: Any, flags: list[str]) -> None:
    assert file_facts(clip, stated)["flags"] == flags


@pytest.mark.parametrize("ending", ["mkv", "ts", "avi"])
def test_other_containers_are_measured_too(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"clip.{ending}"
    write_clip(path, 3)
    found, promised = durations_sec(path)
    assert found == pytest.approx(3, abs=0.11)
    assert promised is None or promised == pytest.approx(3, abs=0.11)


def test_a_time_offset_is_no_duration(clip: Path, tmp_path: Path) -> None:
    """Segments of a stream count from its beginning, not from their own."""
    moved = io.BytesIO()
    with av.open(str(clip)) as source, av.open(moved, "w", format="mpegts") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.pts is not None and packet.dts is not None and packet.time_base:
                packet.pts += round(5000 / packet.time_base)
                packet.dts += round(5000 / packet.time_base)
                packet.stream = stream
                target.mux(packet)
    (tmp_path / "late.ts").write_bytes(moved.getvalue())
    assert durations_sec(tmp_path / "late.ts")[0] == pytest.approx(10, abs=0.11)


def test_a_file_without_one_packet_lasts_nothing(clip: Path, tmp_path: Path) -> None:
    data = clip.read_bytes()
    (tmp_path / "head.mp4").write_bytes(data[: data.index(b"mdat") + 4])
    assert durations_sec(tmp_path / "head.mp4") == (0.0, 10.0)
