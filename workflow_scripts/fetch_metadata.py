"""Ask the platform once about a video: metadata.json, subtitles.json, download.json."""

from pathlib import Path
from typing import Any

from signverse.acquisition import SCHEMA_VERSION
from signverse.acquisition.client import Client
from signverse.acquisition.documents import fetch_documents
from signverse.files import write_json
from signverse.logs import job_log
from signverse.outcomes import product, tombstones_on_fault
from signverse.traffic import Traffic, shared_traffic


def main(
    *, video_id: str, recipe: dict[str, Any], platform: dict[str, Any], traffic: Traffic,
    metadata: Path, subtitles: Path, download: Path,
) -> None:  # fmt: skip
    paths = {"subtitles": subtitles, "download": download, "metadata": metadata}
    client = Client(platform)  # a wrong setting costs no turn
    with tombstones_on_fault(video_id, *paths.values()):
        documents = traffic.extraction(lambda: fetch_documents(client, recipe))
        for name, path in paths.items():
            write_json(path, product(video_id, SCHEMA_VERSION, **documents[name]))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            recipe=snakemake.params.recipe,
            platform=snakemake.config["platform"],
            traffic=shared_traffic(snakemake.config["results"], snakemake.config["traffic"]),
            **{name: Path(path) for name, path in snakemake.output.items()},
        )
