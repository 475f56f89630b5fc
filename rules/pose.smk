# Lane 2, poses: whole-body keypoints of everybody in view.
# Needs:  <results>/videos/{video}/video.mp4, captions.json
# Makes:  <results>/models/{model}.onnx, {model}.json,
#         <results>/videos/{video}/poses.npz, preview.mp4, preview.png
# Config: fetch_model, estimate_poses, render_preview
#
# Networks are ancient(): the recipe says which they are, the time of their files means nothing.
# The captions of a preview are ancient(): cleaning them anew is no reason to fetch the video again.


rule fetch_model:
    """Download a network, check it, and keep a receipt of what it was."""
    output:
        network="<results>/models/{model}.onnx",
        receipt=update("<results>/models/{model}.json"),
    log:
        "<logs>/fetch_model/{model}.log",
    benchmark:
        "<benchmarks>/fetch_model/{model}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        recipe=lambda wildcards: asdict(MODELS[wildcards.model]),
    script:
        "../workflow_scripts/fetch_model.py"


rule estimate_poses:
    """Estimate the keypoints of every person in every frame."""
    input:
        video="<results>/videos/{video}/video.mp4",
        networks=ancient(pose_networks()),
    output:
        poses="<results>/videos/{video}/poses.npz",
    log:
        "<logs>/estimate_poses/{video}.log",
    benchmark:
        "<benchmarks>/estimate_poses/{video}.tsv"
    conda:
        "../envs/pose.yaml"
    threads: config["estimate_poses"]["threads"]
    resources:
        gpu=int(uses_gpu(config["estimate_poses"])),
    params:
        recipe=POSE_RECIPE,
    script:
        "../workflow_scripts/estimate_poses.py"


rule render_preview:
    """Draw the skeletons, beside and over the video, to look at."""
    input:
        video="<results>/videos/{video}/video.mp4",
        poses="<results>/videos/{video}/poses.npz",
        captions=ancient("<results>/videos/{video}/captions.json"),
    output:
        video="<results>/videos/{video}/preview.mp4",
        sheet="<results>/videos/{video}/preview.png",
    log:
        "<logs>/render_preview/{video}.log",
    benchmark:
        "<benchmarks>/render_preview/{video}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        recipe=preview_recipe(config["render_preview"]),
    script:
        "../workflow_scripts/render_preview.py"
