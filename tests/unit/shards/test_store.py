"""The zip store: the same bytes as zarr's own, each chunk by its place."""

import asyncio
import pickle

import numpy as np
import pytest
import zarr
from packed_products import Products, some_poses
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.core.buffer import default_buffer_prototype

from signverse.poses import save
from signverse.shards.reading import Shard
from signverse.shards.store import StoredZip


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Products:
    """A packed shard whose last video has 480 detections."""
    products = Products(tmp_path_factory.mktemp("store"))
    save(products.product("poses", "two"), some_poses("two", (1,) * 480))
    products.pack()
    return products


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        (None, slice(None)),
        (RangeByteRequest(5, 25), slice(5, 25)),
        (OffsetByteRequest(7), slice(7, None)),
        (SuffixByteRequest(9), slice(-9, None)),
    ],
)
def test_a_range_of_a_member_is_read(products: Products, request_: object, place: slice) -> None:
    store = StoredZip(str(products.path))
    prototype = default_buffer_prototype()
    whole = asyncio.run(store.get("points/zarr.json", prototype))
    part = asyncio.run(store.get("points/zarr.json", prototype, request_))  # type: ignore[arg-type]
    assert whole is not None
    assert part is not None
    assert part.to_bytes() == whole.to_bytes()[place]
    assert asyncio.run(store.get("nothing", prototype)) is None


def test_a_store_refuses_to_write(products: Products) -> None:
    root = zarr.open_group(StoredZip(str(products.path)), mode="r")
    with pytest.raises(ValueError, match="read-only"):
        root["scores"][0] = 1


def test_our_store_and_zarrs_own_read_the_same(products: Products) -> None:
    ours = zarr.open_group(StoredZip(str(products.path)), mode="r")
    other = zarr.open_group(zarr.storage.ZipStore(products.path, mode="r"), mode="r")
    assert sorted(ours.array_keys()) == sorted(other.array_keys())
    for name in other.array_keys():
        np.testing.assert_array_equal(ours[name][...], other[name][...], name)


def test_a_store_opens_its_file_anew_in_another_process(products: Products) -> None:
    store = StoredZip(str(products.path))
    copy = pickle.loads(pickle.dumps(store))
    assert copy == store
    assert zarr.open_group(copy, mode="r").attrs["shard"] == "00000"
    copy.close()
    assert zarr.open_group(store, mode="r").attrs["shard"] == "00000"


def test_a_window_reads_its_chunks_and_not_the_file(
    products: Products, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard, read = Shard(str(products.path)), []
    shard.poses(3, 0, 1)
    original = StoredZip._read

    def counted(store: StoredZip, start: int, length: int) -> bytes:
        read.append(length)
        return original(store, start, length)

    monkeypatch.setattr(StoredZip, "_read", counted)
    shard.poses(3, 200, 210)
    assert len(read) <= 6
    assert sum(read) < products.path.stat().st_size / 2
