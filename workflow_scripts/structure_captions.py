"""Turn subtitles.json into captions.json: clean, timed segments per track."""

from pathlib import Path

from signverse.captions import SCHEMA_VERSION, structure_track
from signverse.files import write_json
from signverse.logs import job_log
from signverse.outcomes import product, read_product, tombstones_on_fault


def main(*, video_id: str, subtitles: Path, captions: Path) -> None:
    with tombstones_on_fault(video_id, captions):
        tracks = [structure_track(track) for track in read_product(subtitles)["tracks"]]
        write_json(captions, product(video_id, SCHEMA_VERSION, tracks=tracks))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            subtitles=Path(snakemake.input.subtitles),
            captions=Path(snakemake.output.captions),
        )
