"""The real workflow on the loopback platform: its jobs find the plugin, and obey the config."""

from pathlib import Path

import pytest
from loopback_site import loopback_site, plugin_environment
from loopback_videos import Video
from workflow_project import Project, copy_project

from signverse.files import read_json

VIDEOS = [
    Video("-abc", title="Begins with a hyphen"),
    Video("gone0000001", state="private"),
    Video("excluded001"),
]


@pytest.mark.slow
def test_the_jobs_of_the_workflow_reach_the_platform_but_not_for_an_excluded_video(
    root: Path, tmp_path: Path
):
    project = Project(copy_project(root, tmp_path / "project").folder, plugin_environment())
    rows = "".join(f"{video.video_id},ase\n" for video in VIDEOS)
    (project.folder / "manifest.csv").write_text(f"video_id,sign_language\n{rows}", "utf-8")
    excluded = "video_id,reason,date\nexcluded001,asked to be left out,2026-11-22\n"
    (project.folder / "exclude.csv").write_text(excluded, "utf-8")
    with loopback_site(*VIDEOS) as site:
        project.configure(
            manifest="manifest.csv",
            exclude="exclude.csv",
            fetch_metadata={"url_template": site.template},
        )
        folders = [f"results/videos/{video.video_id}" for video in VIDEOS[:2]]
        project.build(*(f"{folder}/video.mp4" for folder in folders), "--notemp")
        assert len(site.extractions("-abc")) == len(site.extractions("gone0000001")) == 1
        assert len(site.streams("-abc")) == 1
        assert [one for one in site.asked if one.video_id == "excluded001"] == []
        refused = project.run("results/videos/excluded001/video.mp4")
        assert refused.returncode != 0
        assert "video 'excluded001' is excluded" in refused.stdout
    good, gone = (read_json(project.folder / folder / "metadata.json") for folder in folders)
    assert (good["status"], good["title"]) == ("ok", "Begins with a hyphen")
    assert gone["status"] == "private"
