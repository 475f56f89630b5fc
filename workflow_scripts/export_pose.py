"""Write the poses of a video as a .pose file."""

from pathlib import Path

from signverse.errors import VideoError
from signverse.exports.pose_files import save_pose_file
from signverse.files import write_json
from signverse.logs import job_log
from signverse.outcomes import tombstone
from signverse.poses import load


def main(*, video_id: str, poses: Path, max_persons: int | None, path: Path) -> None:
    try:
        save_pose_file(path, load(poses, video_id), max_persons=max_persons)
    except VideoError as error:
        write_json(path, tombstone(video_id, error))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            poses=Path(snakemake.input.poses),
            max_persons=snakemake.params.max_persons,
            path=Path(snakemake.output.file),
        )
