"""`python -m signverse retry`: the next run of the real workflow tries just those videos again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from workflow_project import Project, Site, copy_project, four_videos

from signverse.demo.site import serve, write_page

pytestmark = pytest.mark.slow

AGAIN = {
    **dict.fromkeys(
        ("fetch_video", "estimate_poses", "pack_shard", "verify_shard", "collect_status"), 1
    ),
}


def signverse(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "signverse", *arguments, "--configfile", "test.yaml"],
        cwd=project.folder,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def state(folder: Path) -> dict[str, int]:
    """Every file below a folder and when it was written."""
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*")}


@pytest.fixture
def own_site(site_folder: Path, tmp_path: Path):
    """A site of the test's own, to mend."""
    shutil.copytree(site_folder, tmp_path / "site")
    with serve(tmp_path / "site") as server:
        yield Site(server)


@pytest.fixture
def lost(root: Path, tmp_path: Path, own_site: Site) -> Project:
    """Two videos to a shard: good ones in the first, a removed and a broken one in the second."""
    project = copy_project(root, tmp_path / "project")
    four_videos(project, own_site, pack_shard={"videos_per_shard": 2})
    project.build()
    return project


def test_a_video_that_came_back_is_fetched_by_the_next_run_and_only_its_shard_is_packed_again(
    lost: Project, own_site: Site, tmp_path: Path, astronaut: Path
) -> None:
    before = state(lost.folder / "results")
    dry = signverse(lost, "retry", "--reason", "removed", "--dry-run")
    assert dry.returncode == 0
    assert dry.stdout.splitlines()[0].startswith("gone0000003\tremoved\tmetadata.json ")
    assert state(lost.folder / "results") == before
    assert lost.planned() == {}

    page = next(page for page in own_site.pages if page.video_id == "gone0000003")
    write_page(tmp_path / "site", page)
    shutil.copyfile(astronaut, tmp_path / "site" / "watch" / "gone0000003.mp4")
    done = signverse(lost, "retry", "--reason", "removed")
    assert done.returncode == 0, done.stdout
    assert list((lost.videos / "gone0000003").iterdir()) == []
    gone = before.keys() - state(lost.folder / "results").keys()
    assert {name.split("/")[-2] for name in gone} == {"gone0000003", "shards"}
    assert "shards/00001.zarr.zip" not in gone  # it serves until it is packed again
    assert lost.planned() == {
        **AGAIN,
        **dict.fromkeys(("fetch_metadata", "structure_captions", "render_preview"), 1),
    }
    requests = len(own_site.requests(""))
    lost.build()
    assert all("gone0000003" in path for path in own_site.requests("")[requests:])
    after = state(lost.folder / "results")
    changed = {name for name in after if after[name] != before.get(name)}
    files = {name for name in changed if (lost.folder / "results" / name).is_file()}
    files = {name for name in files if not name.startswith(".traffic/")}
    assert {name for name in files if "/gone0000003/" not in name} == {
        "shards/00001.zarr.zip", "shards/00001.json", "shards/00001.verified.json",
        "corpus/videos.csv",
    }  # fmt: skip
    assert "gone0000003,bfi,bfi,00001,ok," in (lost.folder / "results/corpus/videos.csv").read_text(
        encoding="utf-8"
    )
    assert lost.planned() == {}


def test_a_broken_video_is_downloaded_again_from_the_metadata_that_are_there(
    lost: Project, own_site: Site
) -> None:
    before = state(lost.videos / "broken00004")
    assert signverse(lost, "retry", "--reason", "undecodable").returncode == 0
    kept = {"captions.json", "download.json", "metadata.json", "subtitles.json"}
    assert state(lost.videos / "broken00004").keys() == kept
    assert lost.planned() == AGAIN
    requests = len(own_site.requests(""))
    lost.build()
    assert {path.rpartition("/")[2] for path in own_site.requests("")[requests:]} == {
        "broken00004.mp4"
    }
    after = state(lost.videos / "broken00004")
    assert {name for name in kept if after[name] != before[name]} == set()
    assert lost.planned() == {}


def test_a_single_shard_that_is_selected_has_its_lost_videos_tried_again(lost: Project) -> None:
    assert signverse(lost, "retry", "--reason", "undecodable").returncode == 0
    planned = lost.planned("--config", "select={'shards': ['00001']}")
    assert planned == {"fetch_video": 1, "estimate_poses": 1, "pack_shard": 1, "verify_shard": 1}
    assert lost.planned("--config", "select={'shards': ['00000']}") == {}


def test_nothing_is_removed_while_a_run_holds_its_lock(lost: Project) -> None:
    running = subprocess.Popen(
        lost.command("--forcerun", "plan_shards", "pack_shard"),
        cwd=lost.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    locks = lost.folder / ".snakemake" / "locks"
    while running.poll() is None and not list(locks.glob("*.lock")):
        time.sleep(0.01)
    running.send_signal(signal.SIGSTOP)  # so that it does not end before we have looked
    before = state(lost.videos)
    done = signverse(lost, "retry", "--reason", "removed")
    status = signverse(lost, "status")
    running.send_signal(signal.SIGCONT)
    assert running.wait() == 0
    assert done.returncode == 1
    assert done.stdout.startswith("Error: a Snakemake run holds .snakemake/locks: wait for its end")
    assert len(done.stdout.splitlines()) == 1
    assert state(lost.videos) == before
    assert status.returncode == 0
    assert "fetch_metadata       3     1       0        0" in status.stdout
