"""render_preview: from video, poses and captions to preview.mp4 and preview.png."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np

from signverse.errors import VideoError
from signverse.files import write_json
from signverse.outcomes import product, tombstone
from signverse.poses import PARTS, Person, PosesBuilder, save, save_tombstone
from signverse.preview import read_image

FAULT = VideoError("removed", "This video has been removed by the uploader")


def write_poses(path: Path, frames: int) -> None:
    """A person in the middle of every frame: a vertical line of keypoints."""
    heights = {part: np.linspace(0.3, 0.7, size) for part, size in PARTS.items()}
    keypoints = {
        part: np.stack([np.full_like(y, 0.5), y], axis=1).astype(np.float32)
        for part, y in heights.items()
    }
    scores = {part: np.ones(size, np.float32) for part, size in PARTS.items()}
    builder = PosesBuilder()
    for t in range(frames):
        person = Person(np.array([0.4, 0.3, 0.6, 0.7], np.float32), 1.0, keypoints, scores)
        builder.add(t / 24, [person])
    facts: dict[str, Any] = {"video_id": "x", "fps": 24.0, "estimator": {"name": "by hand"}}
    save(path, builder.build(frame_width=480, frame_height=480, lost_frames=0, **facts))


def arguments(folder: Path, source: Path) -> dict[str, Any]:
    """The script's arguments, with captions on disk."""
    segments = [{"start_sec": 0.0, "end_sec": 1.0, "text": "Hello."}]
    tracks = [{"language": "en", "kind": "manual", "segments": segments}]
    write_json(folder / "captions.json", product("x", 1, tracks=tracks))
    return {
        "video_id": "x",
        "source": source,
        "poses": folder / "poses.npz",
        "captions": folder / "captions.json",
        "length_sec": 0.25,
        "height_px": 120,
        "min_score": 0.3,
        "video": folder / "preview.mp4",
        "sheet": folder / "preview.png",
    }


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def notes(path: Path) -> dict[str, str]:
    """The texts in a PNG file."""
    data, at, found = path.read_bytes(), 8, {}
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind in (b"tEXt", b"iTXt", b"zTXt"):
            name, _, text = data[at + 8 : at + 8 + size].partition(b"\0")
            found[name.decode()] = (zlib.decompress(text[1:]) if kind == b"zTXt" else text).decode()
        at += size + 12
    return found


def test_the_preview_shows_the_skeleton_alone_and_over_the_video(
    main: Callable[..., None], tmp_path: Path, astronaut: Path
) -> None:
    given = arguments(tmp_path, astronaut)
    write_poses(given["poses"], frames=12)
    main(**given)
    frames = decoded(given["video"])
    assert [frame.shape for frame in frames] == [(120, 240, 3)] * 6  # 0.25 s at 24 frames/s
    skeleton, overlay = frames[0][:, :120], frames[0][:, 120:]
    assert skeleton[:20].mean() < 5
    assert skeleton[40:80, 55:65].max() > 100
    assert overlay[:20].mean() > 50
    sheet = read_image(given["sheet"])
    assert sheet.shape[1] == 1600
    assert sheet.std() > 20


def test_a_preview_is_no_longer_than_the_video(
    main: Callable[..., None], tmp_path: Path, astronaut: Path
) -> None:
    given = arguments(tmp_path, astronaut) | {"length_sec": 20}
    write_poses(given["poses"], frames=12)
    main(**given)
    assert len(decoded(given["video"])) == 12


def test_a_tombstone_is_passed_on_as_cards_and_the_video_not_opened(
    main: Callable[..., None], tmp_path: Path
) -> None:
    given = arguments(tmp_path, tmp_path / "there is no video.mp4")
    save_tombstone(given["poses"], "x", FAULT)
    main(**given)
    assert notes(given["sheet"]) == {"Title": FAULT.status, "Description": FAULT.reason}
    frames = decoded(given["video"])
    assert {frame.shape for frame in frames} == {(360, 640, 3)}
    card = read_image(given["sheet"])
    assert card.shape == (360, 640, 3)
    assert np.abs(frames[0].astype(int) - card.astype(int)).mean() < 3


def test_the_cards_of_a_video_that_was_lost_after_its_poses_were_made_say_why(
    main: Callable[..., None], tmp_path: Path
) -> None:
    """A preview is wanted later, the video fetched again for it, and gone by then."""
    given = arguments(tmp_path, tmp_path / "video.mp4")
    write_poses(given["poses"], frames=12)
    write_json(given["source"], tombstone("x", FAULT))
    main(**given)
    assert notes(given["sheet"]) == {"Title": FAULT.status, "Description": FAULT.reason}
    assert {frame.shape for frame in decoded(given["video"])} == {(360, 640, 3)}
