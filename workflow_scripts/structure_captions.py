"""Turn subtitles.json into captions.json: clean segments per track, and which to read."""

from collections.abc import Sequence
from pathlib import Path

from signverse.captions.preference import preferred_tracks
from signverse.captions.tracks import SCHEMA_VERSION, structure_track
from signverse.files import write_json
from signverse.logs import job_log
from signverse.outcomes import product, read_product, tombstones_on_fault


def main(
    *, video_id: str, subtitles: Path, metadata: Path, spoken_languages: Sequence[str],
    captions: Path,
) -> None:  # fmt: skip
    with tombstones_on_fault(video_id, captions):
        duration_sec = read_product(metadata)["duration_sec"]
        raw = read_product(subtitles)["tracks"]
        tracks = [structure_track(track, duration_sec) for track in raw]
        preferred = preferred_tracks(tracks, spoken_languages)
        write_json(captions, product(video_id, SCHEMA_VERSION, tracks=tracks, preferred=preferred))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            video_id=snakemake.wildcards.video,
            subtitles=Path(snakemake.input.subtitles),
            metadata=Path(snakemake.input.metadata),
            spoken_languages=snakemake.params.spoken_languages,
            captions=Path(snakemake.output.captions),
        )
