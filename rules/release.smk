# Lane 3, release: everything about up to N videos in one file, and its verification.
# Needs:  <results>/videos/{video}/metadata.json, captions.json, poses.npz of a shard's videos,
#         <results>/corpus/plan.csv
# Makes:  <results>/shards/{shard}.zarr.zip, {shard}.json, {shard}.verified.json
# Config: pack_shard


rule pack_shard:
    """Pack poses, metadata and captions of a shard's videos into one Zarr file."""
    input:
        plan=ancient("<results>/corpus/plan.csv"),
        metadata=lambda wildcards: shard_files(wildcards.shard, "metadata.json"),
        captions=lambda wildcards: shard_files(wildcards.shard, "captions.json"),
        poses=lambda wildcards: shard_files(wildcards.shard, "poses.npz"),
    output:
        shard="<results>/shards/{shard}.zarr.zip",
        summary="<results>/shards/{shard}.json",
    log:
        "<logs>/pack_shard/{shard}.log",
    benchmark:
        "<benchmarks>/pack_shard/{shard}.tsv"
    conda:
        "../envs/release.yaml"
    params:
        rows=lambda wildcards: PLAN.shard_rows(wildcards.shard),
        made_by={
            "code": digest("workflow_scripts.pack_shard"),
            "config": {"estimate_poses": POSE_RECIPE},
        },
        code=digest("workflow_scripts.pack_shard"),
    script:
        "../workflow_scripts/pack_shard.py"


rule verify_shard:
    """Read a shard as a stranger would and compare it with the products it was packed from."""
    input:
        shard="<results>/shards/{shard}.zarr.zip",
        summary="<results>/shards/{shard}.json",
        metadata=lambda wildcards: shard_files(wildcards.shard, "metadata.json"),
        captions=lambda wildcards: shard_files(wildcards.shard, "captions.json"),
        poses=lambda wildcards: shard_files(wildcards.shard, "poses.npz"),
    output:
        report="<results>/shards/{shard}.verified.json",
    log:
        "<logs>/verify_shard/{shard}.log",
    benchmark:
        "<benchmarks>/verify_shard/{shard}.tsv"
    conda:
        "../envs/release.yaml"
    params:
        rows=lambda wildcards: PLAN.shard_rows(wildcards.shard),
        code=digest("workflow_scripts.verify_shard"),
    script:
        "../workflow_scripts/verify_shard.py"
