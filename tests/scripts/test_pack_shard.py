"""pack_shard: from the products of some videos to {shard}.zarr.zip and {shard}.json."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signverse.errors import InputError, VideoError
from signverse.files import read_json, sha256, write_json
from signverse.outcomes import product, tombstone
from signverse.poses import PARTS, Person, Poses, PosesBuilder, save, save_tombstone
from signverse.shards.reading import Shard

GONE = VideoError("removed", "HTTP Error 404")
CAPTIONS = {
    "tracks": [
        {"language": "en", "kind": "manual", "segments": [{"text": "Hello."}, {"text": "Bye."}]},
        {"language": "es", "kind": "automatic", "segments": []},
    ]
}


def some_poses(video_id: str) -> Poses:
    """Three frames: nobody, one person, two persons; no hands."""
    random = np.random.default_rng(0)
    builder = PosesBuilder()
    for count in range(3):
        keypoints = {part: random.random((n, 2), np.float32) for part, n in PARTS.items()}
        scores = {part: np.full(n, "hand" not in part, np.float32) for part, n in PARTS.items()}
        person = Person(np.array([0, 0, 1, 1], np.float32), 0.5, keypoints, scores)
        builder.add(count / 24, [person] * count)
    facts: dict[str, Any] = {"fps": 24.0, "frame_width": 64, "frame_height": 48, "lost_frames": 0}
    return builder.build(video_id=video_id, estimator={"name": "by hand"}, **facts)


def write_good(folder: Path, video_id: str) -> None:
    write_json(folder / "metadata.json", product(video_id, 1, title="Signs", duration_sec=0.125))
    write_json(folder / "captions.json", product(video_id, 1, **CAPTIONS))
    save(folder / "poses.npz", some_poses(video_id))


def write_gone(folder: Path, video_id: str) -> None:
    for name in ("metadata.json", "captions.json"):
        write_json(folder / name, tombstone(video_id, GONE))
    save_tombstone(folder / "poses.npz", video_id, GONE)


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """The script's arguments for a good, an excluded and a lost video."""
    write_good(tmp_path / "good", "good")
    write_gone(tmp_path / "gone", "gone")
    excluded = {"good": "", "out": "asked for (2026-01-02)", "gone": ""}
    rows = [
        {"video_id": video, "label": "ASL", "sign_language": "ase", "excluded": why}
        for video, why in excluded.items()
    ]
    files = {"metadata": "metadata.json", "captions": "captions.json", "poses": "poses.npz"}
    return {
        "shard": "00003",
        "rows": rows,
        "made_by": {"code": "abc", "config": {}},
        "path": tmp_path / "shards" / "00003.zarr.zip",
        "summary": tmp_path / "shards" / "00003.json",
    } | {
        name: [str(tmp_path / video / file) for video in ("good", "gone")]
        for name, file in files.items()
    }


def test_the_shard_holds_every_video_in_its_order(
    main: Callable[..., None], given: dict[str, Any]
) -> None:
    main(**given)
    shard = Shard(str(given["path"]))
    assert [(v["video_id"], v["status"], v["reason"]) for v in shard.videos] == [
        ("good", "ok", ""),
        ("out", "excluded", "asked for (2026-01-02)"),
        ("gone", "removed", "HTTP Error 404"),
    ]
    assert shard.attributes["provenance"]["code"] == "abc"
    assert shard.document(0, "captions") == product("good", 1, **CAPTIONS)
    poses, expected = shard.poses(0), some_poses("good")
    assert poses.person_offsets.tolist() == [0, 0, 1, 3]
    np.testing.assert_allclose(poses.face_keypoints, expected.face_keypoints, atol=2.6e-5)


def test_the_summary_tells_of_the_file_and_of_each_video(
    main: Callable[..., None], given: dict[str, Any]
) -> None:
    main(**given)
    summary = read_json(given["summary"])
    assert (summary["shard"], summary["format"]) == ("00003", "signverse-shard")
    assert summary["sha256"] == sha256(given["path"])
    assert summary["bytes"] == given["path"].stat().st_size
    good, out, gone = summary["videos"]
    expected = {
        "video_id": "good",
        "status": "ok",
        "title": "Signs",
        "caption_tracks": "en:manual es:automatic",
        "segments": 2,
        "frames": 3,
        "frames_with_person": 2,
        "detections": 3,
        "detections_with_hand": 0,
        "estimator": "by hand",
    }
    assert good.items() >= expected.items()
    assert (out["status"], out["reason"]) == ("excluded", "asked for (2026-01-02)")
    assert (gone["status"], gone["metadata_status"]) == ("removed", "removed")


def test_packing_again_gives_the_same_bytes(
    main: Callable[..., None], given: dict[str, Any]
) -> None:
    main(**given)
    before = [given[name].read_bytes() for name in ("path", "summary")]
    main(**given)
    assert [given[name].read_bytes() for name in ("path", "summary")] == before


def test_a_product_of_another_video_is_named_and_no_shard_written(
    main: Callable[..., None], given: dict[str, Any], tmp_path: Path
) -> None:
    write_good(tmp_path / "good", "stranger")
    with pytest.raises(InputError, match=r"metadata\.json: belongs to video 'stranger'"):
        main(**given)
    assert list((tmp_path / "shards").iterdir()) == []
