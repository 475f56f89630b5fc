import dataclasses
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_poses import (
    COUNTS,
    made_poses,
    published_payload,
    write_published,
    write_published_frames,
)

from signverse.errors import InputError
from signverse.poses import array_names, load
from signverse.released.reading import is_released, read_members


class Attack:
    def __reduce__(self) -> tuple:
        return (Path.touch, (Path("ran.txt"),))


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return write_published(tmp_path / "poses.npz", made_poses())


def test_a_published_file_is_told_from_our_own(published: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", video_id="a")
    (tmp_path / "text.npz").write_text("text")
    assert is_released(published)
    assert is_released(write_published_frames(tmp_path / "npz", made_poses()))
    assert not any(is_released(tmp_path / name) for name in ("own.npz", "text.npz", "none.npz"))


@pytest.mark.parametrize("layout", ["aggregated", "frames"])
def test_hands_are_repaired_on_request(layout: str, tmp_path: Path) -> None:
    poses = made_poses()
    if layout == "aggregated":
        path = write_published(tmp_path / "poses.npz", poses)
    else:
        path = write_published_frames(tmp_path / "-video" / "npz", poses)
    mixed, repaired = load(path, "-video"), load(path, "-video", repair_hands=True)
    for side in ("left", "right"):
        for kind in ("keypoints", "scores"):
            name = f"{side}_hand_{kind}"
            np.testing.assert_array_equal(getattr(repaired, name), getattr(poses, name))
            assert not np.array_equal(getattr(mixed, name), getattr(poses, name))
            alone = poses.persons(2)[0]  # one person in view: never mixed up
            np.testing.assert_array_equal(getattr(mixed, name)[alone], getattr(poses, name)[alone])
    assert mixed.estimator["hands"] == "mixed up where several persons are in view"
    assert repaired.estimator["hands"] == "repaired"


def test_frames_and_keypoints_come_as_they_are(published: Path) -> None:
    poses, found = made_poses(), load(published)
    assert found.num_persons.tolist() == list(COUNTS)
    assert (found.frame_width, found.frame_height, found.fps) == (640, 480, 24.0)
    assert found.frame_indices.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(found.frame_times, poses.frame_times)
    for name in ("body_keypoints", "face_keypoints", "face_scores"):
        np.testing.assert_array_equal(getattr(found, name), getattr(poses, name))
    for name in array_names():
        assert getattr(found, name).dtype == getattr(poses, name).dtype, name


def test_confidences_of_the_body_are_unknown_where_indices_stand_for_them(published: Path) -> None:
    poses, found = made_poses(), load(published)
    visible = poses.body_scores > 0.3
    assert np.isnan(found.body_scores[visible]).all()
    assert (found.body_scores[~visible] == 0).all()
    assert np.isnan(found.bbox_scores).all()
    assert not found.feet_scores.any()
    assert not found.feet_keypoints.any()
    assert found.estimator["unknown"][0] == "body_scores"


def test_true_scores_of_the_body_are_kept(tmp_path: Path) -> None:
    poses = made_poses(counts=(1,))
    payload = published_payload(poses, 0) | {"person_000_body_scores": poses.body_scores[0]}
    payloads = np.asarray([payload], dtype=object)
    found = load(write_published(tmp_path / "p.npz", poses, frame_payloads=payloads))
    np.testing.assert_array_equal(found.body_scores, poses.body_scores)


def test_the_box_is_drawn_around_the_visible_joints(published: Path) -> None:
    poses, found = made_poses(), load(published)
    seen = poses.body_keypoints[0][poses.body_scores[0] > 0.3]
    np.testing.assert_array_equal(found.bboxes[0], [*seen.min(0), *seen.max(0)])


def test_points_that_were_not_found_are_zero(tmp_path: Path) -> None:
    poses = made_poses(counts=(1,))
    scores = poses.left_hand_scores.copy()
    scores[0, 4] = -0.1
    poses = dataclasses.replace(poses, left_hand_scores=scores)
    found = load(write_published(tmp_path / "p.npz", poses))
    assert found.left_hand_scores[0, 4] == 0
    assert found.left_hand_keypoints[0, 4].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("indices", "expected"),
    [([], [0, 1, 2, 3]), ([1, 1, 2, 2, 3, 3, 4, 4], [0, 1, 2, 3]), ([1, 3, 5, 7], [0, 2, 4, 6])],
    ids=["left out", "doubled", "strided"],
)
def test_frames_are_numbered_whatever_mode_wrote_them(
    indices: list[int], expected: list[int], tmp_path: Path
) -> None:
    path = write_published(tmp_path / "p.npz", made_poses(), frame_indices=np.array(indices, int))
    found = load(path)
    assert found.frame_indices.tolist() == expected
    np.testing.assert_allclose(found.frame_times, np.array(expected) / 24)


def frames_with(**changed: Any) -> np.ndarray:
    """Payloads of one frame with one person, some keys of which are replaced or, by None, gone."""
    payload = published_payload(made_poses(counts=(1,)), 0) | changed
    kept = {key: value for key, value in payload.items() if value is not None}
    return np.asarray([kept], dtype=object)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"frame_indices": np.array([1, 2])}, "do not number the 1 frames"),
        ({"frame_indices": np.array([0])}, "do not number the 1 frames"),
        ({"fps": np.asarray(0)}, "fps is 0"),
        ({"fps": np.asarray(np.nan)}, "fps is nan"),
        ({"frame_payloads": np.empty(0, dtype=object)}, "holds no frames"),
        ({"frame_payloads": np.arange(3)}, "expected a row of objects"),
        ({"frame_payloads": np.asarray([{}], dtype=object)}, "'num_persons' is missing"),
        ({"frame_payloads": frames_with(num_persons=np.int32(2))}, "'person_001_body_key.*missing"),
        ({"frame_payloads": frames_with(num_persons=np.int32(-1))}, "num_persons is -1"),
        ({"frame_payloads": frames_with(num_persons=np.int64(2**40))}, "num_persons is 109"),
        ({"frame_payloads": frames_with(person_000_face_scores=None)}, "face_scores' is missing"),
        ({"frame_payloads": frames_with(person_000_face_scores=np.zeros(67))}, r"shape \(67,\)"),
        ({"frame_payloads": frames_with(person_000_face_scores=np.full(68, np.nan))}, "finite"),
        ({"frame_times": np.zeros(3, np.float32)}, "frame_times has shape"),
        ({"frame_payloads": np.asarray([Attack()], dtype=object)}, "pathlib.*not allowed"),
        ({"video_id": np.asarray([Attack()], dtype=object)}, "cannot be read as published"),
    ],
)
def test_a_damaged_file_is_refused_by_name(
    changed: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_published(tmp_path / "bad.npz", made_poses(counts=(1,)), **changed)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(InputError, match=rf"bad\.npz: .*{message}"):
        load(path)
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_frame_that_is_pickled_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_published_frames(tmp_path / "npz", made_poses())
    np.savez(folder / "00000002.npz", allow_pickle=True, num_persons=np.array([Attack()], object))
    with pytest.raises(InputError, match="npz: cannot be read"):
        load(folder)
    assert not (tmp_path / "ran.txt").exists()


@pytest.mark.parametrize("name", ["poses.npy", "poses.npz", "poses.pkl"])
def test_a_bare_pickle_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with (tmp_path / name).open("wb") as file:
        if name.endswith(".npy"):
            np.save(file, np.asarray([Attack()], dtype=object), allow_pickle=True)
        else:
            pickle.dump(Attack(), file)
    with pytest.raises(InputError, match=f"{name}: cannot be read as poses"):
        load(tmp_path / name)
    assert not (tmp_path / "ran.txt").exists()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("video_id.npy", bytes(80_000_000))
        archive.writestr("frame_payloads.npy", b"")
    with pytest.raises(InputError, match="would unpack to 80000000, more than poses can"):
        load(tmp_path / "bomb.npz")


def test_a_file_cut_short_is_refused(published: Path, tmp_path: Path) -> None:
    whole = published.read_bytes()
    for share in (0.2, 0.9):
        (tmp_path / "cut.npz").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(InputError, match=r"cut\.npz"):
            load(tmp_path / "cut.npz")


def test_a_folder_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no frames; files like 00000001\.npz are expected"):
        load(tmp_path)


def test_the_folder_names_the_video(tmp_path: Path) -> None:
    for folder in (tmp_path / "-a" / "npz", tmp_path / "b"):
        write_published_frames(folder, made_poses())
    assert load(tmp_path / "-a" / "npz").video_id == "-a"
    assert load(tmp_path / "b").video_id == "b"
    with pytest.raises(InputError, match="belongs to video 'b', expected 'c'"):
        load(tmp_path / "b", "c")


def test_the_origin_is_recorded_as_json(published: Path) -> None:
    assert json.loads(str(read_members(published, repair_hands=True)["estimator"])) == {
        "name": "published",
        "hands": "repaired",
        "unknown": ["body_scores", "bbox_scores", "feet_keypoints", "lost_frames"],
    }
