"""The graph: what is asked for, and what that pulls in."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from workflow_project import PAGES, Project, Site, copy_project

from signverse.demo.site import write_manifest
from signverse.files import write_csv

pytestmark = pytest.mark.slow

PER_VIDEO = ("fetch_metadata", "structure_captions", "fetch_video", "estimate_poses")


@pytest.fixture
def many(root: Path, tmp_path: Path) -> Project:
    """Twelve videos in three shards; nothing is ever fetched."""
    project = copy_project(root, tmp_path / "project")
    rows = [{"video_id": f"-video{n:05d}", "sign_language": "ase"} for n in range(12)]
    write_csv(project.folder / "manifest.csv", ("video_id", "sign_language"), rows)
    project.configure(
        manifest="manifest.csv",
        pack_shard={"videos_per_shard": 4},
        fetch_video={"window": 2},
        render_preview={"every": 2},
    )
    return project


def snakemake(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "snakemake", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_default_config_plans_ten_videos_in_ten_languages(root: Path, tmp_path: Path) -> None:
    project = copy_project(root, tmp_path / "project")
    with (root / "config/manifest.csv").open(encoding="utf-8", newline="") as file:
        assert len({row["sign_language"] for row in csv.DictReader(file)}) == 10
    printed = snakemake(project.folder, "-n", "-q", "rules")
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", printed, re.MULTILINE))
    assert [jobs[rule] for rule in PER_VIDEO] == ["10"] * 4
    assert jobs["pack_shard"] == jobs["collect_status"] == "1"


def test_a_dry_run_writes_nothing(many: Project) -> None:
    many.planned()
    written = {path.name for path in many.folder.iterdir()} & {"results", "logs", "benchmarks"}
    assert written == set()


def test_the_whole_corpus_has_four_jobs_a_video_and_previews_for_the_sample(many: Project) -> None:
    assert many.planned() == {
        **dict.fromkeys(PER_VIDEO, 12),
        "render_preview": 6,
        "pack_shard": 3,
        "verify_shard": 3,
        "plan_shards": 1,
        "remove_excluded": 1,
        "collect_status": 1,
    }


def test_one_shard_builds_its_own_videos_only(many: Project) -> None:
    planned = many.planned("results/shards/00001.zarr.zip")
    assert planned["estimate_poses"] == 4
    assert planned["pack_shard"] == 1


@pytest.mark.parametrize(
    ("target", "jobs"),
    [
        ("results/videos/-video00007/captions.json", PER_VIDEO[:2]),
        ("results/videos/-video00007/poses.npz", (PER_VIDEO[0], *PER_VIDEO[2:])),
        ("results/videos/-video00006/preview.png", (*PER_VIDEO, "render_preview")),
    ],
)
def test_a_file_of_one_video_needs_jobs_of_that_video_only(
    many: Project, target: str, jobs: tuple[str, ...]
) -> None:
    assert many.planned(target) == dict.fromkeys(jobs, 1)


def test_selected_videos_are_built_without_their_neighbours(many: Project) -> None:
    selected = "select={'videos': ['-video00003', '-video00010']}"
    planned = many.planned("--config", selected)
    assert planned == {
        **dict.fromkeys(PER_VIDEO, 2),
        "render_preview": 1,
        "remove_excluded": 1,
    }


def test_videos_and_shards_can_be_selected_together(many: Project) -> None:
    selected = "select={'videos': ['-video00003'], 'shards': ['00002']}"
    planned = many.planned("--config", selected)
    assert planned["estimate_poses"] == 5
    assert planned["pack_shard"] == 1


@pytest.mark.parametrize("spelling", ["./results/videos/{}", "results//videos/{}"])
def test_another_spelling_of_a_file_pulls_in_no_neighbours(many: Project, spelling: str) -> None:
    target = spelling.format("-video00007/poses.npz")
    assert many.planned(target)["estimate_poses"] == 1


def test_a_results_folder_may_be_spelt_with_a_slash(many: Project) -> None:
    arguments = ("--config", "results=./out/", "--", "out/videos/-video00007/poses.npz")
    assert many.planned(*arguments)["estimate_poses"] == 1


def test_selected_shards_are_built_without_the_table_of_the_corpus(many: Project) -> None:
    planned = many.planned("--config", "select={'shards': ['00002']}")
    assert planned["pack_shard"] == 1
    assert planned["estimate_poses"] == 4
    assert "collect_status" not in planned


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("results/videos/stranger/poses.npz", "video 'stranger' is not in the manifest"),
        ("results/shards/00007.zarr.zip", "no shard '00007'; the last is '00002'"),
    ],
)
def test_a_target_that_does_not_exist_is_named_in_one_line(
    many: Project, target: str, message: str
) -> None:
    done = many.run("-n", target)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"Error: {message}"


def window_edges(project: Project, *arguments: str) -> set[tuple[str, str]]:
    """(video fetched, video that must be finished before) of every fetch_video job."""
    printed = project.build("-n", *arguments)
    edges = set()
    for job in re.findall(r"^rule fetch_video:\n((?: .*\n)+)", printed, re.MULTILINE):
        (video,) = re.findall(r"wildcards: video=(\S+)", job)
        edges |= {(video, before) for before in re.findall(r"videos/([^/]+)/poses.npz", job)}
    return edges


def test_a_fetch_waits_for_the_video_a_window_before_it_in_its_shard(many: Project) -> None:
    expected = {
        (f"-video{shard * 4 + place:05d}", f"-video{shard * 4 + place - 2:05d}")
        for shard in range(3)
        for place in (2, 3)
    }
    assert window_edges(many) == expected


def test_there_is_no_window_for_single_videos_or_kept_ones(many: Project) -> None:
    assert window_edges(many, "results/videos/-video00003/poses.npz") == set()
    assert window_edges(many, "--config", "fetch_video={'keep': true}") == set()


def test_an_excluded_video_breaks_no_chain(many: Project) -> None:
    text = "video_id,reason,date\n-video00001,by request,2026-11-22\n"
    (many.folder / "out.csv").write_text(text, encoding="utf-8")
    edges = window_edges(many, "--config", "exclude=out.csv")
    assert ("-video00003", "-video00000") in edges
    assert not [edge for edge in edges if "-video00001" in edge]


def test_pose_jobs_ask_for_no_gpu_when_their_estimator_uses_none(many: Project) -> None:
    printed = many.build("-n", "results/videos/-video00003/poses.npz")
    job = printed.partition("rule estimate_poses:")[2].partition("\n\n")[0]
    assert "gpu=0" in job


def test_at_most_a_window_of_raw_videos_is_on_disk(
    root: Path, tmp_path: Path, site: Site, site_folder: Path, astronaut: Path
) -> None:
    project = copy_project(root, tmp_path / "project")
    write_manifest(project.folder / "manifest.csv", PAGES, site.port)
    project.configure(
        manifest="manifest.csv", fetch_video={"window": 1}, render_preview={"every": 2}
    )
    running = subprocess.Popen(
        project.command("-q", "all"),
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak = 0
    while running.poll() is None:
        peak = max(peak, len(list(project.videos.glob("*/video.mp4"))))
    assert running.returncode == 0
    assert peak == 1
