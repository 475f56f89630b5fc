"""The real workflow on a loopback site of short real videos."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from workflow_project import PAGES, Project, Site, copy_project, four_videos

from signverse.demo.recordings import truncate
from signverse.demo.site import serve, write_page


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory, astronaut: Path, carphone: Path) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "watch").mkdir()
    for page in PAGES:
        if page.exists:
            write_page(folder, page)
            shutil.copyfile(astronaut, folder / "watch" / f"{page.video_id}.mp4")
    truncate(carphone, folder / "watch" / "broken00004.mp4", share=0.6)
    return folder


@pytest.fixture(scope="session")
def site(site_folder: Path) -> Iterator[Site]:
    with serve(site_folder) as server:
        yield Site(server)


@pytest.fixture
def project(root: Path, tmp_path: Path, site: Site) -> Project:
    """A project with four videos, of which nothing is built."""
    return four_videos(copy_project(root, tmp_path / "project"), site)


@pytest.fixture(scope="session")
def built_once(root: Path, tmp_path_factory: pytest.TempPathFactory, site: Site) -> Project:
    """The four videos built by one complete run. Not to be changed: see `built`."""
    project = four_videos(copy_project(root, tmp_path_factory.mktemp("built") / "project"), site)
    (project.folder / "printed.txt").write_text(project.build(), encoding="utf-8")
    return project


@pytest.fixture
def built(built_once: Project, tmp_path: Path) -> Project:
    """A copy of the complete corpus, to edit and run again."""
    shutil.copytree(built_once.folder, tmp_path / "project")
    return Project(tmp_path / "project")
