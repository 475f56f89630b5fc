"""export_webdataset: from the products of some videos to {shard}.tar."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from export_samples import shard_sample

from signverse.errors import InputError


def test_the_tar_holds_the_videos_with_poses(main: Callable[..., None], tmp_path: Path) -> None:
    main(**shard_sample(tmp_path / "videos").arguments, path=tmp_path / "w" / "00003.tar")
    with tarfile.open(tmp_path / "w" / "00003.tar") as archive:
        fields = ("captions.json", "entry.json", "metadata.json", "poses.npz")
        assert archive.getnames() == [f"-good.{field}" for field in fields]


def test_a_damaged_product_is_named_and_nothing_written(
    main: Callable[..., None], tmp_path: Path
) -> None:
    sample = shard_sample(tmp_path / "videos")
    (sample.folder / "-good" / "poses.npz").write_bytes(b"PK damaged")
    with pytest.raises(InputError, match=r"-good/poses\.npz: cannot be read as poses"):
        main(**sample.arguments, path=tmp_path / "w" / "00003.tar")
    assert list((tmp_path / "w").iterdir()) == []
