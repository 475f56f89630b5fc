import dataclasses
import json
import os
import pickle
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signverse.errors import InputError, VideoError
from signverse.poses import (
    PARTS,
    Person,
    Poses,
    PosesBuilder,
    array_names,
    load,
    save,
    save_tombstone,
)

COUNTS = (2, 0, 1)  # persons in each frame
SHAPES = {
    "frame_indices": (np.int32, (3,)),
    "frame_times": (np.float32, (3,)),
    "num_persons": (np.int32, (3,)),
    "person_offsets": (np.int64, (4,)),
    "bboxes": (np.float32, (3, 4)),
    "bbox_scores": (np.float32, (3,)),
    "body_keypoints": (np.float32, (3, 18, 2)),
    "body_scores": (np.float32, (3, 18)),
    "face_keypoints": (np.float32, (3, 68, 2)),
    "face_scores": (np.float32, (3, 68)),
    "left_hand_keypoints": (np.float32, (3, 21, 2)),
    "left_hand_scores": (np.float32, (3, 21)),
    "right_hand_keypoints": (np.float32, (3, 21, 2)),
    "right_hand_scores": (np.float32, (3, 21)),
    "feet_keypoints": (np.float32, (3, 6, 2)),
    "feet_scores": (np.float32, (3, 6)),
}


def some_person(chance: np.random.Generator) -> Person:
    keypoints = {part: chance.random((size, 2), np.float32) for part, size in PARTS.items()}
    scores = {part: chance.random(size, np.float32) for part, size in PARTS.items()}
    return Person(chance.random(4, np.float32), float(chance.random()), keypoints, scores)


def some_poses(counts: tuple[int, ...] = COUNTS, seed: int = 0) -> Poses:
    chance = np.random.default_rng(seed)
    builder = PosesBuilder()
    for number, count in enumerate(counts):
        builder.add(number / 25, [some_person(chance) for _ in range(count)])
    return builder.build(
        video_id="vidéo 1",
        fps=24.0,
        frame_width=640,
        frame_height=360,
        lost_frames=2,
        estimator={"name": "some", "versions": {"some": "1"}, "recipe": 1},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of good poses."""
    path = tmp_path / "poses.npz"
    save(path, some_poses())
    return path


def rewrite(path: Path, **changes: Any) -> None:
    """Change fields of a file of poses, or leave out those that are None."""
    with np.load(path) as archive:
        members = {name: archive[name] for name in archive.files} | changes
    np.savez(path, **{name: value for name, value in members.items() if value is not None})


def assert_equal(found: Poses, expected: Poses) -> None:
    for item in dataclasses.fields(Poses):
        left, right = getattr(found, item.name), getattr(expected, item.name)
        if isinstance(right, np.ndarray):
            assert left.dtype == right.dtype, item.name
            np.testing.assert_array_equal(left, right, item.name)
        else:
            assert (type(left), left) == (type(right), right), item.name


def test_the_builder_makes_arrays_of_the_documented_types_and_shapes() -> None:
    poses = some_poses()
    assert {
        name: (getattr(poses, name).dtype.type, getattr(poses, name).shape) for name in SHAPES
    } == SHAPES
    assert array_names() == tuple(SHAPES)


def test_the_builder_keeps_every_person_in_order() -> None:
    chance = np.random.default_rng(0)
    persons = [some_person(chance) for _ in range(3)]
    poses = some_poses()
    assert poses.total_frames == 3
    assert poses.num_persons.tolist() == [2, 0, 1]
    assert poses.person_offsets.tolist() == [0, 2, 2, 3]
    assert poses.frame_indices.tolist() == [0, 1, 2]
    np.testing.assert_allclose(poses.frame_times, [0, 0.04, 0.08])
    assert [list(poses.persons(t)) for t in range(3)] == [[0, 1], [], [2]]
    for row, person in enumerate(persons):
        np.testing.assert_array_equal(poses.bboxes[row], person.bbox)
        assert poses.bbox_scores[row] == np.float32(person.bbox_score)
        for part in PARTS:
            np.testing.assert_array_equal(
                getattr(poses, f"{part}_keypoints")[row], person.keypoints[part]
            )
            np.testing.assert_array_equal(
                getattr(poses, f"{part}_scores")[row], person.scores[part]
            )


def test_good_poses_say_ok_and_no_reason() -> None:
    assert (some_poses().status, some_poses().reason) == ("ok", "")


def test_a_person_has_134_keypoints() -> None:
    assert PARTS == {"body": 18, "face": 68, "left_hand": 21, "right_hand": 21, "feet": 6}


@pytest.mark.parametrize("counts", [COUNTS, (1,), (0, 0), (), (3, 1, 0, 2)], ids=str)
def test_poses_come_back_as_they_were_saved(tmp_path: Path, counts: tuple[int, ...]) -> None:
    poses = some_poses(counts)
    save(tmp_path / "poses.npz", poses)
    assert_equal(load(tmp_path / "poses.npz"), poses)


@pytest.mark.parametrize("counts", [(), (0, 0)], ids=str)
def test_no_persons_leave_empty_arrays_of_full_shape(counts: tuple[int, ...]) -> None:
    poses = some_poses(counts)
    assert poses.body_keypoints.shape == (0, 18, 2)
    assert poses.bbox_scores.shape == (0,)
    assert poses.person_offsets.tolist() == [0] * (len(counts) + 1)
    assert all(frame["num_persons"] == 0 for frame in poses.frame_payloads)


def test_numpy_reads_every_member_with_its_defaults(path: Path) -> None:
    with np.load(path) as archive:
        members = {name: archive[name] for name in archive.files}
    assert set(members) == {item.name for item in dataclasses.fields(Poses)}
    assert all(member.dtype.kind in "iufU" for member in members.values())
    assert members["video_id"].item() == "vidéo 1"
    assert members["status"].item() == "ok"
    assert json.loads(members["estimator"].item())["versions"] == {"some": "1"}
    np.testing.assert_array_equal(members["bboxes"], some_poses().bboxes)


def test_the_same_poses_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    time.sleep(2.1)  # a zip file counts time in steps of two seconds
    again = tmp_path / "elsewhere" / "other.npz"
    save(again, load(path))
    assert again.read_bytes() == path.read_bytes()


def test_the_order_of_the_estimator_facts_does_not_change_the_bytes(
    path: Path, tmp_path: Path
) -> None:
    poses = some_poses()
    turned = dict(reversed(poses.estimator.items()))
    save(tmp_path / "other.npz", dataclasses.replace(poses, estimator=turned))
    assert (tmp_path / "other.npz").read_bytes() == path.read_bytes()


def test_other_poses_give_other_bytes(path: Path, tmp_path: Path) -> None:
    save(tmp_path / "other.npz", some_poses(seed=1))
    assert (tmp_path / "other.npz").read_bytes() != path.read_bytes()


def test_objects_cannot_be_saved_and_leave_nothing_behind(tmp_path: Path) -> None:
    poses = dataclasses.replace(some_poses(), bboxes=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        save(tmp_path / "poses.npz", poses)
    assert list(tmp_path.iterdir()) == []


def test_a_tombstone_says_why_there_are_no_poses(tmp_path: Path) -> None:
    path = tmp_path / "poses.npz"
    save_tombstone(path, "a", VideoError("private", "Das Video ist privat – 非公開"))
    with pytest.raises(VideoError) as caught:
        load(path)
    assert (caught.value.status, caught.value.reason) == (
        "private",
        "Das Video ist privat – 非公開",
    )
    with np.load(path) as archive:
        assert {name: archive[name].item() for name in archive.files} == {
            "video_id": "a",
            "status": "private",
            "reason": "Das Video ist privat – 非公開",
        }


def test_payloads_nest_the_persons_of_a_frame() -> None:
    poses = some_poses()
    payload = poses.frame_payloads[0]
    assert list(payload) == [
        "num_persons",
        "frame_width",
        "frame_height",
        "person_000",
        "person_001",
    ]
    assert (payload["num_persons"], payload["frame_width"], payload["frame_height"]) == (
        2,
        640,
        360,
    )
    assert set(payload["person_001"]) == {"bbox", "bbox_score"} | {
        f"{part}_{kind}" for part in PARTS for kind in ("keypoints", "scores")
    }
    np.testing.assert_array_equal(payload["person_001"]["bbox"], poses.bboxes[1])
    assert payload["person_001"]["bbox_score"] == poses.bbox_scores[1]
    for part in PARTS:
        for kind in ("keypoints", "scores"):
            np.testing.assert_array_equal(
                payload["person_001"][f"{part}_{kind}"], getattr(poses, f"{part}_{kind}")[1]
            )


def test_payloads_of_a_frame_without_persons_hold_its_size_only() -> None:
    assert some_poses().frame_payloads[1] == {
        "num_persons": 0,
        "frame_width": 640,
        "frame_height": 360,
    }


def test_payloads_have_a_length_and_an_order() -> None:
    payloads = some_poses().frame_payloads
    assert len(payloads) == 3
    assert [payload["num_persons"] for payload in payloads] == [2, 0, 1]


@pytest.mark.parametrize(("index", "same_as"), [(-1, 2), (-3, 0)])
def test_payloads_count_from_the_end(index: int, same_as: int) -> None:
    poses = some_poses()
    found, expected = poses.frame_payloads[index], poses.frame_payloads[same_as]
    assert found["num_persons"] == expected["num_persons"]
    np.testing.assert_array_equal(
        found["person_000"]["face_keypoints"], expected["person_000"]["face_keypoints"]
    )


@pytest.mark.parametrize("index", [3, 100, -4])
def test_a_frame_that_is_not_there_is_an_index_error(index: int) -> None:
    with pytest.raises(IndexError, match=f"frame {index} of 3"):
        some_poses().frame_payloads[index]


def test_poses_without_frames_have_no_payloads() -> None:
    payloads = some_poses(()).frame_payloads
    assert list(payloads) == []
    with pytest.raises(IndexError, match="frame 0 of 0"):
        payloads[0]


@pytest.mark.parametrize("name", [item.name for item in dataclasses.fields(Poses)])
def test_a_missing_field_is_named(path: Path, name: str) -> None:
    rewrite(path, **{name: None})
    with pytest.raises(InputError, match=rf"poses\.npz: .*{name}") as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"frame_times": np.zeros(2, np.float32)},
            r"frame_times has shape \(2,\), expected \(3,\)",
        ),
        ({"bboxes": np.zeros((3, 5), np.float32)}, r"bboxes has shape \(3, 5\), expected \(3, 4\)"),
        (
            {"body_keypoints": np.zeros((3, 17, 2), np.float32)},
            r"body_keypoints has shape \(3, 17, 2\), expected \(3, 18, 2\)",
        ),
        (
            {"face_scores": np.zeros((4, 68), np.float32)},
            r"face_scores has shape \(4, 68\), expected \(3, 68\)",
        ),
        ({"person_offsets": np.array([0, 2, 3])}, r"person_offsets has shape \(3,\), expected"),
        ({"person_offsets": np.array([0, 1, 2, 3])}, "do not agree"),
        ({"num_persons": np.array([1, 0, 1], np.int32)}, "do not agree"),
        (
            {"num_persons": np.array([2, 0, 2]), "person_offsets": np.array([0, 2, 2, 4])},
            "do not agree",
        ),
        ({"frame_indices": np.zeros((3, 1), np.int32)}, "frame_indices"),
        ({"frame_indices": np.int32(3)}, "frame_indices"),
        ({"frame_times": np.float32(3)}, "frame_times"),
        ({"bboxes": np.float32(3)}, "bboxes"),
        ({"fps": np.array([24.0])}, "fps"),
        ({"total_frames": np.int64(4)}, "total_frames"),
        ({"estimator": np.array("{")}, "estimator"),
        ({"estimator": np.zeros(2)}, "estimator"),
        ({"face_keypoints": np.full((3, 68, 2), "x")}, "face_keypoints"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_fields_that_do_not_fit_are_refused(
    path: Path, changes: dict[str, Any], message: str
) -> None:
    rewrite(path, **changes)
    with pytest.raises(InputError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


def array_file(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def zip_of_text(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")


def flipped_member(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("frame_times.npy").header_offset
    data = bytearray(path.read_bytes())
    inside = slice(start + 70, start + 90)
    data[inside] = bytes(byte ^ 255 for byte in data[inside])
    path.write_bytes(data)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("these are no poses"),
        lambda path: path.write_text('{"video_id": "a", "status": "private", "reason": "x"}'),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes()[100:]),
        flipped_member,
        array_file,
        zip_of_text,
    ],
    ids=[
        *("missing", "empty", "text", "json", "half", "one byte short", "beheaded"),
        *("flipped bits", "one array", "other zip"),
    ],
)
def test_a_damaged_file_is_refused_by_its_name(path: Path, spoil: Any) -> None:
    spoil(path)
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")


class MakesFolder:
    """What runs code when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("name", ["bboxes", "video_id", "estimator", "something_else"])
def test_a_pickle_inside_is_refused_and_not_run(path: Path, tmp_path: Path, name: str) -> None:
    trap = tmp_path / "trap"
    rewrite(path, **{name: np.array([MakesFolder(trap)], dtype=object)})
    with pytest.raises(InputError, match="cannot be read as poses") as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert not trap.exists()
    with np.load(path, allow_pickle=True) as archive:
        archive[name]
    assert trap.is_dir()


def test_a_bare_pickle_is_refused_and_not_run(path: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    path.write_bytes(pickle.dumps(MakesFolder(trap)))
    with pytest.raises(InputError, match="cannot be read as poses"):
        load(path)
    assert not trap.exists()
