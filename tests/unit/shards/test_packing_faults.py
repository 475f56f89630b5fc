"""Packing: damaged products, strangers, killed processes; nothing half-written is left."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr
from packed_products import (
    REMOVED,
    ROWS,
    Products,
    captions_of,
    some_poses,
)

from signverse.errors import InputError
from signverse.files import read_json, write_json
from signverse.poses import save, save_tombstone


@pytest.fixture
def corpus(tmp_path: Path) -> Products:
    """Products that are not packed yet."""
    return Products(tmp_path / "corpus")


def opened(path: Path) -> zarr.Group:
    """The shard as a reader without this library opens it."""
    return zarr.open(zarr.storage.ZipStore(path, mode="r"), mode="r")


@pytest.mark.parametrize(
    ("field", "value"),
    [("face_keypoints", np.nan), ("bboxes", np.inf), ("feet_scores", np.nan), ("body_scores", -1)],
)
def test_a_pose_that_is_no_number_is_refused_by_file_and_field(
    corpus: Products, field: str, value: float
) -> None:
    poses = some_poses("two", (1, 1))
    spoilt = getattr(poses, field).copy()
    spoilt.flat[3] = value
    path = corpus.product("poses", "two")
    save(path, dataclasses.replace(poses, **{field: spoilt}))
    with pytest.raises(InputError) as caught:
        corpus.pack()
    assert str(caught.value).startswith(f"{path}: {field} holds NaN")
    assert corpus.left() == []


def change_owner(path: Path) -> None:
    if path.suffix == ".json":
        write_json(path, read_json(path) | {"video_id": "stranger"})
    else:
        save(path, some_poses("stranger", (1,)))


def tombstone_of_another(path: Path) -> None:
    if path.suffix == ".json":
        write_json(path, {"video_id": "stranger", "status": "removed", "reason": "x"})
    else:
        save_tombstone(path, "stranger", REMOVED)


@pytest.mark.parametrize("spoil", [change_owner, tombstone_of_another])
@pytest.mark.parametrize("kind", ["metadata", "captions", "poses"])
def test_a_product_of_another_video_is_refused(
    corpus: Products, kind: str, spoil: Callable[[Path], None]
) -> None:
    path = corpus.product(kind, "two")
    spoil(path)
    with pytest.raises(InputError) as caught:
        corpus.pack()
    assert str(caught.value) == f"{path}: belongs to video 'stranger', expected 'two'"
    assert corpus.left() == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b"\xff\xfe" + path.read_bytes()),
        lambda path: path.write_text("no product"),
        lambda path: path.write_text("[]"),
        lambda path: path.write_text("{}"),
        lambda path: path.write_text('{"video_id": "two"}'),
    ],
    ids=["missing", "empty", "cut", "not utf-8", "text", "list", "no fields", "no status"],
)
@pytest.mark.parametrize("kind", ["metadata", "captions", "poses"])
def test_a_damaged_product_is_refused_by_its_name_and_leaves_nothing(
    corpus: Products, kind: str, spoil: Callable[[Path], None]
) -> None:
    path = corpus.product(kind, "two")
    spoil(path)
    with pytest.raises(InputError) as caught:
        corpus.pack()
    assert str(caught.value).startswith(f"{path}: ")
    assert corpus.left() == []


def test_a_refusal_leaves_the_old_shard_and_its_summary(corpus: Products) -> None:
    corpus.pack()
    before = corpus.path.read_bytes(), corpus.summary.read_bytes()
    corpus.product("captions", "one").write_text("{")
    with pytest.raises(InputError):
        corpus.pack()
    assert (corpus.path.read_bytes(), corpus.summary.read_bytes()) == before
    assert corpus.left() == ["00000.json", "00000.zarr.zip"]


def test_a_killed_packing_leaves_no_shard_and_the_next_one_cleans_up(corpus: Products) -> None:
    captions = corpus.product("captions", "two")
    captions.unlink()
    os.mkfifo(captions)  # whoever reads it waits
    job = {
        "rows": ROWS,
        "files": [dataclasses.asdict(corpus.files(name)) for name in ("one", "gone", "two")],
        "path": str(corpus.path),
        "summary": str(corpus.summary),
    }
    code = (
        "import json, sys; from signverse.shards.packing import VideoFiles, pack_shard; "
        "job = json.loads(sys.argv[1]); "
        "pack_shard('00000', job['rows'], [VideoFiles(**f) for f in job['files']], "
        "path=job['path'], summary=job['summary'], made_by={})"
    )
    process = subprocess.Popen([sys.executable, "-c", code, json.dumps(job)])
    with captions.open("wb"):  # returns when the process has come to read it
        process.kill()
        process.wait()
    left = corpus.left()
    assert left
    assert all(name.startswith(".tmp.") for name in left)
    captions.unlink()
    write_json(captions, captions_of("two"))
    corpus.pack()
    assert corpus.left() == ["00000.json", "00000.zarr.zip"]
    assert len(opened(corpus.path).attrs["videos"]) == 4


def test_a_shard_of_excluded_videos_only_is_packed(corpus: Products) -> None:
    rows = [row | {"excluded": "withdrawn"} for row in ROWS]
    corpus.pack(rows)
    assert {video["status"] for video in read_json(corpus.summary)["videos"]} == {"excluded"}
    assert opened(corpus.path)["points"].shape == (0, 136, 2)
    assert opened(corpus.path)["frame_offsets"][:].tolist() == [0] * 5
