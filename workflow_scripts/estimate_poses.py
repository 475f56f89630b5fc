"""Estimate the keypoints of every person in every frame: poses.npz."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signverse.errors import VideoError
from signverse.estimation import estimate_video
from signverse.logs import job_log
from signverse.outcomes import check_not_tombstone
from signverse.poses import save, save_tombstone


def main(
    *, video_id: str, video: Path, networks: Sequence[str], settings: Mapping[str, Any],
    shared: Path, poses: Path,
) -> None:  # fmt: skip
    try:
        check_not_tombstone(video)
        folders = {"shared": shared, "scratch": poses.parent}
        save(poses, estimate_video(video_id, video, settings, networks=networks, **folders))
    except VideoError as error:
        save_tombstone(poses, video_id, error)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            video=Path(snakemake.input.video),
            networks=list(snakemake.input.networks),
            shared=Path(snakemake.config["results"]) / "models",
            settings=snakemake.config["estimate_poses"],
            poses=Path(snakemake.output.poses),
        )
