"""Download the chosen video stream, without sound, and check it: video.mp4, video.json."""

from pathlib import Path
from typing import Any

from signverse.acquisition import VIDEO_SCHEMA_VERSION
from signverse.acquisition.checks import file_facts
from signverse.acquisition.client import Client
from signverse.acquisition.streams import fetch_stream
from signverse.files import atomic_path, write_json
from signverse.logs import job_log
from signverse.outcomes import product, read_product, tombstones_on_fault
from signverse.video import check_video, keep_only_video


def main(
    *, video_id: str, download: Path, platform: dict[str, Any], video: Path, facts: Path
) -> None:
    with tombstones_on_fault(video_id, video, facts), atomic_path(video) as temporary:
        info = read_product(download)["info"]
        parts = video.with_name(f"{video.name}.parts")
        done = fetch_stream(Client(platform), info, temporary, parts)
        check_video(temporary)
        keep_only_video(temporary)
        how = {"format_id": done.format_id, "refreshed": done.refreshed}
        what = file_facts(temporary, info["duration"])
        write_json(facts, product(video_id, VIDEO_SCHEMA_VERSION, **how, **what))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            download=Path(snakemake.input.download),
            platform=snakemake.config["platform"],
            video=Path(snakemake.output.video),
            facts=Path(snakemake.output.facts),
        )
