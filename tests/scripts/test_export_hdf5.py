"""export_hdf5: from the products of some videos to {shard}.h5."""

from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
from export_samples import shard_sample
from made_poses import made_poses

from signverse.errors import InputError
from signverse.poses import save


def test_the_file_holds_every_video(main: Callable[..., None], tmp_path: Path) -> None:
    sample = shard_sample(tmp_path / "videos")
    main(**sample.arguments, compression_level=9, path=tmp_path / "h" / "00003.h5")
    with h5py.File(tmp_path / "h" / "00003.h5") as file:
        assert file.attrs["shard"] == "00003"
        statuses = [video.attrs["status"] for video in file["videos"].values()]
        assert statuses == ["ok", "excluded", "removed"]
        assert file["videos/-good/body_keypoints"].compression_opts == 9


def test_a_product_of_another_video_is_named_and_nothing_written(
    main: Callable[..., None], tmp_path: Path
) -> None:
    sample = shard_sample(tmp_path / "videos")
    save(sample.folder / "-good" / "poses.npz", made_poses("stranger"))
    with pytest.raises(InputError, match=r"poses\.npz: belongs to video 'stranger'"):
        main(**sample.arguments, compression_level=4, path=tmp_path / "h" / "00003.h5")
    assert list((tmp_path / "h").iterdir()) == []
