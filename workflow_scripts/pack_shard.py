"""Pack the products of a shard's videos into {shard}.zarr.zip, with its summary."""

from collections.abc import Sequence
from pathlib import Path

from signverse.logs import job_log
from signverse.shards import Row, VideoFiles
from signverse.shards import pack_shard as pack


def main(
    *, shard: str, rows: list[Row], metadata: Sequence[str], captions: Sequence[str],
    poses: Sequence[str], path: Path, summary: Path,
) -> None:  # fmt: skip
    products = map(VideoFiles, metadata, captions, poses)
    pack(shard, rows, products, path=path, summary=summary)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            shard=snakemake.wildcards.shard,
            rows=snakemake.params.rows,
            metadata=snakemake.input.metadata,
            captions=snakemake.input.captions,
            poses=snakemake.input.poses,
            path=Path(snakemake.output.shard),
            summary=Path(snakemake.output.summary),
        )
