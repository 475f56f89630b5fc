"""Download the chosen video stream, without sound: video.mp4."""

from pathlib import Path
from typing import Any

from signverse.acquisition import fetch_stream
from signverse.disk import check_free_space
from signverse.files import atomic_path
from signverse.logs import job_log
from signverse.outcomes import read_product, tombstones_on_fault
from signverse.traffic import Traffic, shared_traffic
from signverse.video import check_video, keep_only_video


def main(
    *, video_id: str, download: Path, traffic: Traffic, min_free_gb: float,
    network: dict[str, Any], video: Path,
) -> None:  # fmt: skip
    with tombstones_on_fault(video_id, video), atomic_path(video) as temporary:
        info = read_product(download)["info"]
        check_free_space(video.parent, min_free_gb)
        parts = video.with_name(f"{video.name}.parts")
        traffic.download(lambda: fetch_stream(info, temporary, parts, **network))
        check_video(temporary)
        keep_only_video(temporary)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            download=Path(snakemake.input.download),
            traffic=shared_traffic(snakemake.config["results"], snakemake.config["traffic"]),
            min_free_gb=snakemake.config["fetch_video"]["min_free_gb"],
            network={k: snakemake.config["fetch_video"][k] for k in ("timeout_sec", "retries")},
            video=Path(snakemake.output.video),
        )
