"""Pack the products of a shard's videos into {shard}.zarr.zip, with its summary."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signverse.logs import job_log
from signverse.shards.packing import Row, VideoFiles, pack_shard


def main(
    *, shard: str, rows: list[Row], metadata: Sequence[str], captions: Sequence[str],
    poses: Sequence[str], made_by: Mapping[str, Any], path: Path, summary: Path,
) -> None:  # fmt: skip
    products = map(VideoFiles, metadata, captions, poses)
    pack_shard(shard, rows, products, path=path, summary=summary, made_by=made_by)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            shard=snakemake.wildcards.shard,
            rows=snakemake.params.rows,
            metadata=snakemake.input.metadata,
            captions=snakemake.input.captions,
            poses=snakemake.input.poses,
            made_by=snakemake.params.made_by,
            path=Path(snakemake.output.shard),
            summary=Path(snakemake.output.summary),
        )
