# From a manifest of public sign-language videos to a pose-native corpus.
#
#   fetch_metadata ─┬─ structure_captions ─────────────┬─ pack_shard ─┬─ collect_status
#                   └─ fetch_video ─ estimate_poses ───┤              └─ verify_shard
#                            └────────────┴─────────── render_preview (a sample)
#                          fetch_model ──┘
# Off by default, from the products of the videos: export_hdf5, _webdataset, _pose, _released
#
# snakemake --cores 8                                     the corpus of config/config.yaml
# snakemake --cores 8 results/videos/ID/poses.npz         one file of one video
# snakemake --cores 8 --config manifest=mine.csv          your own videos
from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


include: "rules/common.smk"  # config check, manifest, shard plan; no rules


pathvars:
    results=config["results"],
    logs=config["logs"],
    benchmarks=config["benchmarks"],


include: "rules/acquire.smk"  # lane 1: fetch_metadata, structure_captions, fetch_video
include: "rules/pose.smk"  # lane 2: fetch_model, estimate_poses, render_preview
include: "rules/release.smk"  # lane 3: pack_shard, verify_shard
include: "rules/export.smk"  # export_hdf5, export_webdataset, export_pose, export_released
include: "rules/corpus.smk"  # the whole: plan_shards, remove_excluded, collect_status


rule all:
    default_target: True
    input:
        wanted_files(),
