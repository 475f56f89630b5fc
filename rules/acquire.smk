# Lane 1, acquisition: what the platform has to give about each video.
# Needs:  the manifest
# Makes:  <results>/videos/{video}/metadata.json, subtitles.json, download.json, captions.json,
#         video.mp4 (temporary), video.json
# Config: platform, traffic, fetch_metadata, fetch_video
#
# The section `platform` may hold secrets: it never stands in params, which Snakemake keeps.
# Jobs that ask the platform take turns (signverse/traffic) and may wait for theirs for long. The
# resource `requests` keeps the waiting ones from taking all cores: rules/common.smk sets its limit.


rule fetch_metadata:
    """Ask the platform once about a video; take its facts and its subtitle tracks."""
    output:
        metadata="<results>/videos/{video}/metadata.json",
        subtitles="<results>/videos/{video}/subtitles.json",
        download="<results>/videos/{video}/download.json",
    log:
        "<logs>/fetch_metadata/{video}.log",
    benchmark:
        "<benchmarks>/fetch_metadata/{video}.tsv"
    conda:
        "../envs/acquire.yaml"
    resources:
        requests=1,
    params:
        recipe=lambda wildcards: metadata_recipe(
            video_address(wildcards), config["fetch_metadata"]
        ),
    script:
        "../workflow_scripts/fetch_metadata.py"


rule structure_captions:
    """Turn raw subtitle tracks into clean, timed segments per language."""
    input:
        subtitles="<results>/videos/{video}/subtitles.json",
        metadata="<results>/videos/{video}/metadata.json",
    output:
        captions="<results>/videos/{video}/captions.json",
    log:
        "<logs>/structure_captions/{video}.log",
    benchmark:
        "<benchmarks>/structure_captions/{video}.tsv"
    conda:
        "../envs/acquire.yaml"
    params:
        code=digest("workflow_scripts.structure_captions"),
        spoken_languages=lambda wildcards: spoken_languages(
            in_plan(PLAN.entry, wildcards.video).language
        ),
    script:
        "../workflow_scripts/structure_captions.py"


rule fetch_video:
    """Download the chosen video stream, without sound, a window of videos at a time."""
    input:
        ancient(products_before),
        download="<results>/videos/{video}/download.json",
    output:
        video=(
            "<results>/videos/{video}/video.mp4"
            if config["fetch_video"]["keep"]
            else temp("<results>/videos/{video}/video.mp4")
        ),
        facts="<results>/videos/{video}/video.json",
    log:
        "<logs>/fetch_video/{video}.log",
    benchmark:
        "<benchmarks>/fetch_video/{video}.tsv"
    conda:
        "../envs/acquire.yaml"
    resources:
        requests=1,
    params:
        recipe=video_recipe(),
    script:
        "../workflow_scripts/fetch_video.py"
