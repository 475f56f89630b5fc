"""Two hundred videos of the loopback platform, a tenth with each fault, in the real workflow."""

import contextlib
import csv
import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from loopback_site import LoopbackSite, loopback_site, plugin_environment
from loopback_videos import Fault, Video
from workflow_project import Project, copy_project

from signverse.demo.networks import write_networks
from signverse.files import read_json

COUNT, TENTH, WINDOW = 200, 20, 6
# The state of a tenth of the videos each, by how it must end; the rest plays.
ENDS = {
    "private": ("private",),
    "removed": ("removed", "terminated"),
    "geo_blocked": ("geo_blocked", "copyright_blocked"),
    "age_restricted": ("age_restricted",),
    "members_only": ("members_only", "paid"),
    "not_a_video": ("live", "upcoming"),
    "no_video_stream": ("audio_only",),
}
# What a tenth of all, each, meets on the way among those that play.
PASSING = {
    "extraction": ("bot_check", "rate_limited", "server_error"),
    "subtitles": ("server_error",),
    "stream": ("reset", "stall", "expired", "truncated", "html", "server_error"),
}


def make_videos() -> list[Video]:
    """The same on every day; a tenth of the ids begins with a hyphen."""
    chance = random.Random(4)
    states = [s for kinds in ENDS.values() for s in (kinds * TENTH)[:TENTH]]
    states += [""] * (COUNT - len(states))
    chance.shuffle(states)
    videos = [
        Video(f"{'-' if n % 10 == 0 else 'v'}{n:010d}", state=state, max_height=240)
        for n, state in enumerate(states)
    ]
    plays = [video for video in videos if not video.state]
    for request, kinds in PASSING.items():
        for kind in kinds:
            for video in chance.sample(plays, TENTH):
                fault = Fault(kind, retry_after=chance.choice([None, 1]))
                video.faults.setdefault(request, []).append(fault)
    return videos


@dataclass
class Built:
    """The corpus after its run."""

    project: Project
    site: LoopbackSite
    videos: list[Video]
    faults: dict[str, list[str]]  # met by a video on the way
    most_raw: int

    def rows(self) -> dict[str, dict[str, str]]:
        with (self.project.folder / "results" / "corpus" / "videos.csv").open() as file:
            return {row["video_id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    videos = make_videos()
    folder = tmp_path_factory.mktemp("platform") / "project"
    project = Project(copy_project(root, folder).folder, plugin_environment())
    networks = {key: str(path) for key, path in write_networks(folder / "own").items()}
    rows = "".join(f"{video.video_id},ase\n" for video in videos)
    (folder / "manifest.csv").write_text(f"video_id,sign_language\n{rows}", "utf-8")
    with loopback_site(*videos) as site:
        project.configure(
            manifest="manifest.csv",
            platform={"timeout_sec": 2},
            fetch_metadata={"url_template": site.template},
            fetch_video={"window": WINDOW},
            traffic={"request_interval_sec": 0, "pause_sec": 0.5, "videos_per_hour": None},
            estimate_poses={"estimator": "dwpose", "fps": 2, "provider": "cpu", **networks},
            render_preview={"every": 0},
        )
        with counting(project.videos) as counts:
            project.build("--retries", "3")
        faults = {
            video.video_id: [fault.kind for met in video.faults.values() for fault in met]
            for video in videos
        }
        yield Built(project, site, videos, faults, max(counts))


@contextlib.contextmanager
def counting(videos: Path) -> Iterator[list[int]]:
    """How many raw videos lie about, looked at every twentieth of a second."""
    counts, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            counts.append(len(list(videos.glob("*/video.mp4"))))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield counts
    finally:
        over.set()
        thread.join()


def right_end(video: Video) -> str:
    return next((end for end, states in ENDS.items() if video.state in states), "ok")


pytestmark = pytest.mark.slow


def test_every_video_ends_in_its_one_right_state(built: Built) -> None:
    expected = {video.video_id: right_end(video) for video in built.videos}
    assert {video_id: row["status"] for video_id, row in built.rows().items()} == expected
    assert Counter(expected.values()) == dict.fromkeys(ENDS, TENTH) | {"ok": 60}


def test_every_product_of_a_video_says_the_same(built: Built) -> None:
    for video in built.videos:
        folder = built.project.videos / video.video_id
        names = ("metadata.json", "subtitles.json", "captions.json", "video.json")
        found = {name: read_json(folder / name)["status"] for name in names}
        assert found == dict.fromkeys(names, right_end(video)), video


def test_a_healthy_video_is_asked_for_once_and_downloaded_once(built: Built) -> None:
    healthy = [v for v in built.videos if not v.state and not built.faults[v.video_id]]
    assert healthy
    for video in healthy:
        assert len(built.site.extractions(video.video_id)) == 1
        assert len(built.site.streams(video.video_id)) == 1
        assert len(built.site.subtitles(video.video_id)) == 2


def test_a_download_that_breaks_off_needs_no_second_extraction(built: Built) -> None:
    resumed = [
        v for v in built.videos
        if (met := {*built.faults[v.video_id]}) and met <= {"reset", "stall", "truncated"}
    ]  # fmt: skip
    assert len(resumed) >= 3
    for video in resumed:
        assert len(built.site.extractions(video.video_id)) == 1


def test_a_video_at_fault_is_asked_for_once_unless_the_world_was_at_fault_too(
    built: Built,
) -> None:
    for video in built.videos:
        if video.state:
            assert len(built.site.extractions(video.video_id)) == 1, video
            assert built.site.streams(video.video_id) == []


def test_videos_that_met_faults_are_whole(built: Built) -> None:
    for video_id, row in built.rows().items():
        if row["status"] == "ok":
            facts = read_json(built.project.videos / video_id / "video.json")
            assert facts["flags"] == [], video_id
            assert row["frames"] == "4"
            assert row["caption_tracks"] == "en:manual en:automatic"


def test_no_more_requests_at_once_than_the_config_allows(built: Built) -> None:
    assert built.site.most_at_once("extraction", "stream") <= 4


def test_no_more_raw_videos_at_once_than_the_window(built: Built) -> None:
    assert 2 <= built.most_raw <= WINDOW


def test_no_raw_video_and_no_temporary_file_is_left(built: Built) -> None:
    left = [path.name for path in built.project.videos.rglob("*")]
    assert not [name for name in left if name.startswith((".tmp", "video.mp4"))]


def test_a_second_run_asks_for_nothing(built: Built) -> None:
    before = len(built.site.asked)
    assert "Nothing to be done" in built.project.build()
    assert len(built.site.asked) == before
