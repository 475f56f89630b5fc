"""Download the chosen video stream, without sound, and check it: video.mp4, video.json."""

from pathlib import Path

from signverse.acquisition import VIDEO_SCHEMA_VERSION
from signverse.acquisition.checks import finish_file
from signverse.acquisition.client import Client
from signverse.acquisition.streams import fetch_stream
from signverse.disk import check_free_space
from signverse.files import atomic_path, write_json
from signverse.logs import job_log
from signverse.outcomes import product, read_product, tombstones_on_fault
from signverse.traffic import Traffic, shared_traffic


def main(
    *, video_id: str, download: Path, platform: dict, traffic: Traffic,
    min_free_gb: float, video: Path, facts: Path,
) -> None:  # fmt: skip
    with tombstones_on_fault(video_id, video, facts), atomic_path(video) as temporary:
        info = read_product(download)["info"]
        check_free_space(video.parent, min_free_gb)
        client, parts = Client(platform), video.with_name(f"{video.name}.parts")
        stream = (client, info, temporary, parts)
        how = traffic.download(lambda: fetch_stream(*stream, ask=traffic.extraction))
        what = finish_file(temporary, info["duration"])
        write_json(facts, product(video_id, VIDEO_SCHEMA_VERSION, **how, **what))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            download=Path(snakemake.input.download),
            platform=snakemake.config["platform"],
            traffic=shared_traffic(snakemake.config["results"], snakemake.config["traffic"]),
            min_free_gb=snakemake.config["fetch_video"]["min_free_gb"],
            **{name: Path(path) for name, path in snakemake.output.items()},
        )
