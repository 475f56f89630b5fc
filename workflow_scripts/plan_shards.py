"""Record which video is in which shard: plan.csv."""

from pathlib import Path

from signverse.logs import job_log
from signverse.manifest import read_manifest
from signverse.plan import make_plan, write_plan


def main(*, manifest: Path, videos_per_shard: int, plan: Path) -> None:
    write_plan(plan, make_plan(read_manifest(manifest), videos_per_shard, excluded={}))


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            manifest=Path(snakemake.input.manifest),
            videos_per_shard=snakemake.config["pack_shard"]["videos_per_shard"],
            plan=Path(snakemake.output.plan),
        )
