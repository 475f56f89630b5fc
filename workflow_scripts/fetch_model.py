"""Download a network of the registry, with a receipt of what was found: {model}.onnx, .json."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import signverse.models as models
from signverse.logs import job_log


def main(
    *,
    model: str,
    recipe: Mapping[str, Any],
    timeout_sec: float,
    retries: int,
    network: Path,
    receipt: Path,
) -> None:
    found = models.make_model(dict(recipe), model)
    models.fetch_model(found, network, receipt, timeout_sec=timeout_sec, retries=retries)


if "snakemake" in globals():
    with job_log(snakemake.log[0]):
        main(
            model=snakemake.wildcards.model,
            recipe=snakemake.params.recipe,
            timeout_sec=snakemake.config["fetch_model"]["timeout_sec"],
            retries=snakemake.config["fetch_model"]["retries"],
            network=Path(snakemake.output.network),
            receipt=Path(snakemake.output.receipt),
        )
