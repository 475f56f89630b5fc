"""The real workflow on the loopback platform: its jobs find the plugin, too."""

from pathlib import Path

import pytest
from loopback_site import loopback_site, plugin_environment
from loopback_videos import Video
from workflow_project import Project, copy_project

from signverse.files import read_json

VIDEOS = [Video("-abc", title="Begins with a hyphen"), Video("gone0000001", state="private")]


@pytest.mark.slow
def test_the_jobs_of_the_workflow_reach_the_platform_by_the_template(root: Path, tmp_path: Path):
    project = Project(copy_project(root, tmp_path / "project").folder, plugin_environment())
    rows = "".join(f"{video.video_id},ase\n" for video in VIDEOS)
    (project.folder / "manifest.csv").write_text(f"video_id,sign_language\n{rows}", "utf-8")
    with loopback_site(*VIDEOS) as site:
        project.configure(manifest="manifest.csv", fetch_metadata={"url_template": site.template})
        folders = [f"results/videos/{video.video_id}" for video in VIDEOS]
        project.build(*(f"{folder}/video.mp4" for folder in folders), "--notemp")
        assert len(site.extractions("-abc")) == len(site.extractions("gone0000001")) == 1
        assert len(site.streams("-abc")) == 1
    good, gone = (read_json(project.folder / folder / "metadata.json") for folder in folders)
    assert (good["status"], good["title"]) == ("ok", "Begins with a hyphen")
    assert gone["status"] == "private"
