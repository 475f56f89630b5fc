"""Write a shard as one HDF5 file."""

from collections.abc import Sequence
from pathlib import Path

from signverse.exports.hdf5 import write_hdf5
from signverse.exports.videos import Files, Row, read_videos
from signverse.logs import job_log


def main(
    *, shard: str, rows: list[Row], metadata: Sequence[Path], captions: Sequence[Path],
    poses: Sequence[Path], compression_level: int, path: Path,
) -> None:  # fmt: skip
    videos = read_videos(rows, map(Files, metadata, captions, poses))
    write_hdf5(path, shard, videos, compression_level=compression_level)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            shard=snakemake.wildcards.shard,
            rows=snakemake.params.rows,
            metadata=[Path(file) for file in snakemake.input.metadata],
            captions=[Path(file) for file in snakemake.input.captions],
            poses=[Path(file) for file in snakemake.input.poses],
            compression_level=snakemake.params.compression_level,
            path=Path(snakemake.output.file),
        )
