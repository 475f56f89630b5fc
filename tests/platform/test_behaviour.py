"""How fetching behaves while the platform refuses: all jobs wait together, and never give up."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from loopback_jobs import Jobs, quick_traffic
from loopback_site import LoopbackSite, loopback_site, plugin_environment
from loopback_videos import Fault, Video

MakeJobs = Callable[..., Jobs]


def small(video_id: str = "a", **faults: list[Fault]) -> Video:
    return Video(video_id, max_height=144, tracks=(), faults=faults)


def gaps(site: LoopbackSite) -> list[float]:
    """Seconds between one extraction and the next."""
    return [later - earlier for earlier, later in itertools.pairwise(site.extractions())]


# Too many requests ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_waited_for_within_the_job_though_yt_dlp_swallows_the_429(
    jobs: MakeJobs, form: str
) -> None:
    """A date of HTTP has whole seconds: the answer's own date stands for now."""
    after = 1 if form == "seconds" else formatdate(time.time() + 2, usegmt=True)
    with loopback_site(small(extraction=[Fault("rate_limited", retry_after=after)])) as site:
        assert jobs(site).fetch("a")["status"] == "ok"
        (waited,) = gaps(site)
    assert 0.9 < waited < 4


@pytest.mark.parametrize("kind", ["extraction", "stream", "subtitles"])
def test_retry_after_is_honoured_for_requests_of_every_kind(jobs: MakeJobs, kind: str) -> None:
    slept: list[float] = []
    video = Video("a", max_height=144, faults={kind: [Fault("rate_limited", retry_after=77)]})
    with loopback_site(video) as site:
        job = jobs(site, sleep=slept.append)
        job.fetch("a")
        assert [track["problem"] for track in job.tracks("a")] == [None, None]
    assert slept == [77.0]


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.slept.append(seconds)

    @property
    def settings(self) -> dict[str, Any]:
        return {"sleep": self.sleep, "now": lambda: self.time}


def test_without_retry_after_the_first_refusal_costs_the_usual_interval(jobs: MakeJobs) -> None:
    clock = Clock()
    with loopback_site(small(extraction=[Fault("rate_limited")])) as site:
        job = jobs(site, **clock.settings, traffic={"request_interval_sec": 10})
        assert job.fetch("a")["status"] == "ok"
    assert clock.slept[0] == 10


def pause(job: Jobs) -> dict[str, Any]:
    """The state that all jobs of the corpus share."""
    found: dict[str, Any] = json.loads((job.folder / ".traffic/state.json").read_text())
    return found


def test_a_repeated_429_is_a_pause_of_everybody_that_grows(jobs: MakeJobs) -> None:
    """Of ten seconds, then doubled, up to the longest; a success ends it all."""
    clock = Clock()
    with loopback_site(small(extraction=[Fault("rate_limited", times=4)])) as site:
        job = jobs(site, **clock.settings, traffic={"pause_sec": 10, "max_pause_sec": 15})
        assert job.fetch("a")["status"] == "ok"
    assert [seconds for seconds in clock.slept if seconds] == [10, 15, 15]
    assert pause(job)["paused_until"] is None
    assert pause(job)["pause_sec"] == 0


@pytest.mark.parametrize("kind", ["rate_limited", "bot_check"])
def test_a_pause_does_not_consume_retries(jobs: MakeJobs, kind: str) -> None:
    """More refusals than `retries`, in one job, which ends well."""
    with loopback_site(small(extraction=[Fault(kind, times=4)])) as site:
        job = jobs(site, platform={"retries": 1})
        assert job.fetch("a")["status"] == "ok"
        assert len(site.extractions("a")) == 5


def test_other_faults_do_consume_retries(jobs: MakeJobs) -> None:
    with loopback_site(small(stream=[Fault("server_error", times=3)])) as site:
        job = jobs(site, platform={"retries": 1})
        job.fetch_metadata("a")
        with pytest.raises(Exception, match="503"):
            job.fetch_video("a")
        assert len(site.streams("a")) == 2


# Politeness of one job --------------------------------------------------------------------------


class WaitedError(Exception):
    """A job would have waited."""


def test_a_budget_per_hour_bounds_the_extractions(jobs: MakeJobs) -> None:
    def wait(seconds: float) -> None:
        raise WaitedError(seconds)

    with loopback_site(*(small(name) for name in "abc")) as site:
        job = jobs(site, sleep=wait, traffic={"videos_per_hour": 2})
        for name in "ab":
            assert job.fetch(name)["status"] == "ok"  # downloads are not counted
        with pytest.raises(WaitedError) as caught:
            job.fetch_metadata("c")
        assert site.extractions("c") == []
    (seconds,) = caught.value.args
    assert 0 < seconds <= 3600


def test_a_renewed_address_is_an_extraction_that_waits_its_turn(jobs: MakeJobs) -> None:
    with loopback_site(small(stream=[Fault("expired")])) as site:
        job = jobs(site, traffic={"request_interval_sec": 0.5, "max_concurrent_requests": 1})
        assert job.fetch("a")["refreshed"] is True
        (waited,) = gaps(site)
    assert waited > 0.45


# Several processes ------------------------------------------------------------------------------

PROCESS = """
import json, sys
from pathlib import Path
from loopback_jobs import Jobs, script

template, folder, traffic, *videos = sys.argv[1:]
jobs = Jobs(template, Path(folder), traffic=json.loads(traffic))
script("fetch_metadata"), script("fetch_video")
print("ready", flush=True)
for video, _ in zip(videos, sys.stdin):
    jobs.fetch(video)
"""


class Processes:
    """Real processes that share a results folder; each fetches its videos when told to go."""

    def __init__(self, site: LoopbackSite, folder: Path, root: Path, **traffic: Any) -> None:
        self.arguments = [site.template, str(folder), json.dumps(quick_traffic(**traffic))]
        self.folder, self.root = folder, root
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *names: str) -> None:
        """One process for each word, which fetches the videos named by its letters."""
        path = plugin_environment()["PYTHONPATH"]
        path = os.pathsep.join([path, str(self.root / "tests"), str(self.root)])
        for videos in names:
            command = [sys.executable, "-c", PROCESS, *self.arguments, *videos]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, **pipes)
            self.started.append(process)
        for process in self.started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    def go(self, *numbers: int) -> None:
        for number in numbers:
            stdin = self.started[number].stdin
            assert stdin is not None
            stdin.write("go\n" * 9)
            stdin.flush()

    def finish(self) -> None:
        for process in self.started:
            process.communicate(timeout=30)
            assert process.returncode == 0

    def wait_for_pause(self) -> None:
        state, deadline = self.folder / ".traffic" / "state.json", time.monotonic() + 20
        while not state.exists() or json.loads(state.read_text())["paused_until"] is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def processes(root: Path, tmp_path: Path) -> Iterator[Callable[..., Processes]]:
    made: list[Processes] = []

    def make(site: LoopbackSite, **traffic: Any) -> Processes:
        made.append(Processes(site, tmp_path / "results", root, **traffic))
        return made[-1]

    yield make
    for process in (process for one in made for process in one.started):
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_after_a_bot_check_all_processes_pause_together_and_one_tries_first(
    processes: Callable[..., Processes],
) -> None:
    slow = {"stream": [], "extraction": [Fault("slow", bytes_per_sec=30_000)]}
    videos = [small("a", extraction=[Fault("bot_check")]), small("b", **slow), small("c", **slow)]
    with loopback_site(*videos) as site:
        jobs = processes(site, pause_sec=1.5, max_pause_sec=1.5)
        jobs.start("a", "b", "c")
        jobs.go(0)
        jobs.wait_for_pause()
        jobs.go(1, 2)
        jobs.finish()
        refused, *asked = site.requests("extraction")
        assert refused.video_id == "a"
        assert {one.video_id for one in asked} == {"a", "b", "c"}
        assert asked[0].when > refused.done + 1.3  # nobody asked during the pause
        assert asked[1].when > asked[0].done  # nor before the first one had its answer


@pytest.mark.slow
def test_processes_keep_the_interval_and_the_number_of_requests_among_them(
    processes: Callable[..., Processes],
) -> None:
    slow = [Fault("slow", bytes_per_sec=60_000)]
    with loopback_site(*(small(name, stream=list(slow)) for name in "abcd")) as site:
        jobs = processes(site, request_interval_sec=0.3, max_concurrent_requests=1)
        jobs.start("ab", "cd")
        jobs.go(0, 1)
        jobs.finish()
        assert len(site.extractions()) == len(site.streams()) == 4
        assert min(gaps(site)) > 0.2  # not 0.3: a request may be slow to begin
        assert site.most_at_once() == 1
