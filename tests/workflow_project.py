"""Copies of the project to run the real workflow in, and the pages it is run on."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from signverse.demo.site import Page, write_manifest

PARTS = (
    *("Snakefile", "rules", "envs", "config", "profiles", "resources"),
    *("signverse", "workflow_scripts"),
)
ENGLISH = "WEBVTT\n\n00:00.000 --> 00:00.400\nHello.\n"
SPANISH = "1\n00:00:00,000 --> 00:00:00,400\nHola.\n"
PAGES = [
    Page("first000001", "Two languages", "ase", {"en": ("vtt", ENGLISH), "es": ("srt", SPANISH)}),
    Page("-second0002", "Begins with a hyphen, no subtitles", "gsg"),
    Page("gone0000003", "Not there", "bfi", exists=False),
    Page("broken00004", "Breaks off", "vietnam"),
    Page("fifth000005", "One more", "ase"),
    Page("sixth000006", "And another", "ase"),
]


@dataclass
class Site:
    """A served site; `pages` in the order of their manifest."""

    server: ThreadingHTTPServer
    pages: list[Page] = field(default_factory=lambda: list(PAGES))

    @property
    def port(self) -> int:
        return self.server.server_port

    def requests(self, ending: str) -> list[str]:
        """What was asked for so far, of paths with an ending."""
        return [path for path in self.server.requests if path.endswith(ending)]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Project:
    """A copy of the project with a manifest and settings of its own."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)  # of Snakemake and its jobs

    @property
    def videos(self) -> Path:
        return self.folder / "results" / "videos"

    def configure(self, **settings: Any) -> None:
        """Write test.yaml, which every run adds to config.yaml; poses by mediapipe by default."""
        settings = {"estimate_poses": {"estimator": "mediapipe"}} | settings
        (self.folder / "test.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        snakemake = [sys.executable, "-m", "snakemake", "--configfile", "test.yaml"]
        return [*snakemake, "--cores", "2", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Snakemake; output and errors together in `stdout`."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def build(self, *arguments: str) -> str:
        """Run Snakemake, which must succeed; return what it printed."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout

    def planned(self, *arguments: str) -> dict[str, int]:
        """Rule → number of jobs that a dry run would start."""
        printed = self.build("-q", "rules", "-n", *arguments)
        table = printed.partition("Job stats:")[2]
        jobs = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
        jobs.pop("total", None)
        jobs.pop("all", None)
        return jobs

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that stands in a file of the project."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


def copy_project(root: Path, folder: Path) -> Project:
    """Copy what the workflow consists of."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = root / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / part)
    return Project(folder)


def four_videos(project: Project, site: Site, **settings: Any) -> Project:
    """Give a project the first four pages, two good and two bad, in one shard."""
    write_manifest(project.folder / "manifest.csv", site.pages[:4], site.port)
    project.configure(manifest="manifest.csv", render_preview={"every": 2}, **settings)
    return project
