"""Write the poses of a video in the published layout."""

from pathlib import Path

from signverse.errors import VideoError
from signverse.files import write_json
from signverse.logs import job_log
from signverse.outcomes import tombstone
from signverse.poses import load, save_tombstone
from signverse.released.writing import save_aggregated, save_frames


def main(*, video_id: str, poses: Path, per_frame: bool, path: Path) -> None:
    try:
        save = save_frames if per_frame else save_aggregated
        save(path, load(poses, video_id))
    except VideoError as error:
        if per_frame:
            write_json(path / "tombstone.json", tombstone(video_id, error))
        else:
            save_tombstone(path, video_id, error)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            poses=Path(snakemake.input.poses),
            per_frame=snakemake.params.per_frame,
            path=Path(snakemake.output.released),
        )
