# Lane 3, release: everything about up to N videos in one file.
# Needs:  <results>/videos/{video}/metadata.json, captions.json, poses.npz of a shard's videos,
#         <results>/corpus/plan.csv
# Makes:  <results>/shards/{shard}.zarr.zip, {shard}.json
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
        code=digest("workflow_scripts.pack_shard"),
    script:
        "../workflow_scripts/pack_shard.py"
