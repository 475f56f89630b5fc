"""Ask the platform once about a video: metadata.json, subtitles.json, download.json."""

from datetime import UTC, datetime
from pathlib import Path

import signverse.acquisition as acquisition
from signverse.files import write_json
from signverse.logs import job_log
from signverse.outcomes import product, tombstones_on_fault
from signverse.traffic import Traffic, shared_traffic


def main(
    *, video_id: str, recipe: dict, traffic: Traffic, network: dict,
    metadata: Path, subtitles: Path, download: Path,
) -> None:  # fmt: skip
    def ask() -> tuple:
        started = datetime.now(UTC)
        info = acquisition.extract(recipe["url"], max_height_px=recipe["max_height_px"], **network)
        return info, acquisition.fetch_subtitles(info, **network), started, datetime.now(UTC)

    with tombstones_on_fault(video_id, metadata, subtitles, download):
        info, tracks, *times = traffic.extraction(ask)
        facts = acquisition.metadata(info, recipe["url"], *times)
        kept, version = acquisition.download_info(info), acquisition.SCHEMA_VERSION
        write_json(subtitles, product(video_id, version, tracks=tracks))
        write_json(download, product(video_id, version, info=kept))
        write_json(metadata, product(video_id, version, **facts))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            recipe=snakemake.params.recipe,
            traffic=shared_traffic(snakemake.config["results"], snakemake.config["traffic"]),
            network={k: snakemake.config["fetch_metadata"][k] for k in ("timeout_sec", "retries")},
            **{name: Path(path) for name, path in snakemake.output.items()},
        )
