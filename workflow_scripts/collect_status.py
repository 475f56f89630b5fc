"""Make the table of the corpus from the plan and the shards' summaries: videos.csv."""

from collections.abc import Sequence
from pathlib import Path

from signverse.logs import job_log
from signverse.status import write_status


def main(*, plan: Path, summaries: Sequence[str], table: Path) -> None:
    write_status(table, plan, summaries)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            plan=Path(snakemake.input.plan),
            summaries=snakemake.input.summaries,
            table=Path(snakemake.output.table),
        )
