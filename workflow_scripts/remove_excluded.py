"""Remove everything that was made from excluded videos: excluded.csv says who they are."""

from collections.abc import Mapping
from pathlib import Path

from signverse.exclusions import write_exclusions
from signverse.logs import job_log
from signverse.products import remove_videos


def main(
    *, excluded: Mapping[str, str], results: Path, logs: Path, benchmarks: Path, record: Path
) -> None:
    remove_videos(excluded, results=results, logs=logs, benchmarks=benchmarks)
    write_exclusions(record, excluded)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            excluded=snakemake.params.excluded,
            **{name: Path(snakemake.config[name]) for name in ("results", "logs", "benchmarks")},
            record=Path(snakemake.output.record),
        )
