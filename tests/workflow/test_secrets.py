"""Secrets of the config: sent to the platform, and left nowhere on disk."""

from pathlib import Path
from typing import Any

import pytest
from workflow_project import Project, Site

pytestmark = pytest.mark.slow


def holding(folder: Path, secret: str) -> list[str]:
    """Files below a folder that contain a text."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if secret.encode() in path.read_bytes()]


def test_cookies_and_passwords_stand_in_no_file_that_a_run_leaves(
    project: Project, site: Site, tmp_path: Path
) -> None:
    cookies = tmp_path / "cookies.txt"
    cookies.write_text("127.0.0.1\tFALSE\t/\tFALSE\t0\tSID\tcookie-secret\n")
    options = {"password": "config-secret", "http_headers": {"X-Key": "header-secret"}}
    platform = {"cookies_file": str(cookies), "yt_dlp": options}
    project.configure(manifest="manifest.csv", platform=platform)
    project.build("results/videos/first000001/poses.npz")
    assert holding(project.folder, "config-secret") == ["test.yaml"]
    assert holding(project.folder, "header-secret") == ["test.yaml"]
    assert holding(tmp_path, "cookie-secret") == ["cookies.txt"]


def test_a_job_that_fails_does_not_print_the_secrets_of_its_proxy(project: Project) -> None:
    options = {"proxy": "http://me:proxy-secret@127.0.0.1:1"}
    project.configure(manifest="manifest.csv", platform={"yt_dlp": options, "retries": 0})
    done = project.run("--retries", "0", "results/videos/first000001/metadata.json")
    assert done.returncode == 1
    assert "network: " in done.stdout
    assert "proxy-secret" not in done.stdout
    assert holding(project.folder, "proxy-secret") == ["test.yaml"]


@pytest.mark.parametrize(
    ("platform", "message"),
    [
        ({"cookies_file": "none.txt"}, "none.txt: the cookies file cannot be read (No such file"),
        ({"yt_dlp": {"proxy": "${NOT_SET}"}}, "the environment variable NOT_SET is not set"),
    ],
)
def test_a_way_that_no_job_could_take_is_refused_before_any_job(
    project: Project, platform: dict[str, Any], message: str
) -> None:
    project.configure(manifest="manifest.csv", platform=platform)
    done = project.run("results/videos/first000001/metadata.json")
    assert done.returncode == 1
    assert message in done.stdout.splitlines()[-1]
    assert "Traceback" not in done.stdout
    assert not (project.folder / "logs").exists()
