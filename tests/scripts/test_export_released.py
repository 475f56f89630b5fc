"""export_released: from poses.npz to the published layout."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_poses import made_poses

from signverse.errors import VideoError
from signverse.files import read_json
from signverse.poses import load, save, save_tombstone


@pytest.mark.parametrize(("per_frame", "name"), [(False, "poses.npz"), (True, "npz")])
def test_the_result_is_read_back(
    per_frame: bool, name: str, main: Callable[..., None], tmp_path: Path
) -> None:
    save(tmp_path / "poses.npz", made_poses("-a"))
    out = tmp_path / "-a" / name
    main(video_id="-a", poses=tmp_path / "poses.npz", per_frame=per_frame, path=out)
    found = load(out, "-a")
    np.testing.assert_array_equal(found.right_hand_scores, made_poses().right_hand_scores)


@pytest.mark.parametrize("per_frame", [False, True])
def test_a_lost_video_gives_a_tombstone(
    per_frame: bool, main: Callable[..., None], tmp_path: Path
) -> None:
    save_tombstone(tmp_path / "poses.npz", "-a", VideoError("private", "Private video"))
    out = tmp_path / ("npz" if per_frame else "out.npz")
    main(video_id="-a", poses=tmp_path / "poses.npz", per_frame=per_frame, path=out)
    if per_frame:
        assert read_json(out / "tombstone.json")["status"] == "private"
    else:
        with pytest.raises(VideoError, match="private"):
            load(out, "-a")
