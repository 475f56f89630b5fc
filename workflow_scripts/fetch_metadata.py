"""Ask the platform once about a video: metadata.json, subtitles.json, download.json."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from signverse.acquisition import SCHEMA_VERSION, download_info, extract, fetch_subtitles
from signverse.acquisition import metadata as metadata_of
from signverse.files import write_json
from signverse.logs import job_log
from signverse.outcomes import product, tombstones_on_fault


def main(
    *, video_id: str, recipe: dict[str, Any], timeout_sec: float, retries: int,
    metadata: Path, subtitles: Path, download: Path,
) -> None:  # fmt: skip
    started = datetime.now(UTC)
    network = {"timeout_sec": timeout_sec, "retries": retries}
    with tombstones_on_fault(video_id, metadata, subtitles, download):
        info = extract(recipe["url"], max_height_px=recipe["max_height_px"], **network)
        tracks = fetch_subtitles(info, **network)
        facts = metadata_of(info, recipe["url"], started, datetime.now(UTC))
        write_json(subtitles, product(video_id, SCHEMA_VERSION, tracks=tracks))
        write_json(download, product(video_id, SCHEMA_VERSION, info=download_info(info)))
        write_json(metadata, product(video_id, SCHEMA_VERSION, **facts))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            recipe=snakemake.params.recipe,
            timeout_sec=snakemake.config["fetch_metadata"]["timeout_sec"],
            retries=snakemake.config["fetch_metadata"]["retries"],
            **{name: Path(path) for name, path in snakemake.output.items()},
        )
