"""A complete run: every product is there, and a second run has nothing to do."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from workflow_project import PAGES, Project, Site

from signverse.shards.reading import Shard

pytestmark = pytest.mark.slow

GOOD, BAD = ("first000001", "-second0002"), {"gone0000003": "removed", "broken00004": "undecodable"}


def table(project: Project) -> dict[str, dict[str, str]]:
    with (project.folder / "results/corpus/videos.csv").open(encoding="utf-8", newline="") as file:
        return {row["video_id"]: row for row in csv.DictReader(file)}


def test_the_table_has_one_row_per_row_of_the_manifest_in_its_order(built_once: Project) -> None:
    assert list(table(built_once)) == [page.video_id for page in PAGES[:4]]


def test_good_videos_end_ok_although_others_are_bad(built_once: Project) -> None:
    rows = table(built_once)
    for video in GOOD:
        assert (rows[video]["status"], rows[video]["reason"]) == ("ok", "")
        assert rows[video]["frames"] == "12"
        assert rows[video]["frames_with_person"] == "12"


@pytest.mark.parametrize(("video", "status"), BAD.items())
def test_bad_videos_are_tombstones_with_a_plain_reason(
    built_once: Project, video: str, status: str
) -> None:
    row = table(built_once)[video]
    assert row["status"] == status
    assert re.fullmatch(r"[\w .:()-]{20,}", row["reason"])
    captions = json.loads((built_once.videos / video / "captions.json").read_text("utf-8"))
    with np.load(built_once.videos / video / "poses.npz") as poses:
        assert poses["status"] == status
        assert poses["reason"] == row["reason"]
        assert set(poses.files) == {"video_id", "status", "reason"}
    assert captions["status"] in ("ok", status)


def test_captions_of_both_languages_arrive_in_the_shard(built_once: Project) -> None:
    shard = Shard(str(built_once.folder / "results/shards/00000.zarr.zip"))
    captions = shard.document(0, "captions")
    assert captions is not None
    texts = {track["language"]: track["segments"][0]["text"] for track in captions["tracks"]}
    assert texts == {"en": "Hello.", "es": "Hola."}


def test_the_shard_is_verified_against_the_poses_of_its_videos(built_once: Project) -> None:
    shards = built_once.folder / "results/shards"
    report, summary = (
        json.loads((shards / f"00000.{end}").read_text("utf-8"))
        for end in ("verified.json", "json")
    )
    assert (report["sha256"], report["detections"]) == (summary["sha256"], summary["detections"])
    assert 0 < report["worst_coordinate_error"] < 1 / 20 / 1920


def test_an_unknown_label_is_kept_and_warned_of_once(built_once: Project) -> None:
    row = table(built_once)["broken00004"]
    assert (row["sign_language"], row["label"]) == ("und", "vietnam")
    printed = (built_once.folder / "printed.txt").read_text("utf-8")
    assert printed.count("'vietnam' (1 rows) is no code of") == 1


@pytest.mark.parametrize("name", ["metadata", "subtitles", "captions", "download", "video"])
def test_products_keep_to_their_schemas(built_once: Project, root: Path, name: str) -> None:
    schema = json.loads((root / f"resources/schemas/{name}.schema.json").read_text("utf-8"))
    validator = Draft202012Validator(schema)
    products = list(built_once.videos.glob(f"*/{name}.json"))
    assert len(products) == 4
    for product in products:
        validator.validate(json.loads(product.read_text("utf-8")))


def test_no_shard_contains_the_address_of_a_stream(built_once: Project) -> None:
    shard = Shard(str(built_once.folder / "results/shards/00000.zarr.zip"))
    texts = [shard.read(name).tobytes() for name in ("metadata", "captions")]
    packed = b"".join(texts) + json.dumps(shard.attributes).encode()
    assert b".html" in packed  # the page, in metadata
    assert b".mp4" not in packed


def test_the_snippet_in_the_format_document_reads_a_shard(built_once: Project, root: Path) -> None:
    document = (root / "docs/format.md").read_text("utf-8")
    (snippet,) = re.findall(r"```python\n(.+?)```", document, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", snippet.replace("demo/results", "results")],
        cwd=built_once.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        "first000001 {'start_sec': 0.0, 'end_sec': 0.4, 'text': 'Hello.', 'flags': []}"
        in done.stdout
    )
    assert re.search(r"\(\d+, 18, 2\)", done.stdout)


def test_raw_videos_are_gone_and_nothing_temporary_is_left(built_once: Project) -> None:
    names = [path.name for path in (built_once.folder / "results").rglob("*")]
    assert not [name for name in names if name.startswith(".tmp") or "video.mp4" in name]


def test_previews_are_made_for_the_sample_and_open(built_once: Project) -> None:
    found = {path.parent.name for path in built_once.videos.glob("*/preview.mp4")}
    assert found == {"first000001", "gone0000003"}  # every second row of the shard
    with av.open(str(built_once.videos / "first000001" / "preview.mp4")) as container:
        assert container.streams.video[0].frames == 12


@pytest.mark.parametrize("kind", ["logs", "benchmarks"])
def test_every_job_leaves_a_log_and_a_benchmark_under_its_rule(
    built_once: Project, kind: str
) -> None:
    folder = built_once.folder / kind
    ending = {"logs": ".log", "benchmarks": ".tsv"}[kind]
    videos = {f"{page.video_id}{ending}" for page in PAGES[:4]}
    found = {rule.name: {file.name for file in rule.iterdir()} for rule in folder.iterdir()}
    assert found == {
        **dict.fromkeys(
            ("fetch_metadata", "structure_captions", "fetch_video", "estimate_poses"), videos
        ),
        "render_preview": {f"first000001{ending}", f"gone0000003{ending}"},
        "pack_shard": {f"00000{ending}"},
        "verify_shard": {f"00000{ending}"},
        "plan_shards": {f"corpus{ending}"},
        "remove_excluded": {f"corpus{ending}"},
        "collect_status": {f"corpus{ending}"},
    }


def test_nothing_is_written_outside_the_three_folders(built_once: Project, root: Path) -> None:
    ours = {path.name for path in built_once.folder.iterdir()}
    originals = {path.name for path in root.iterdir()}
    own = {"test.yaml", "manifest.csv", "printed.txt", ".snakemake"}
    assert ours - originals - own <= {"results", "logs", "benchmarks"}


def test_a_second_run_does_nothing_and_asks_for_nothing(built: Project, site: Site) -> None:
    before = len(site.requests(""))
    assert "Nothing to be done" in built.build()
    assert len(site.requests("")) == before


def test_packing_again_gives_the_same_bytes(built: Project) -> None:
    shard = built.folder / "results/shards/00000.zarr.zip"
    before = shard.read_bytes()
    shard.unlink()
    assert built.planned() == {"pack_shard": 1, "verify_shard": 1, "collect_status": 1}
    built.build()
    assert shard.read_bytes() == before


def test_a_page_and_its_video_are_asked_for_once(project: Project, site: Site) -> None:
    before = len(site.requests(""))
    project.build("results/videos/first000001/poses.npz")
    endings = [path.partition(".")[2] for path in site.requests("")[before:]]
    assert sorted(endings) == ["en.vtt", "es.srt", "html", "mp4"]


def test_asking_for_one_video_builds_that_video_only(project: Project) -> None:
    project.build("results/videos/-second0002/captions.json")
    assert [folder.name for folder in project.videos.iterdir()] == ["-second0002"]


def test_raw_videos_are_kept_when_the_config_says_so(project: Project) -> None:
    project.configure(manifest="manifest.csv", fetch_video={"keep": True})
    project.build("results/videos/first000001/poses.npz")
    assert (project.videos / "first000001" / "video.mp4").stat().st_size > 1000
