"""Kills in the middle: nothing half-written, and the next run goes on."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from workflow_project import Project, Site, copy_project

from signverse.demo.site import Page, write_manifest, write_page

pytestmark = pytest.mark.slow

VIDEO = "long0000001"
POSES = f"results/videos/{VIDEO}/poses.npz"


@pytest.fixture
def long_video(
    root: Path, tmp_path: Path, site: Site, site_folder: Path, carphone: Path
) -> Project:
    """A video that takes some seconds to estimate."""
    project = copy_project(root, tmp_path / "project")
    page = Page(VIDEO, "Four seconds", "ase")
    write_page(site_folder, page)
    (site_folder / "watch" / f"{VIDEO}.mp4").write_bytes(carphone.read_bytes())
    write_manifest(project.folder / "manifest.csv", [page], site.port)
    project.configure(manifest="manifest.csv")
    return project


def start(project: Project, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        project.command(*arguments),
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def wait_for(found: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def pose_job(controller: subprocess.Popen[bytes]) -> psutil.Process | None:
    """The process of the pose job, once it is estimating."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(controller.pid).children(recursive=True):
            if "estimate_poses.py" in " ".join(child.cmdline()) and "python" in child.name():
                return child
    return None


def estimating(project: Project) -> bool:
    log = project.folder / f"logs/estimate_poses/{VIDEO}.log"
    return log.exists() and "XNNPACK" in log.read_text("utf-8")


def products(project: Project) -> set[str]:
    return {path.name for path in (project.videos / VIDEO).iterdir()}


def test_a_killed_job_leaves_no_poses_and_the_next_run_continues(
    long_video: Project, site: Site
) -> None:
    controller = start(long_video, "--retries", "0", POSES)
    wait_for(lambda: estimating(long_video))
    job = pose_job(controller)
    assert job is not None
    job.send_signal(signal.SIGKILL)
    assert controller.wait(timeout=60) == 1
    assert "poses.npz" not in products(long_video)
    fetched = len(site.requests(".html"))
    long_video.build(POSES)
    with np.load(long_video.folder / POSES) as poses:
        assert poses["status"] == "ok"
        assert poses["total_frames"] == 97
    assert len(site.requests(".html")) == fetched
    assert not [name for name in products(long_video) if name.startswith(".tmp")]


def test_a_killed_job_is_tried_again_by_the_same_run(long_video: Project) -> None:
    controller = start(long_video, POSES)
    wait_for(lambda: estimating(long_video))
    job = pose_job(controller)
    assert job is not None
    job.send_signal(signal.SIGKILL)
    assert controller.wait(timeout=90) == 0
    assert (long_video.folder / POSES).exists()


def test_a_run_killed_as_a_whole_resumes_after_unlocking(long_video: Project) -> None:
    controller = start(long_video, POSES)
    wait_for(lambda: estimating(long_video))
    os.killpg(controller.pid, signal.SIGKILL)
    controller.wait(timeout=60)
    assert "poses.npz" not in products(long_video)
    refused = long_video.run(POSES)
    assert refused.returncode == 1
    assert "--unlock" in refused.stdout
    long_video.build("--unlock")
    assert long_video.planned(POSES) == {"estimate_poses": 1}
    long_video.build(POSES)
    assert products(long_video) >= {"poses.npz"}
