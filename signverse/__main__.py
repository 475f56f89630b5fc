"""Look at a corpus and have lost videos tried again: `python -m signverse --help`."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from signverse.console import table, watch
from signverse.errors import SignverseError
from signverse.exclusions import read_exclusions
from signverse.manifest import read_manifest
from signverse.plan import Plan, make_plan
from signverse.progress import read_progress
from signverse.retries import check_reasons, check_unlocked, find_lost, remove_lost
from signverse.settings import read_config

DEFAULT = "config/config.yaml"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; SystemExit with one line when the input is wrong."""
    options = _parser().parse_args(arguments)
    try:
        config = read_config([DEFAULT, *options.configfile], options.config)
        options.command(_plan(config), config, options)
        sys.stdout.flush()
    except SignverseError as error:
        raise SystemExit(f"Error: {error}") from error
    except BrokenPipeError:  # `| head`; what Python would still flush has no reader either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m signverse", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--configfile", nargs="+", default=[], action="extend", metavar="FILE",
                        help=f"as for snakemake: what differs from {DEFAULT}")  # fmt: skip
    shared.add_argument("--config", nargs="+", default=[], action="extend", metavar="KEY=VALUE",
                        help="as for snakemake: single settings")  # fmt: skip
    status = commands.add_parser("status", parents=[shared], help="how far the corpus is")
    status.add_argument("--json", action="store_true", help="for programs")
    status.add_argument("--watch", type=_seconds, metavar="SECONDS", help="show it again and again")
    status.set_defaults(command=show_status)
    retry = commands.add_parser("retry", parents=[shared], help="have lost videos tried again")
    retry.add_argument("--reason", action="append", required=True, metavar="CLASS",
                       help="class of the losses, e.g. geo_blocked; may be repeated")  # fmt: skip
    retry.add_argument("--dry-run", "-n", action="store_true", help="list what would be removed")
    retry.set_defaults(command=retry_lost)
    return parser


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if (seconds := float(text)) > 0:
            return seconds
    raise argparse.ArgumentTypeError(f"found {text!r}; expected a number of seconds over 0")


def _plan(config: dict[str, Any]) -> Plan:
    plan = make_plan(
        read_manifest(config["manifest"]),
        config["pack_shard"]["videos_per_shard"],
        read_exclusions(config["exclude"]),
    )
    plan.check_selection(**config["select"])
    return plan


def show_status(plan: Plan, config: dict[str, Any], options: argparse.Namespace) -> None:
    """Print how far the corpus is, once or until it is finished."""
    read = partial(read_progress, plan, config)
    if options.json:
        print(json.dumps(read().document(), indent=1))
    elif options.watch:
        watch(read, options.watch)
    else:
        print(table(read()))


def retry_lost(plan: Plan, config: dict[str, Any], options: argparse.Namespace) -> None:
    """Remove the tombstones of some classes, or list what would be removed."""
    check_reasons(options.reason)
    if not options.dry_run:
        check_unlocked()
    results = Path(config["results"])
    lost = list(find_lost(results, plan, options.reason))
    for video in lost:
        print(f"{video.video_id}\t{video.status}\t{' '.join(path.name for path in video.files)}")
    if options.dry_run:
        print(f"Videos that would be tried again: {len(lost)}. Nothing was removed.")
    else:
        remove_lost(results, lost)
        print(f"Videos that the next run of Snakemake tries again: {len(lost)}.")


if __name__ == "__main__":
    main()
