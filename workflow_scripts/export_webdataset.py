"""Write a shard as a WebDataset tar."""

from collections.abc import Sequence
from pathlib import Path

from signverse.exports.videos import Files, Row, read_videos
from signverse.exports.webdataset import write_webdataset
from signverse.logs import job_log


def main(
    *, shard: str, rows: list[Row], metadata: Sequence[Path], captions: Sequence[Path],
    poses: Sequence[Path], path: Path,
) -> None:  # fmt: skip
    write_webdataset(path, shard, read_videos(rows, map(Files, metadata, captions, poses)))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            shard=snakemake.wildcards.shard,
            rows=snakemake.params.rows,
            metadata=[Path(file) for file in snakemake.input.metadata],
            captions=[Path(file) for file in snakemake.input.captions],
            poses=[Path(file) for file in snakemake.input.poses],
            path=Path(snakemake.output.file),
        )
