"""Reading a shard: windows, documents, and files that are none."""

import dataclasses
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from packed_products import REMOVED, Products, captions_of, some_poses

from signverse.errors import InputError, VideoError
from signverse.poses import Poses, save
from signverse.shards.reading import Shard
from signverse.shards.store import StoredZip

COUNTS = (2, 0, 1, 3, 0, 0, 1, 1) * 60  # 480 detections in 480 frames: several chunks


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Products:
    """A packed shard whose last video is long."""
    products = Products(tmp_path_factory.mktemp("reading"))
    products.poses["two"] = some_poses("two", COUNTS)
    save(products.product("poses", "two"), products.poses["two"])
    products.pack()
    return products


@pytest.fixture
def shard(products: Products) -> Shard:
    return Shard(str(products.path))


@pytest.mark.parametrize(("number", "video_id"), [(0, "one"), (3, "two")])
def test_poses_come_back_with_their_types(
    shard: Shard, products: Products, number: int, video_id: str
) -> None:
    found, expected = shard.poses(number), products.poses[video_id]
    for item in dataclasses.fields(Poses):
        left, right = getattr(found, item.name), getattr(expected, item.name)
        if isinstance(right, np.ndarray):
            assert (left.dtype, left.shape) == (right.dtype, right.shape), item.name
            atol = 0.005 if item.name.endswith("scores") else 2.6e-5
            np.testing.assert_allclose(left, right, atol=atol, rtol=0, err_msg=item.name)
        else:
            assert (type(left), left) == (type(right), right), item.name


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 1), (100, 196), (470, None), (-3, None), (7, 3), (480, 999), (1, 2)]
)
def test_a_window_is_the_same_as_a_cut_of_the_whole(
    shard: Shard, start: int, stop: int | None
) -> None:
    whole, window = shard.poses(3), shard.poses(3, start, stop)
    times = whole.frame_times[start:stop]
    np.testing.assert_array_equal(window.frame_times, times)
    assert window.total_frames == len(times)
    first = range(len(COUNTS))[start:stop]
    for t, frame in enumerate(first):
        rows, there = window.persons(t), whole.persons(frame)
        for name in ("face_keypoints", "right_hand_scores", "bboxes"):
            found = getattr(window, name)[rows.start : rows.stop]
            np.testing.assert_array_equal(found, getattr(whole, name)[there.start : there.stop])


def test_documents_come_back_and_an_excluded_video_has_none(shard: Shard) -> None:
    assert shard.document(0, "captions") == captions_of("one")
    assert shard.document(2, "captions") is None


@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [(1, "removed", REMOVED.reason), (2, "excluded", "withdrawn")],
)
def test_reading_the_poses_of_a_tombstone_says_why_there_are_none(
    shard: Shard, number: int, status: str, reason: str
) -> None:
    with pytest.raises(VideoError) as caught:
        shard.poses(number)
    assert (caught.value.status, caught.value.reason) == (status, reason)


def test_what_is_no_shard_is_refused_by_name(products: Products, tmp_path: Path) -> None:
    path = tmp_path / "other.zarr.zip"
    for content in (b"", b"no zip", products.path.read_bytes()[:-200]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"other\.zarr\.zip: is no shard"):
            Shard(str(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("zarr.json", '{"zarr_format": 3, "node_type": "group"}')
    with pytest.raises(InputError, match=r"other\.zarr\.zip: .*'format': None"):
        Shard(str(path))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("points/c/0/0/0", bytes(10_000_000))  # a bomb
    with pytest.raises(InputError, match="its members are compressed"):
        Shard(str(path))
    with pytest.raises(InputError, match=r"gone\.zip: cannot be opened \(No such file"):
        Shard(str(tmp_path / "gone.zip"))


def test_a_damaged_chunk_is_named(products: Products, tmp_path: Path) -> None:
    path = tmp_path / "damaged.zarr.zip"
    shutil.copyfile(products.path, path)
    store = StoredZip(str(path))
    start = store._members["points/c/0/0/0"].header_offset + 200
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * 5000)
    with pytest.raises(InputError, match=r"damaged\.zarr\.zip: points cannot be read"):
        Shard(str(path)).poses(3)
