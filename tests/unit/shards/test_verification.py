"""Verification: every kind of difference between a shard and its products is named."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from packed_products import ROWS, Products, some_poses

from signverse.errors import InputError, VideoError
from signverse.files import read_json, sha256, write_json
from signverse.poses import save, save_tombstone
from signverse.shards.packing import _zip_folder
from signverse.shards.verification import verify_shard


@pytest.fixture
def products(tmp_path: Path) -> Products:
    products = Products(tmp_path / "corpus")
    products.pack()
    return products


def verify(products: Products, rows: list[dict[str, str]] = ROWS) -> dict[str, Any]:
    files = [products.files(row["video_id"]) for row in rows if not row["excluded"]]
    return verify_shard(products.path, products.summary, rows, files)


def refused(products: Products, rows: list[dict[str, str]] = ROWS) -> str:
    with pytest.raises(InputError) as caught:
        verify(products, rows)
    name, _, message = str(caught.value).partition(": ")
    assert name == str(products.path)
    return message


def change(products: Products, edit: Callable[[zarr.Group], None]) -> None:
    """Edit a shard's arrays or attributes; its summary is made to fit."""
    folder = products.folder / "unpacked"
    shutil.unpack_archive(products.path, folder, "zip")
    edit(zarr.open_group(str(folder), mode="r+"))
    _zip_folder(folder, products.path)
    facts = {"sha256": sha256(products.path), "bytes": products.path.stat().st_size}
    write_json(products.summary, read_json(products.summary) | facts)


def put(name: str, place: Any, value: Any) -> Callable[[zarr.Group], None]:
    def edit(group: zarr.Group) -> None:
        group[name][place] = value

    return edit


def test_a_good_shard_is_reported_with_its_worst_errors(products: Products) -> None:
    report = verify(products)
    assert (report["shard"], report["frames"], report["detections"]) == ("00000", 5, 5)
    assert report["sha256"] == sha256(products.path)
    assert 0 < report["worst_coordinate_error"] <= 2.6e-5
    assert 0 < report["worst_score_error"] <= 0.005


def test_other_bytes_than_the_summary_says_are_refused(products: Products) -> None:
    data = bytearray(products.path.read_bytes())
    data[100] ^= 1
    products.path.write_bytes(data)
    assert refused(products).startswith("sha256 is ")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put("points", (4, 20, 0), 12345), "video 'two': face_keypoints differs by 0."),
        (put("points", (0, 135, 1), 99999), "video 'one': bboxes differs by "),
        (put("scores", (0, 3), 255), "video 'one': body_scores differs by 0."),
        (put("scores", (3, 134), 0), "video 'two': bbox_scores differs by "),
        (put("frame_times", 1, 9.0), "video 'one': frame_times differs"),
        (put("frame_indices", 4, 7), "video 'two': frame_indices differs"),
        (put("person_offsets", 1, 1), "video 'one': num_persons differs"),
        (put("person_offsets", 1, 9), "person_offsets does not lead through all of points"),
        (put("frame_offsets", 4, 4), "frame_offsets does not lead through all of frame_times"),
        (put("captions_offsets", 0, 1), "captions_offsets does not lead through all of captions"),
        (put("metadata", 30, ord("x")), "metadata of video 0 is no JSON"),
        (lambda group: group["scores"].resize((4, 135)), "scores has 4 rows, points 5"),
        (lambda group: group.attrs.update(shard="00009"), "is named '00009' inside"),
        (lambda group: group.attrs.update(parts={}), "parts are {}"),
        (lambda group: group.attrs.update(format_version=3), "{'format': 'signverse-shard', "),
    ],
)
def test_a_changed_shard_is_refused_with_what_differs(
    products: Products, edit: Callable[[zarr.Group], None], message: str
) -> None:
    change(products, edit)
    found = refused(products)
    if "is no JSON" in message:
        assert "metadata" in found
    else:
        assert found.startswith(message)


def test_a_table_that_says_otherwise_than_the_plan_is_refused(products: Products) -> None:
    rows = [row | {"sign_language": "bfi"} if row["video_id"] == "two" else row for row in ROWS]
    assert refused(products, rows) == ("video 'two': sign_language is 'jsl', expected 'bfi'")
    assert refused(products, ROWS[:3]) == "holds 4 videos, the plan 3"


def test_products_that_changed_after_packing_are_found(products: Products) -> None:
    path = products.product("captions", "one")
    path.write_text(json.dumps(read_json(path) | {"tracks": []}))
    assert refused(products) == "video 'one': captions differs"


def test_poses_that_changed_after_packing_are_found(products: Products) -> None:
    poses = some_poses("two", (1, 1), 1)
    save(products.product("poses", "two"), dataclasses.replace(poses, fps=30.0))
    assert refused(products) == "video 'two': fps is 24.0, expected 30.0"
    save(products.product("poses", "two"), some_poses("two", (1, 2), 1))
    assert refused(products) == "video 'two': num_persons differs"
    error = VideoError("undecodable", "no frame of the video can be decoded")
    save_tombstone(products.product("poses", "two"), "two", error)
    assert refused(products).startswith("video 'two': has no poses (undecodable)")


def test_a_score_that_vanished_is_found_however_small(products: Products) -> None:
    poses = some_poses("two", (1, 1), 1)
    scores = poses.body_scores.copy()
    scores[0, 0] = np.float32(0.001)
    save(products.product("poses", "two"), dataclasses.replace(poses, body_scores=scores))
    products.pack()
    verify(products)
    change(products, put("scores", (3, 0), 0))
    assert refused(products).startswith("video 'two': body_scores differs")
