"""export_pose: from poses.npz to {video}.pose."""

from collections.abc import Callable
from pathlib import Path

from made_poses import made_poses
from pose_format import Pose

from signverse.errors import VideoError
from signverse.files import read_json
from signverse.poses import save, save_tombstone


def test_the_file_opens_with_the_library_of_its_format(
    main: Callable[..., None], tmp_path: Path
) -> None:
    save(tmp_path / "poses.npz", made_poses("-a"))
    out = tmp_path / "pose" / "-a.pose"
    main(video_id="-a", poses=tmp_path / "poses.npz", max_persons=2, path=out)
    assert Pose.read(out.read_bytes()).body.data.shape == (4, 2, 134, 2)


def test_a_lost_video_gives_a_tombstone(main: Callable[..., None], tmp_path: Path) -> None:
    save_tombstone(tmp_path / "poses.npz", "-a", VideoError("private", "Private video"))
    out = tmp_path / "-a.pose"
    main(video_id="-a", poses=tmp_path / "poses.npz", max_persons=None, path=out)
    assert read_json(out) == {"video_id": "-a", "status": "private", "reason": "Private video"}
