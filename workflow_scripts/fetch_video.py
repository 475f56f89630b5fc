"""Download the chosen video stream, without sound: video.mp4."""

from pathlib import Path

from signverse.acquisition import fetch_stream
from signverse.files import atomic_path
from signverse.logs import job_log
from signverse.outcomes import read_product, tombstones_on_fault
from signverse.video import check_video, keep_only_video


def main(*, video_id: str, download: Path, timeout_sec: float, retries: int, video: Path) -> None:
    with tombstones_on_fault(video_id, video), atomic_path(video) as temporary:
        info = read_product(download)["info"]
        parts = video.with_name(f"{video.name}.parts")
        fetch_stream(info, temporary, parts, timeout_sec=timeout_sec, retries=retries)
        check_video(temporary)
        keep_only_video(temporary)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            download=Path(snakemake.input.download),
            timeout_sec=snakemake.config["fetch_video"]["timeout_sec"],
            retries=snakemake.config["fetch_video"]["retries"],
            video=Path(snakemake.output.video),
        )
