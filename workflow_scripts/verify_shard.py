"""Read a shard again and compare it with what it was packed from: {shard}.verified.json."""

from collections.abc import Sequence
from pathlib import Path

from signverse.files import write_json
from signverse.logs import job_log
from signverse.shards.packing import Row, VideoFiles
from signverse.shards.verification import verify_shard


def main(
    *, shard: Path, summary: Path, rows: list[Row], metadata: Sequence[str],
    captions: Sequence[str], poses: Sequence[str], report: Path,
) -> None:  # fmt: skip
    products = map(VideoFiles, metadata, captions, poses)
    write_json(report, verify_shard(shard, summary, rows, products))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            shard=Path(snakemake.input.shard),
            summary=Path(snakemake.input.summary),
            rows=snakemake.params.rows,
            metadata=snakemake.input.metadata,
            captions=snakemake.input.captions,
            poses=snakemake.input.poses,
            report=Path(snakemake.output.report),
        )
