# What all lanes share: the checked config, the manifest and who is in which shard.
# Functions, names, and what is looked at when a run starts or fails; no rules. Every job parses
# this: nothing slow here.
import os
import sys
from dataclasses import asdict

from snakemake.logging import logger

from signverse.digests import digest
from signverse.disk import check_free_space
from signverse.errors import InputError, MachineError, SignverseError
from signverse.estimators import uses_gpu
from signverse.exclusions import read_exclusions
from signverse.languages import spoken_languages
from signverse.manifest import read_manifest
from signverse.models import load_registry
from signverse.plan import check_plan, make_plan
from signverse.recipes import metadata_recipe, pose_recipe, preview_recipe, video_recipe
from signverse.settings import checked_config

try:
    config.update(checked_config(config))
    for folder in ("results", "logs", "benchmarks"):
        config[folder] = os.path.normpath(config[folder])  # as targets are spelt
    MODELS = load_registry(f"{workflow.basedir}/resources/models.yaml")
    POSE_RECIPE = pose_recipe(config["estimate_poses"])
    MANIFEST = read_manifest(config["manifest"])
    PLAN = make_plan(
        MANIFEST,
        config["pack_shard"]["videos_per_shard"],
        read_exclusions(config["exclude"]),
    )
    check_plan(f"{config['results']}/corpus/plan.csv", PLAN)
    PLAN.check_selection(**config["select"])
except InputError as error:
    # One plain line, which an exception would not give here.
    sys.exit(f"Error: {error}")

if workflow.is_main_process:
    for warning in MANIFEST.warnings:
        logger.warning(warning)

# Here and not in the profile, where `--resources gpu=4` would replace it. `--resources requests=8`
# wins over it.
workflow.global_resources.setdefault(
    "requests", config["traffic"]["max_concurrent_requests"]
)


onstart:
    # Before any job; not in a dry run, nor when nothing is to be fetched.
    coming = {job.rule.name for job in workflow.dag.needrun_jobs()}
    try:
        if coming & {"fetch_metadata", "fetch_video"}:
            # Here, for it is slow and jobs need not wait for it.
            from signverse.acquisition.client import check_platform

            check_platform(config["platform"])
        if "fetch_video" in coming:
            check_free_space(
                config["results"], config["fetch_video"]["min_free_gb"]
            )
    except SignverseError as error:
        sys.exit(f"Error: {error}")


onerror:
    # Every job that found the disk full has said so in its log: say it once where all can see it.
    try:
        check_free_space(config["results"], config["fetch_video"]["min_free_gb"])
    except MachineError as error:
        logger.error(f"No video is fetched now: {error}")


PREDECESSORS = PLAN.predecessors(config["fetch_video"]["window"])
PREVIEWS = PLAN.sampled(config["render_preview"]["every"])


wildcard_constraints:
    video=r"[A-Za-z0-9_-]+",
    shard=r"\d{5}",
    model="|".join(MODELS),


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


def returned_folders(wildcards):
    """Folders of excluded videos: one that is newer than their removal came back since."""
    folders = (f"{config['results']}/videos/{video}" for video in PLAN.excluded)
    return [folder for folder in folders if os.path.isdir(folder)]


def pose_networks():
    """Files of the networks that the estimator runs: the config's own, else fetched ones."""
    settings = config["estimate_poses"]
    if settings["estimator"] != "dwpose":
        return []
    return [
        settings["detector"] or "<results>/models/yolox_l.onnx",
        settings["pose"] or "<results>/models/dw-ll_ucoco_384.onnx",
    ]


def products_before(wildcards):
    """What must be finished before this video is fetched, so that few raw videos lie about.

    The products made from the raw video `window` places earlier in the shard. Not when
    single videos were asked for, which must not pull in their neighbours, nor when raw videos
    are kept anyway. Nor when this video has poses already: Snakemake does not look whether the
    params of a job have changed when any job above it, be it by an ancient edge, is to run.
    """
    before = PREDECESSORS.get(wildcards.video)
    if before is None or config["fetch_video"]["keep"] or single_videos_wanted():
        return []
    if os.path.exists(f"{config['results']}/videos/{wildcards.video}/poses.npz"):
        return []
    names = ["poses.npz", "preview.mp4"] if before in PREVIEWS else ["poses.npz"]
    return [f"<results>/videos/{before}/{name}" for name in names]


def single_videos_wanted():
    """Whether files of single videos were asked for, by name or by config."""
    prefixes = tuple(
        f"{config['results']}/{folder}/"
        for folder in (
            "videos",
            "exports/pose",
            "exports/released",
            "exports/released_frames",
        )
    )
    targets = [os.path.normpath(target) for target in workflow.dag_settings.targets]
    return bool(config["select"]["videos"]) or any(
        t.startswith(prefixes) for t in targets
    )


def wanted_exports(videos, shards):
    """Exports that are switched on, and those that must lose a video that was taken out."""
    per_frame = config["export_released"]["per_frame"]
    of_video = {
        "export_pose": "exports/pose/{}.pose",
        "export_released": (
            "exports/released_frames/{}/npz"
            if per_frame
            else "exports/released/{}/npz/poses.npz"
        ),
    }
    of_shard = {
        "export_hdf5": "exports/hdf5/{}.h5",
        "export_webdataset": "exports/webdataset/{}.tar",
    }
    wanted = [
        f"<results>/{path.format(name)}"
        for files, names in ((of_video, dict.fromkeys(videos)), (of_shard, shards))
        for rule, path in files.items()
        if config[rule]["enabled"]
        for name in names
    ]
    reduced = [s for s in shards if len(PLAN.active(s)) < len(PLAN.shards[s])]
    for path in (path.format(shard) for path in of_shard.values() for shard in reduced):
        if os.path.exists(f"{config['results']}/{path}"):
            wanted.append(f"<results>/{path}")
    return list(dict.fromkeys(wanted))


def wanted_files():
    """What is built by default: the selected videos and shards, else the whole corpus."""
    videos, shards = config["select"]["videos"], config["select"]["shards"]
    everything = not videos and not shards
    packed = list(PLAN.shards) if everything else shards
    previewed = {v for shard in packed for v in PLAN.active(shard)}.union(
        videos
    ) & PREVIEWS
    per_video = ("metadata.json", "captions.json", "poses.npz")
    wanted = [
        f"<results>/videos/{video}/{name}" for video in videos for name in per_video
    ]
    for video in sorted(previewed):
        wanted += [
            f"<results>/videos/{video}/preview.mp4",
            f"<results>/videos/{video}/preview.png",
        ]
    wanted += wanted_exports(
        [*videos, *(video for shard in packed for video in PLAN.active(shard))], packed
    )
    # The summary too, though it comes with the shard: `retry` removes it for a new shard.
    endings = ("zarr.zip", "json", "verified.json")
    wanted += [f"<results>/shards/{shard}.{end}" for shard in packed for end in endings]
    if packed:
        wanted.append("<results>/corpus/plan.csv")  # it keeps a reordered manifest out
    # Also when nobody is excluded: a list that has shrunk must be recorded.
    wanted.append("<results>/corpus/excluded.csv")
    return [*wanted, "<results>/corpus/videos.csv"] if everything else wanted
