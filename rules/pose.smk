# Lane 2, poses: whole-body keypoints of everybody in view.
# Needs:  <results>/videos/{video}/video.mp4, metadata.json, captions.json
# Makes:  <results>/videos/{video}/poses.npz, preview.mp4, preview.png
# Config: estimate_poses, render_preview
#
# The video is ancient(): fetching it again, because a preview is wanted later, is no reason to
# estimate again. metadata.json is not: where that is new, the video may be another one.


rule estimate_poses:
    """Estimate the keypoints of every person in every frame."""
    input:
        metadata="<results>/videos/{video}/metadata.json",
        video=ancient("<results>/videos/{video}/video.mp4"),
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
        gpu=int(uses_gpu(config["estimate_poses"]["estimator"])),
    params:
        recipe=pose_recipe(config["estimate_poses"]),
    script:
        "../workflow_scripts/estimate_poses.py"


rule render_preview:
    """Draw the skeletons, beside and over the video, to look at."""
    input:
        video=ancient("<results>/videos/{video}/video.mp4"),
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
