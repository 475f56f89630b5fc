import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from signverse.errors import InputError, VideoError
from signverse.poses import PARTS, Person, Poses, PosesBuilder
from signverse.preview import (
    _resized,
    caption_at,
    preview_frames,
    preview_segments,
    read_image,
    write_cards,
    write_preview,
    write_sheet,
    write_video,
)
from signverse.recipes import PREVIEW_VERSION

REFERENCE = Path("tests", "unit", "reference", f"preview_v{PREVIEW_VERSION}.json")
GREYS = tuple(range(30, 230, 20))  # of the ten frames of a clip
STRANGE = "$x^{2 & 100 % – 日本語 العربية ไทย \\frac 🤟"


def person(chance: np.random.Generator) -> Person:
    keypoints = {part: chance.random((size, 2), np.float32) for part, size in PARTS.items()}
    scores = {part: chance.random(size, np.float32) for part, size in PARTS.items()}
    return Person(np.array([0, 0, 1, 1], np.float32), 1.0, keypoints, scores)


def some_poses(frames: int, persons: int = 0, fps: float = 24.0, video_id: str = "a") -> Poses:
    chance = np.random.default_rng(0)
    builder = PosesBuilder()
    for t in range(frames):
        builder.add(t / fps, [person(chance) for _ in range(persons)])
    return builder.build(
        video_id=video_id,
        fps=fps,
        frame_width=64,
        frame_height=48,
        lost_frames=0,
        estimator={"name": "some"},
    )


def grey_pictures(height: int = 48, width: int = 64, greys: tuple[int, ...] = GREYS) -> Any:
    return (np.full((height, width, 3), grey, np.uint8) for grey in greys)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Ten frames of 64 x 48 at 24 frames/s, each of its own grey."""
    path = tmp_path / "clip.mp4"
    write_video(path, grey_pictures(), 24)
    return path


def odd_clip(path: Path) -> Path:
    """Five frames of 63 x 47: sizes that 4:2:0 cannot hold."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 63, 47, "yuv444p"
        for picture in grey_pictures(47, 63, GREYS[:5]):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def preview(source: Path, poses: Poses, folder: Path, **settings: Any) -> tuple[Path, Path]:
    video, sheet = folder / "preview.mp4", folder / "preview.png"
    settings = {"segments": [], "length_sec": 20, "height_px": 48, "min_score": 0.3} | settings
    write_preview(source, poses, video=video, sheet=sheet, **settings)
    return video, sheet


def boxes(path: Path) -> list[str]:
    """Kinds of the outermost boxes of an MP4 file."""
    data, kinds, position = path.read_bytes(), [], 0
    while position < len(data):
        kinds.append(data[position + 4 : position + 8].decode())
        position += int.from_bytes(data[position : position + 4])
    return kinds


def facts(path: Path) -> dict[str, Any]:
    with av.open(str(path)) as container:
        (stream,) = container.streams
        return {
            "codec": stream.codec_context.name,
            "pix_fmt": stream.pix_fmt,
            "size": (stream.width, stream.height),
            "rate": float(stream.average_rate),
            "frames": sum(1 for _ in container.decode(stream)),
        }


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def cells(sheet: np.ndarray, grey: int) -> np.ndarray:
    """Mean place (y, x) of the pixels of one grey on a sheet, give or take its losses."""
    places = np.argwhere((np.abs(sheet.astype(int) - grey) <= 2).all(axis=2))
    assert len(places) > 2000, f"no cell of grey {grey}"
    return places.mean(axis=0)


def test_a_picture_is_the_skeleton_on_black_beside_the_video(clip: Path) -> None:
    pictures = list(preview_frames(clip, some_poses(10), 10, height_px=48, min_score=0.3))
    assert len(pictures) == 10
    for picture, grey in zip(pictures, GREYS, strict=True):
        assert (picture.dtype, picture.shape) == (np.uint8, (48, 128, 3))
        assert not picture[:, :64].any()
        assert np.abs(picture[:, 64:].astype(int) - grey).max() <= 2


def test_both_halves_show_the_same_skeleton(clip: Path) -> None:
    poses = some_poses(10, persons=2)
    picture = next(preview_frames(clip, poses, 10, height_px=480, min_score=0.3))
    left, right = picture[:, :640], picture[:, 640:]
    drawn = left.any(axis=2)
    assert 0.05 < drawn.mean() < 0.95
    np.testing.assert_array_equal(left[drawn], right[drawn])
    assert np.abs(right[~drawn].astype(int) - GREYS[0]).max() <= 2


@pytest.mark.parametrize("count", [1, 4, 10])
def test_no_more_pictures_come_than_asked_for(clip: Path, count: int) -> None:
    frames = preview_frames(clip, some_poses(10), count, height_px=48, min_score=0.3)
    assert len(list(frames)) == count


def test_a_slow_video_is_shown_at_the_rate_of_its_poses(tmp_path: Path) -> None:
    slow = tmp_path / "slow.mp4"
    write_video(slow, grey_pictures(greys=GREYS[:3]), 12)
    frames = preview_frames(slow, some_poses(6), 5, height_px=48, min_score=0.3)
    greys = [int(picture[:, 64:].mean().round()) for picture in frames]
    np.testing.assert_allclose(greys, [30, 30, 50, 50, 70], atol=2)


@pytest.mark.parametrize(
    ("height_px", "size"), [(48, (128, 48)), (24, (64, 24)), (47, (124, 48)), (360, (960, 360))]
)
def test_pictures_have_the_height_asked_for_in_even_numbers(
    clip: Path, height_px: int, size: tuple[int, int]
) -> None:
    picture = next(preview_frames(clip, some_poses(10), 1, height_px=height_px, min_score=0.3))
    assert picture.shape == (size[1], size[0], 3)


@pytest.mark.parametrize("height_px", [47, 48, 90, 101])
def test_the_preview_of_an_odd_sized_video_plays_in_a_browser(
    tmp_path: Path, height_px: int
) -> None:
    source = odd_clip(tmp_path / "odd.mp4")
    video, _ = preview(source, some_poses(5, persons=1), tmp_path, height_px=height_px)
    found = facts(video)
    width, height = found.pop("size")
    assert found == {"codec": "h264", "pix_fmt": "yuv420p", "rate": 24.0, "frames": 5}
    assert (width % 2, height % 2) == (0, 0)
    assert abs(height - height_px) <= 1
    assert width / height == pytest.approx(2 * 63 / 47, rel=0.03)


def test_the_index_of_a_video_stands_before_its_frames(clip: Path, tmp_path: Path) -> None:
    video, _ = preview(clip, some_poses(10), tmp_path)
    kinds = boxes(video)
    assert kinds.index("moov") < kinds.index("mdat")


@pytest.mark.parametrize("fps", [24, 25.0, 12.5, 24000 / 1001])
def test_a_video_has_the_rate_asked_for(tmp_path: Path, fps: float) -> None:
    path = tmp_path / "video.mp4"
    write_video(path, grey_pictures(), fps)
    assert facts(path) == {
        "codec": "h264",
        "pix_fmt": "yuv420p",
        "size": (64, 48),
        "rate": pytest.approx(fps, rel=1e-5),
        "frames": 10,
    }


def test_a_failure_between_pictures_leaves_the_old_video(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(b"old")

    def pictures() -> Iterator[np.ndarray]:
        yield from grey_pictures()
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_video(path, pictures(), 24)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("length_sec", "expected"), [(20, 10), (0.25, 6), (0.1, 2), (0.001, 1), (10 / 24, 10)]
)
def test_a_preview_is_as_long_as_asked_or_as_the_video(
    clip: Path, tmp_path: Path, length_sec: float, expected: int
) -> None:
    video, sheet = preview(clip, some_poses(10), tmp_path, length_sec=length_sec)
    assert facts(video)["frames"] == expected
    assert read_image(sheet).shape[2] == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mp4", "preview.mp4", "preview.png"]


def test_a_preview_shows_the_real_recording(carphone: Path, tmp_path: Path) -> None:
    video, _ = preview(carphone, some_poses(97), tmp_path, length_sec=1, height_px=72)
    assert facts(video) | {"size": None} == {
        "codec": "h264",
        "pix_fmt": "yuv420p",
        "size": None,
        "rate": 24.0,
        "frames": 24,
    }
    pictures = frames_of(video)
    assert pictures[0][:, :80].max() <= 10
    assert pictures[0][:, 88:].std() > 20


def test_the_sheet_shows_ten_frames_in_two_rows(clip: Path, tmp_path: Path) -> None:
    _, path = preview(clip, some_poses(10), tmp_path)
    sheet = read_image(path)
    centres = np.array([cells(sheet, grey) for grey in GREYS]).reshape(2, 5, 2)
    assert (np.diff(centres[:, :, 1], axis=1) > 100).all()
    assert np.ptp(centres[:, :, 0], axis=1).max() < 2
    assert (centres[1, :, 0] - centres[0, :, 0] > 100).all()
    assert (sheet[0] == 255).all()


def test_the_sheet_spreads_its_frames_over_the_preview(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    write_video(source, grey_pictures(greys=tuple(range(20, 236, 8))), 24)  # 27 frames
    _, path = preview(source, some_poses(27), tmp_path, length_sec=1)
    sheet = read_image(path)
    for t in (0, 3, 5, 8, 10, 13, 15, 18, 20, 23):
        cells(sheet, 20 + 8 * t)


def test_the_sheet_of_a_single_frame_shows_it_ten_times(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    write_video(source, grey_pictures(greys=(100,)), 24)
    video, path = preview(source, some_poses(1), tmp_path)
    assert facts(video)["frames"] == 1
    row = (np.abs(read_image(path).astype(int) - 100) <= 2).all(axis=2)
    line = row[int(cells(read_image(path), 100)[0]) // 2]
    assert np.count_nonzero(np.diff(line.astype(int)) == 1) == 5


def ten_frames() -> list[tuple[float, np.ndarray]]:
    return list(zip(np.arange(10) / 2, grey_pictures(), strict=True))


def test_a_caption_stands_under_the_frames_it_belongs_to(tmp_path: Path) -> None:
    without, captioned = tmp_path / "without.png", tmp_path / "with.png"
    write_sheet(without, ten_frames(), [], "title")
    segments = [{"start_sec": 1.4, "end_sec": 1.6, "text": "Hello, this is the caption"}]
    write_sheet(captioned, ten_frames(), segments, "title")
    before, after = read_image(without), read_image(captioned)
    assert before.shape == after.shape
    changed = np.argwhere((before != after).any(axis=2))
    y, x = cells(after, GREYS[3])
    assert len(changed) > 200
    assert np.abs(changed[:, 1] - x).max() < after.shape[1] / 10
    assert changed[:, 0].min() > y
    assert changed[:, 0].max() < cells(after, GREYS[8])[0]


def test_the_same_sheet_has_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        write_sheet(tmp_path / name, ten_frames(), [], "title")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
@pytest.mark.parametrize(
    "text", ["costs $5", "$", "$$ \\alpha", STRANGE, "x" * 500, "word " * 100, "a\nb"]
)
def test_any_text_can_be_a_caption_or_a_title(clip: Path, tmp_path: Path, text: str) -> None:
    segments = [{"start_sec": 0.0, "end_sec": 9.0, "text": text}]
    poses = some_poses(10, video_id=text[:20])
    _, sheet = preview(clip, poses, tmp_path, segments=segments)
    for grey in GREYS:
        cells(read_image(sheet), grey)


SEGMENTS = [
    {"start_sec": 0.0, "end_sec": 2.0, "text": "one"},
    {"start_sec": 1.0, "end_sec": 3.0, "text": "two"},
    {"start_sec": 5.0, "end_sec": 6.0, "text": "three"},
]


@pytest.mark.parametrize(
    ("time_sec", "expected"),
    [
        *((0.0, "one"), (0.99, "one"), (1.0, "one two"), (2.0, "two"), (2.99, "two")),
        *((3.0, ""), (4.0, ""), (5.5, "three"), (6.0, ""), (-1.0, "")),
    ],
)
def test_a_caption_is_on_screen_from_its_start_until_before_its_end(
    time_sec: float, expected: str
) -> None:
    assert caption_at(SEGMENTS, time_sec) == expected


def track(language: str, text: str | None) -> dict[str, Any]:
    segments = [] if text is None else [{"start_sec": 0.0, "end_sec": 1.0, "text": text}]
    return {"language": language, "kind": "manual", "segments": segments}


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([], None),
        ([track("en", None)], None),
        ([track("de", "Hallo")], "Hallo"),
        ([track("de", "Hallo"), track("en", "hello")], "hello"),
        ([track("de", "Hallo"), track("en-GB", "hello"), track("en", "hi")], "hello"),
        ([track("en", None), track("de", "Hallo"), track("fr", "salut")], "Hallo"),
        ([track("enm", "hayle"), track("en-US", "hello")], "hello"),
        ([track("ja", "こんにちは"), track("enm", "hayle")], "こんにちは"),
    ],
)
def test_captions_are_english_if_there_are_any(
    tracks: list[dict[str, Any]], expected: str | None
) -> None:
    found = preview_segments({"tracks": tracks})
    assert [segment["text"] for segment in found] == ([] if expected is None else [expected])


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("private", "This video is private"),
        ("undecodable", "no frame of the video can be decoded"),
        ("removed", STRANGE),
        ("removed", ""),
        ("geo_blocked", "not available in your country " * 10),
    ],
)
def test_cards_say_why_there_is_no_video(tmp_path: Path, status: str, reason: str) -> None:
    video, sheet = tmp_path / "preview.mp4", tmp_path / "preview.png"
    write_cards(video, sheet, "a$b_c", VideoError(status, reason))
    with Image.open(sheet) as image:
        assert (image.format, image.size) == ("PNG", (640, 360))
        assert image.text == {"Title": status, "Description": reason}
    assert facts(video) == {
        "codec": "h264",
        "pix_fmt": "yuv420p",
        "size": (640, 360),
        "rate": 24.0,
        "frames": 24,
    }
    kinds = boxes(video)
    assert kinds.index("moov") < kinds.index("mdat")
    card, shown = read_image(sheet), frames_of(video)[-1]
    assert card.min() < 100
    assert np.abs(card.astype(int) - shown).mean() < 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["preview.mp4", "preview.png"]


def test_cards_of_other_reasons_look_otherwise(tmp_path: Path) -> None:
    for status in ("private", "removed"):
        error = VideoError(status, "a reason")
        write_cards(tmp_path / "card.mp4", tmp_path / f"{status}.png", "a", error)
    one, two = (read_image(tmp_path / f"{status}.png") for status in ("private", "removed"))
    assert (one != two).any()


def test_an_image_is_read_as_rgb(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.new("RGB", (5, 3), (10, 20, 30)).save(path)
    image = read_image(path)
    assert (image.dtype, image.shape) == (np.uint8, (3, 5, 3))
    assert (image == (10, 20, 30)).all()


@pytest.mark.parametrize("content", [b"no image", b"", None])
def test_a_file_that_is_no_image_is_refused_by_its_name(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "image.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"image\.png: cannot be read as an image"):
        read_image(path)


def test_a_damaged_source_is_the_fault_of_the_video_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    source.write_text("no video")
    with pytest.raises(VideoError, match="undecodable"):
        preview(source, some_poses(10), tmp_path)
    assert list(tmp_path.iterdir()) == [source]


def test_the_pictures_are_those_of_the_reference(root: Path, tmp_path: Path) -> None:
    source, candidate = tmp_path / "black.mp4", tmp_path / REFERENCE.name
    write_video(source, grey_pictures(90, 120, greys=(0, 0, 0)), 24)
    poses = some_poses(3, persons=2)
    frames = preview_frames(source, poses, 3, height_px=360, min_score=0.3)
    found = {
        "recipe": PREVIEW_VERSION,
        "pictures_sha256": [hashlib.sha256(frame.tobytes()).hexdigest() for frame in frames],
    }
    candidate.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    advice = (
        f"the pictures are not those of {REFERENCE}. If previews were meant to change, raise "
        f"PREVIEW_VERSION in signverse/recipes.py and put {candidate} beside the old reference, "
        "named by the new version"
    )
    assert (root / REFERENCE).exists(), advice
    assert found == json.loads((root / REFERENCE).read_text(encoding="utf-8")), advice


def test_an_extremely_wide_video_is_squeezed_to_what_h264_can_hold(tmp_path: Path) -> None:
    picture = _resized(np.zeros((2, 4000, 3), np.uint8), 90)
    assert picture.shape == (90, 16 * 90, 3)
    write_video(tmp_path / "wide.mp4", [picture], 24)
