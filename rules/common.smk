# What all lanes share: the checked config, the manifest and who is in which shard.
# Functions and names only, no rules. Every job parses this: nothing slow here.
import sys

from snakemake.logging import logger

from signverse.digests import digest
from signverse.errors import InputError
from signverse.estimators import check_estimator, uses_gpu
from signverse.manifest import read_manifest
from signverse.plan import check_plan, make_plan, read_exclusions
from signverse.recipes import metadata_recipe, pose_recipe, preview_recipe, video_recipe
from signverse.settings import checked_config

try:
    config.update(checked_config(config))
    check_estimator(config["estimate_poses"]["estimator"])
    MANIFEST = read_manifest(config["manifest"])
    PLAN = make_plan(
        MANIFEST,
        config["pack_shard"]["videos_per_shard"],
        read_exclusions(config["exclude"]),
    )
    check_plan(f"{config['results']}/corpus/plan.csv", PLAN)
    PLAN.check_selection(**config["select"])
except InputError as error:
    sys.exit(
        f"Error: {error}"
    )  # one plain line, which an exception here would not give

if workflow.is_main_process:
    for warning in MANIFEST.warnings:
        logger.warning(warning)

PREDECESSORS = PLAN.predecessors(config["fetch_video"]["window"])
PREVIEWS = PLAN.sampled(config["render_preview"]["every"])


wildcard_constraints:
    video=r"[A-Za-z0-9_-]+",
    shard=r"\d{5}",


def in_plan(lookup, name):
    """What the plan says of a video or shard; ends the run when it does not know it."""
    try:
        return lookup(name)
    except InputError as error:
        sys.exit(f"Error: {error}")


def video_address(wildcards):
    """Address of a video: its own, else by the template."""
    entry = in_plan(PLAN.entry, wildcards.video)
    return entry.url or config["fetch_metadata"]["url_template"].format(
        video_id=entry.video_id
    )


def shard_files(shard, name):
    """The product `name` of every active video of a shard."""
    return [f"<results>/videos/{video}/{name}" for video in in_plan(PLAN.active, shard)]


def products_before(wildcards):
    """What must be finished before this video is fetched, so that few raw videos lie about.

    The products made from the raw video `window` places earlier in the shard. Not when
    single videos were asked for, which must not pull in their neighbours, nor when raw videos
    are kept anyway.
    """
    before = PREDECESSORS.get(wildcards.video)
    if before is None or config["fetch_video"]["keep"] or single_videos_wanted():
        return []
    names = ["poses.npz", "preview.mp4"] if before in PREVIEWS else ["poses.npz"]
    return [f"<results>/videos/{before}/{name}" for name in names]


def single_videos_wanted():
    """Whether files of single videos were asked for, by name or by config."""
    prefix = f"{config['results']}/videos/"
    targets = workflow.dag_settings.targets
    return bool(config["select"]["videos"]) or any(
        t.startswith(prefix) for t in targets
    )


def wanted_files():
    """What is built by default: the selected videos or shards, else the whole corpus."""
    select = config["select"]
    if select["videos"]:
        names = ["metadata.json", "captions.json", "poses.npz"]
        return [
            f"<results>/videos/{v}/{name}" for v in select["videos"] for name in names
        ] + [
            f"<results>/videos/{v}/preview.mp4"
            for v in select["videos"]
            if v in PREVIEWS
        ]
    shards = select["shards"] or list(PLAN.shards)
    wanted = [f"<results>/shards/{shard}.zarr.zip" for shard in shards]
    wanted += [
        f"<results>/videos/{video}/preview.mp4"
        for shard in shards
        for video in PLAN.active(shard)
        if video in PREVIEWS
    ]
    return wanted if select["shards"] else [*wanted, "<results>/corpus/videos.csv"]
