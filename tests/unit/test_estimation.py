import contextlib
import json
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

import signverse.estimation
from signverse.demo.networks import synthetic_frame, write_networks
from signverse.errors import InputError, VideoError
from signverse.estimation import estimate_video
from signverse.poses import PARTS, Person, Poses, array_names
from signverse.preview import write_video
from signverse.recipes import POSES_VERSION

SETTINGS = {
    "estimator": "mediapipe",
    "fps": 24,
    "threads": 2,
    "mediapipe": {"min_detection_confidence": 0.5, "min_tracking_confidence": 0.5},
}
DWPOSE: dict[str, Any] = {
    **{"estimator": "dwpose", "fps": 24, "threads": 2, "provider": "cpu", "batch_frames": 4},
    **{"detector_channels": "BGR", "pose_channels": "RGB", "resize_short_side": None},
    **{"min_detection_score": 0.3, "max_persons": None, "detect_every": 1},
}
REFERENCE = Path("tests", "unit", "reference", f"poses_v{POSES_VERSION}.json")
REFERENCE_FRAMES = (0, 5, 11)
# Other processors round otherwise, and points that the network only guesses react to that.
TOLERANCE, SURE = 5e-3, 0.5
NOSE, NECK, RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_EYE, LEFT_EYE = 0, 1, 2, 5, 14, 15


@pytest.fixture(scope="module")
def poses(astronaut: Path) -> Poses:
    """Poses of the shared clip."""
    return estimate_video("astronaut", astronaut, SETTINGS)


class BrightnessEstimator:
    """Finds one person with all scores at the brightness of the image; looks one image ahead."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []
        self.running = 0

    def describe(self) -> dict[str, Any]:
        return {"name": "brightness"}

    def estimate(self, images: Iterable[np.ndarray]) -> Iterator[list[Person]]:
        waiting: list[list[Person]] = []
        for image in images:
            self.seen.append(image.shape)
            waiting.append([self._person(float(image.mean()))])
            if len(waiting) > 1:
                yield waiting.pop(0)
        yield from waiting

    def _person(self, brightness: float) -> Person:
        keypoints = {part: np.zeros((size, 2), np.float32) for part, size in PARTS.items()}
        scores = {part: np.full(size, brightness, np.float32) for part, size in PARTS.items()}
        return Person(np.zeros(4, np.float32), brightness, keypoints, scores)


@pytest.fixture
def brightness(monkeypatch: pytest.MonkeyPatch) -> BrightnessEstimator:
    """An estimator that counts what it is given, in the place of a real one."""
    estimator = BrightnessEstimator()
    opened = contextlib.nullcontext(estimator)
    monkeypatch.setattr(signverse.estimation, "opened_estimator", lambda *given: opened)
    return estimator


def grey_clip(path: Path, count: int, rate: float) -> Path:
    write_video(path, (np.full((48, 64, 3), 20 * n, np.uint8) for n in range(count)), rate)
    return path


def test_a_person_is_found_in_every_frame(poses: Poses) -> None:
    assert (poses.video_id, poses.status, poses.reason) == ("astronaut", "ok", "")
    assert (poses.fps, poses.total_frames) == (24.0, 12)
    assert (poses.frame_width, poses.frame_height) == (480, 480)
    assert poses.frame_indices.tolist() == list(range(12))
    np.testing.assert_allclose(poses.frame_times, np.arange(12) / 25, atol=1e-6)
    assert poses.num_persons.tolist() == [1] * 12
    assert poses.person_offsets.tolist() == list(range(13))


def test_the_face_and_the_upper_body_lie_as_in_the_photograph(poses: Poses) -> None:
    x, y = poses.body_keypoints[..., 0], poses.body_keypoints[..., 1]
    assert (x[:, RIGHT_EYE] < x[:, NOSE]).all()
    assert (x[:, NOSE] < x[:, LEFT_EYE]).all()
    assert (x[:, RIGHT_SHOULDER] < x[:, NECK]).all()
    assert (x[:, NECK] < x[:, LEFT_SHOULDER]).all()
    assert (y[:, NOSE] < y[:, NECK]).all()
    assert (poses.body_scores[:, [NOSE, RIGHT_EYE, LEFT_EYE]] > 0.9).all()
    assert (poses.face_scores == 1).all()


def test_the_keypoints_of_the_face_agree_with_those_of_the_body(poses: Poses) -> None:
    right_eye = poses.face_keypoints[:, 36:42].mean(axis=1)
    left_eye = poses.face_keypoints[:, 42:48].mean(axis=1)
    np.testing.assert_allclose(right_eye, poses.body_keypoints[:, RIGHT_EYE], atol=0.03)
    np.testing.assert_allclose(left_eye, poses.body_keypoints[:, LEFT_EYE], atol=0.03)


def test_the_estimator_is_described_beside_the_poses(poses: Poses) -> None:
    found = json.loads(json.dumps(poses.estimator))
    assert found["name"] == "mediapipe"
    assert found["recipe"] == POSES_VERSION
    assert found["versions"]["mediapipe"].split(".")[:2] == ["0", "10"]
    assert found["settings"] == {"model_complexity": 1, **SETTINGS["mediapipe"]}
    assert len(found["models"]) == 6
    for name, digest in found["models"].items():
        assert name.endswith(".tflite")
        assert len(bytes.fromhex(digest)) == 32


def test_a_second_run_gives_the_same_arrays(astronaut: Path, poses: Poses) -> None:
    again = estimate_video("astronaut", astronaut, SETTINGS)
    for name in array_names():
        np.testing.assert_array_equal(getattr(again, name), getattr(poses, name), name)
    assert again.estimator == poses.estimator


def excerpt(poses: Poses) -> dict[str, Any]:
    """What the reference keeps of the poses."""
    frames = {
        str(t): {
            "body_keypoints": poses.body_keypoints[t].astype(float).round(4).tolist(),
            "body_scores": poses.body_scores[t].astype(float).round(4).tolist(),
            "face_keypoints": poses.face_keypoints[t].astype(float).round(4).tolist(),
        }
        for t in REFERENCE_FRAMES
    }
    return {"recipe": POSES_VERSION, "frames": frames}


def test_the_poses_are_those_of_the_reference(root: Path, tmp_path: Path, carphone: Path) -> None:
    poses = estimate_video("carphone", carphone, SETTINGS)
    candidate = tmp_path / REFERENCE.name
    candidate.write_text(json.dumps(excerpt(poses)) + "\n", encoding="utf-8")
    advice = (
        f"the poses are not those of {REFERENCE}. If results were meant to change, raise "
        f"POSES_VERSION in signverse/recipes.py and put {candidate} beside the old reference, "
        "named by the new version"
    )
    assert (root / REFERENCE).exists(), advice
    reference = json.loads((root / REFERENCE).read_text(encoding="utf-8"))
    found = json.loads(candidate.read_text(encoding="utf-8"))
    assert reference["recipe"] == POSES_VERSION, advice
    assert reference["frames"].keys() == found["frames"].keys()
    for t, frame in reference["frames"].items():
        sure = np.array(frame["body_scores"]) > SURE
        assert sure.sum() >= 8
        for name, values in frame.items():
            keep = sure if name.startswith("body") else slice(None)
            expected, rounded = np.array(values)[keep], np.array(found["frames"][t][name])[keep]
            np.testing.assert_allclose(
                rounded, expected, rtol=0, atol=TOLERANCE, err_msg=f"frame {t}, {name}: {advice}"
            )


def test_a_slow_video_is_estimated_once_per_frame(
    tmp_path: Path, brightness: BrightnessEstimator
) -> None:
    clip = grey_clip(tmp_path / "clip.mp4", 5, 12)
    poses = estimate_video("slow", clip, SETTINGS)
    assert brightness.seen == [(48, 64, 3)] * 5
    assert poses.total_frames == 10
    assert (poses.bbox_scores / 20).round().tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert poses.num_persons.tolist() == [1] * 10
    times = [0, 0, 1 / 12, 1 / 12, 2 / 12, 2 / 12, 3 / 12, 3 / 12, 4 / 12, 4 / 12]
    np.testing.assert_allclose(poses.frame_times, times, atol=1e-6)


def test_a_fast_video_is_estimated_on_the_grid_only(
    tmp_path: Path, brightness: BrightnessEstimator
) -> None:
    poses = estimate_video("fast", grey_clip(tmp_path / "clip.mp4", 10, 30), SETTINGS)
    assert len(brightness.seen) == 8
    assert (poses.bbox_scores / 20).round().tolist() == [0, 1, 2, 3, 5, 6, 7, 8]


@pytest.mark.parametrize(("fps", "total"), [(6, 3), (12.5, 6), (48, 20)])
def test_the_rate_of_the_settings_is_the_grid(
    tmp_path: Path, brightness: BrightnessEstimator, fps: float, total: int
) -> None:
    clip = grey_clip(tmp_path / "clip.mp4", 5, 12)
    poses = estimate_video("a", clip, SETTINGS | {"fps": fps})
    assert (poses.fps, poses.total_frames) == (fps, total)
    assert isinstance(poses.fps, float)
    assert poses.estimator == {"name": "brightness", "recipe": POSES_VERSION}


def test_a_picture_without_a_person_has_no_detections(tmp_path: Path) -> None:
    poses = estimate_video("empty", grey_clip(tmp_path / "clip.mp4", 2, 24), SETTINGS)
    assert poses.num_persons.tolist() == [0, 0]
    assert poses.body_keypoints.shape == (0, 18, 2)


def test_a_person_who_appears_later_is_found_then(tmp_path: Path, astronaut: Path) -> None:
    capture = cv2.VideoCapture(str(astronaut))
    found, picture = capture.read()
    capture.release()
    assert found
    person = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    clip = tmp_path / "clip.mp4"
    write_video(clip, [np.zeros_like(person)] * 2 + [person] * 2, 24)
    poses = estimate_video("late", clip, SETTINGS)
    assert poses.num_persons.tolist() == [0, 0, 1, 1]
    assert poses.person_offsets.tolist() == [0, 0, 0, 1, 2]


def test_a_file_that_is_no_video_is_the_fault_of_the_video(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text("<html>Not found</html>")
    with pytest.raises(VideoError, match="no readable video") as caught:
        estimate_video("a", path, SETTINGS)
    assert caught.value.status == "undecodable"


def test_a_network_that_is_not_there_is_named(astronaut: Path, tmp_path: Path) -> None:
    settings = {"estimator": "dwpose", "fps": 24, "provider": "cpu"}
    networks = [str(tmp_path / "a.onnx"), str(tmp_path / "b.onnx")]
    with pytest.raises(InputError, match=r"a\.onnx: cannot be read \(No such file"):
        estimate_video("a", astronaut, settings, networks=networks, shared=tmp_path)


# Bad videos, through DWPose with the stand-in networks


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return [str(path) for path in write_networks(tmp_path_factory.mktemp("networks")).values()]


def painted(width: int, height: int) -> np.ndarray:
    """A frame with one person in the middle, a third as wide and four fifths as high."""
    box = (width // 3, height // 10, 2 * width // 3, 9 * height // 10)
    return synthetic_frame(width, height, [box])


def write_sizes(path: Path, sizes: list[tuple[int, int]], each: int) -> Path:
    """One H.264 stream whose frames change their size; parameter sets are in the stream."""
    with av.open(str(path), "w", format="mpegts") as target:
        stream = target.add_stream("libx264", rate=24)
        (stream.width, stream.height), stream.pix_fmt = sizes[0], "yuv420p"
        for number, (width, height) in enumerate(sizes):
            encoder: Any = av.CodecContext.create("libx264", "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
            encoder.time_base, encoder.framerate = Fraction(1, 24), 24
            encoder.max_b_frames = 0
            frames = [av.VideoFrame.from_ndarray(painted(width, height))] * each + [None]
            for place, frame in enumerate(frames):
                if frame is not None:
                    frame.pts = number * each + place
                for packet in encoder.encode(frame):
                    packet.stream = stream
                    target.mux(packet)
    return path


def test_a_change_of_resolution_in_mid_stream_keeps_the_person_in_place(
    tmp_path: Path, networks: list[str]
) -> None:
    clip = write_sizes(tmp_path / "clip.ts", [(640, 360), (320, 240), (640, 360)], 5)
    poses = estimate_video("sizes", clip, DWPOSE, networks=networks, shared=tmp_path)
    assert (poses.frame_width, poses.frame_height) == (640, 360)
    assert poses.lost_frames == 0
    assert poses.num_persons.tolist() == [1] * 15
    expected = np.tile([1 / 3, 0.1, 2 / 3, 0.9], (15, 1))
    np.testing.assert_allclose(poses.bboxes, expected, atol=0.02)
    # On both sides of a change, the keypoints are at the same place of the person.
    small, large = poses.body_keypoints[7], poses.body_keypoints[3]
    np.testing.assert_allclose(small, large, atol=0.05)


def test_lost_frames_of_corrupt_packets_are_counted_and_the_others_estimated(
    tmp_path: Path, networks: list[str]
) -> None:
    clip = tmp_path / "clip.mp4"
    write_video(clip, [painted(320, 240)] * 24, 24)
    with av.open(str(clip)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(clip.read_bytes())
    for position, size in packets[10:13]:
        content[position : position + size] = bytes(size)
    clip.write_bytes(content)
    poses = estimate_video("corrupt", clip, DWPOSE, networks=networks, shared=tmp_path)
    assert poses.lost_frames == 3
    assert poses.total_frames == 24
    assert poses.num_persons.tolist() == [1] * 24


def test_frames_that_a_cut_file_lists_but_lacks_are_counted(
    tmp_path: Path, brightness: BrightnessEstimator
) -> None:
    rng = np.random.default_rng(0)
    clip = tmp_path / "clip.mp4"
    noise = [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(24)]
    write_video(clip, noise, 24)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    poses = estimate_video("cut", clip, SETTINGS)
    assert 8 <= len(brightness.seen) <= 20
    assert poses.lost_frames == 24 - len(brightness.seen)


def test_a_whole_video_has_lost_no_frame(poses: Poses) -> None:
    assert poses.lost_frames == 0


def test_a_video_of_which_nothing_decodes_is_a_fault_of_the_video(
    tmp_path: Path, networks: list[str]
) -> None:
    clip = tmp_path / "clip.mp4"
    write_video(clip, [painted(320, 240)] * 6, 24)
    content = clip.read_bytes()
    start = content.index(b"mdat") + 4
    clip.write_bytes(content[:start] + bytes(len(content) - start))
    with pytest.raises(VideoError, match="no frame of the video can be decoded") as caught:
        estimate_video("nothing", clip, DWPOSE, networks=networks, shared=tmp_path)
    assert caught.value.status == "undecodable"


def test_a_video_without_frames_is_a_fault_of_the_video(
    tmp_path: Path, networks: list[str]
) -> None:
    clip = tmp_path / "clip.mp4"
    with av.open(str(clip), "w") as target:
        stream = target.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        target.start_encoding()
    with pytest.raises(VideoError) as caught:
        estimate_video("empty", clip, DWPOSE, networks=networks, shared=tmp_path)
    assert caught.value.status in ("undecodable", "no_video_stream")


def test_a_video_of_one_pixel_is_estimated(tmp_path: Path, networks: list[str]) -> None:
    clip = tmp_path / "clip.mkv"
    with av.open(str(clip), "w") as target:
        stream = target.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 1, 1, "bgr0"
        for grey in (0, 90, 255):
            picture = np.full((1, 1, 3), grey, np.uint8)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        target.mux(stream.encode())
    poses = estimate_video("pixel", clip, DWPOSE, networks=networks, shared=tmp_path)
    assert (poses.frame_width, poses.frame_height, poses.total_frames) == (1, 1, 3)
    assert poses.num_persons.tolist() == [0, 0, 0]


def test_a_network_file_that_is_a_web_page_is_named(
    tmp_path: Path, networks: list[str], astronaut: Path
) -> None:
    page = tmp_path / "yolox_l.onnx"
    page.write_text("<!DOCTYPE html>\n<html><body>Sign in</body></html>")
    with pytest.raises(InputError, match=r"yolox_l\.onnx: is a text or a web page"):
        estimate_video("a", astronaut, DWPOSE, networks=[str(page), networks[1]], shared=tmp_path)
