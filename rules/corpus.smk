# The corpus as a whole.
# Needs:  the manifest, <results>/shards/{shard}.json
# Makes:  <results>/corpus/plan.csv, excluded.csv, videos.csv
# Config: manifest, exclude, pack_shard: videos_per_shard


rule plan_shards:
    """Record which video is in which shard, so that none ever moves."""
    input:
        manifest=ancient(config["manifest"]),
    output:
        plan="<results>/corpus/plan.csv",
    log:
        "<logs>/plan_shards/corpus.log",
    benchmark:
        "<benchmarks>/plan_shards/corpus.tsv"
    conda:
        "../envs/release.yaml"
    params:
        rows=PLAN.digest,
    script:
        "../workflow_scripts/plan_shards.py"


rule remove_excluded:
    """Remove everything that was made from the videos of the exclusion list."""
    input:
        returned_folders,
    output:
        record="<results>/corpus/excluded.csv",
    log:
        "<logs>/remove_excluded/corpus.log",
    benchmark:
        "<benchmarks>/remove_excluded/corpus.tsv"
    conda:
        "../envs/release.yaml"
    params:
        excluded=PLAN.excluded,
        code=digest("workflow_scripts.remove_excluded"),
    script:
        "../workflow_scripts/remove_excluded.py"


rule collect_status:
    """Make the table of the corpus: one row per row of the manifest, and how it went."""
    input:
        plan="<results>/corpus/plan.csv",
        summaries=[f"<results>/shards/{shard}.json" for shard in PLAN.shards],
    output:
        table="<results>/corpus/videos.csv",
    log:
        "<logs>/collect_status/corpus.log",
    benchmark:
        "<benchmarks>/collect_status/corpus.tsv"
    conda:
        "../envs/release.yaml"
    params:
        code=digest("workflow_scripts.collect_status"),
    script:
        "../workflow_scripts/collect_status.py"
