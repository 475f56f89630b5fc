"""Draw the skeletons beside and over the video: preview.mp4 and preview.png."""

from pathlib import Path

from signverse.errors import VideoError
from signverse.files import read_json
from signverse.logs import job_log
from signverse.outcomes import check_not_tombstone
from signverse.poses import load
from signverse.preview import preview_segments, write_cards, write_preview


def main(
    *, video_id: str, source: Path, poses: Path, captions: Path, length_sec: float,
    height_px: int, min_score: float, video: Path, sheet: Path,
) -> None:  # fmt: skip
    try:
        loaded = load(poses)
        check_not_tombstone(source)
        write_preview(
            source, loaded, preview_segments(read_json(captions)), video=video, sheet=sheet,
            length_sec=length_sec, height_px=height_px, min_score=min_score,
        )  # fmt: skip
    except VideoError as error:
        write_cards(video, sheet, video_id, error)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        recipe = {k: v for k, v in snakemake.params.recipe.items() if k != "version"}
        main(
            video_id=snakemake.wildcards.video,
            source=Path(snakemake.input.video),
            poses=Path(snakemake.input.poses),
            captions=Path(snakemake.input.captions),
            **recipe,
            video=Path(snakemake.output.video),
            sheet=Path(snakemake.output.sheet),
        )
