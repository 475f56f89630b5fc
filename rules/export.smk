# Exports: the corpus in the formats of others, each off by default.
# Needs:  <results>/videos/{video}/metadata.json, captions.json, poses.npz
# Makes:  <results>/exports/hdf5/{shard}.h5, exports/webdataset/{shard}.tar,
#         exports/pose/{video}.pose, exports/released/{video}/npz/poses.npz
# Config: export_hdf5, export_webdataset, export_pose, export_released


rule export_hdf5:
    """Write a shard as one HDF5 file."""
    input:
        metadata=lambda wildcards: shard_files(wildcards.shard, "metadata.json"),
        captions=lambda wildcards: shard_files(wildcards.shard, "captions.json"),
        poses=lambda wildcards: shard_files(wildcards.shard, "poses.npz"),
    output:
        file="<results>/exports/hdf5/{shard}.h5",
    log:
        "<logs>/export_hdf5/{shard}.log",
    benchmark:
        "<benchmarks>/export_hdf5/{shard}.tsv"
    conda:
        "../envs/release.yaml"
    params:
        rows=lambda wildcards: PLAN.shard_rows(wildcards.shard),
        compression_level=config["export_hdf5"]["compression_level"],
        code=digest("workflow_scripts.export_hdf5"),
    script:
        "../workflow_scripts/export_hdf5.py"


rule export_webdataset:
    """Write a shard as a WebDataset tar."""
    input:
        metadata=lambda wildcards: shard_files(wildcards.shard, "metadata.json"),
        captions=lambda wildcards: shard_files(wildcards.shard, "captions.json"),
        poses=lambda wildcards: shard_files(wildcards.shard, "poses.npz"),
    output:
        file="<results>/exports/webdataset/{shard}.tar",
    log:
        "<logs>/export_webdataset/{shard}.log",
    benchmark:
        "<benchmarks>/export_webdataset/{shard}.tsv"
    conda:
        "../envs/release.yaml"
    params:
        rows=lambda wildcards: PLAN.shard_rows(wildcards.shard),
        code=digest("workflow_scripts.export_webdataset"),
    script:
        "../workflow_scripts/export_webdataset.py"


rule export_pose:
    """Write the poses of a video as a .pose file of the pose-format library."""
    input:
        poses="<results>/videos/{video}/poses.npz",
    output:
        file="<results>/exports/pose/{video}.pose",
    log:
        "<logs>/export_pose/{video}.log",
    benchmark:
        "<benchmarks>/export_pose/{video}.tsv"
    conda:
        "../envs/release.yaml"
    params:
        max_persons=config["export_pose"]["max_persons"],
        code=digest("workflow_scripts.export_pose"),
    script:
        "../workflow_scripts/export_pose.py"


rule export_released:
    """Write the poses of a video in the published layout, a file or one per frame."""
    input:
        poses="<results>/videos/{video}/poses.npz",
    output:
        released=(
            directory("<results>/exports/released_frames/{video}/npz")
            if config["export_released"]["per_frame"]
            else "<results>/exports/released/{video}/npz/poses.npz"
        ),
    log:
        "<logs>/export_released/{video}.log",
    benchmark:
        "<benchmarks>/export_released/{video}.tsv"
    conda:
        "../envs/release.yaml"
    params:
        per_frame=config["export_released"]["per_frame"],
        code=digest("workflow_scripts.export_released"),
    script:
        "../workflow_scripts/export_released.py"
