"""Build the demo corpus with the real workflow and say where to look: `make demo`."""

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

from signverse.demo.corpus import write_demo
from signverse.demo.networks import write_networks
from signverse.demo.site import serve
from signverse.errors import SignverseError

FOLDER = Path("demo")
TABLE = ("video_id", "status", "frames", "frames_with_person", "segments", "reason")


def main() -> int:
    """Run the demo; return the workflow's exit code."""
    parser = argparse.ArgumentParser(prog="python -m signverse.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8717, help="port of the loopback site")
    parser.add_argument("--cores", type=int, default=2, help="processor cores for the workflow")
    parser.add_argument("--estimator", choices=["mediapipe", "dwpose"], default="mediapipe")
    options = parser.parse_args()
    try:
        write_demo(FOLDER, options.port)
        with serve(FOLDER / "site", options.port):
            code = run_workflow(options.cores, options.estimator)
    except SignverseError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    if code == 0:
        print(summary(FOLDER / "results"))
    return code


def run_workflow(cores: int, estimator: str) -> int:
    """Run Snakemake on the demo's config; dwpose with the stand-in networks, on the CPU.

    Without Snakemake's lock, which a killed run would leave: the port keeps a second demo out.
    """
    command = [sys.executable, "-m", "snakemake", "--configfile", "config/demo.yaml", "--nolock"]
    if estimator == "dwpose":
        networks = {key: str(path) for key, path in write_networks(FOLDER / "networks").items()}
        settings = {"estimator": "dwpose", "provider": "cpu", **networks}
        command += ["--config", f"estimate_poses={json.dumps(settings)}"]
    return subprocess.run([*command, "--cores", str(cores), "--quiet", "rules"]).returncode


def summary(results: Path) -> str:
    """A short table of what was built, and where to look."""
    with (results / "corpus" / "videos.csv").open(encoding="utf-8", newline="") as file:
        rows = [TABLE, *([row[name] for name in TABLE] for row in csv.DictReader(file))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(TABLE))]
    table = "\n".join("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in rows)
    return f"""
{table}

Look at
  {results}/videos/astronaut01/preview.png    ten frames with their captions
  {results}/videos/astronaut01/preview.mp4    skeleton, and skeleton over the video
  {results}/shards/00000.zarr.zip             the corpus: poses, captions, metadata
  {results}/corpus/videos.csv                 every video and how it went"""


if __name__ == "__main__":
    sys.exit(main())
