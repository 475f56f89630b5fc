"""Turns among real processes, of one host and of two whose clocks differ by a day."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DAY_SEC = 86400
POLL_SEC = 0.05

# Asks a platform that is a file: "ok", "refuse" or "hang". Notes when each request begins and how
# it ends, by a clock that all processes of a machine share.
JOB = f"""
import os, sys, time
from pathlib import Path
from signverse.errors import MachineError
from signverse.traffic import Traffic, TrafficSettings, turns

turns.POLL_SEC = {POLL_SEC}
folder, kind, times, slots, interval, pause, took, ahead = sys.argv[1:]
wall = time.time
time.time = lambda: wall() + float(ahead)
folder = Path(folder)

def note(what):
    with (folder / "events").open("a") as file:
        file.write(f"{{time.monotonic()}} {{os.getpid()}} {{what}}\\n")

def request():
    note("begin")
    time.sleep(float(took))
    while (mood := (folder / "platform").read_text()) == "hang":
        time.sleep(0.02)
    note("end" if mood == "ok" else "refused")
    if mood == "refuse":
        raise MachineError("bot_check: not a bot?", "bot_check")

settings = TrafficSettings(int(slots), float(interval), None, float(pause), 100)
traffic = Traffic(folder / ".traffic", settings)
for _ in range(int(times)):
    getattr(traffic, kind)(request)
"""


@dataclass
class Event:
    """What a job noted: when (seconds), who, and what."""

    time: float
    job: int
    what: str


class Corpus:
    """A folder in which real jobs share a platform."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self.jobs: list[subprocess.Popen] = []
        self.platform("ok")

    def platform(self, mood: str) -> None:
        (self.folder / "new").write_text(mood)
        (self.folder / "new").replace(self.folder / "platform")

    def start(
        self, number: int, kind: str = "extraction", *, times: int = 1, slots: int = 2,
        interval: float = 0, pause: float = 1, took: float = 0.1, ahead: float = 0,
    ) -> None:  # fmt: skip
        values = (self.folder, kind, times, slots, interval, pause, took, ahead)
        command = [sys.executable, "-c", JOB, *map(str, values)]
        self.jobs += [subprocess.Popen(command, cwd=self.root) for _ in range(number)]

    def finish(self) -> None:
        """Wait for all jobs; all must have ended well but those that were killed."""
        for job in self.jobs:
            assert job.wait(timeout=30) in (0, -signal.SIGKILL)

    def events(self, *kinds: str) -> list[Event]:
        """Those of some kinds in the order of time; none: all."""
        path = self.folder / "events"
        rows = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        found = [Event(float(row[0]), int(row[1]), row[2]) for row in rows]
        return sorted((e for e in found if not kinds or e.what in kinds), key=lambda e: e.time)

    def wait_for(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, self.events()
            time.sleep(0.02)

    def kill(self, job: int) -> None:
        os.kill(job, signal.SIGKILL)

    def peak(self) -> int:
        """The greatest number of requests that were under way at the same time."""
        now, most = 0, 0
        for event in self.events():
            now += 1 if event.what == "begin" else -1
            most = max(most, now)
        return most


@pytest.fixture
def corpus(root: Path, tmp_path: Path) -> Iterator[Corpus]:
    made = Corpus(root, tmp_path)
    yield made
    for job in made.jobs:
        job.kill()
        job.wait()


def test_six_jobs_never_have_more_requests_under_way_than_there_are_slots(corpus: Corpus) -> None:
    corpus.start(3, "download", times=3)
    corpus.start(3, "extraction", times=3)
    corpus.finish()
    assert len(corpus.events("end")) == 18
    assert corpus.peak() == 2


def test_jobs_of_two_hosts_a_day_apart_keep_the_interval_among_them(corpus: Corpus) -> None:
    corpus.start(2, times=2, slots=4, interval=0.3, took=0)
    corpus.start(2, times=2, slots=4, interval=0.3, took=0, ahead=DAY_SEC)
    corpus.finish()
    starts = [event.time for event in corpus.events("begin")]
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert len(gaps) == 7
    assert min(gaps) > 0.2  # not 0.3: a job may be slow to note that it began
    assert sum(gaps) < 7 * 0.3 * 1.4 + 3


def test_a_killed_job_gives_its_slot_back(corpus: Corpus) -> None:
    corpus.platform("hang")
    corpus.start(1, "download", slots=1)
    corpus.wait_for(lambda: corpus.events("begin"))
    corpus.start(1, "download", slots=1)
    time.sleep(0.5)
    assert len(corpus.events("begin")) == 1
    corpus.kill(corpus.events()[0].job)
    corpus.wait_for(lambda: len(corpus.events("begin")) == 2)
    corpus.platform("ok")
    corpus.finish()


def refused_all(corpus: Corpus, number: int, **settings: float) -> float:
    """Start jobs that are refused; return when the first refusal came."""
    corpus.platform("refuse")
    corpus.start(number, **settings)  # type: ignore[arg-type]
    corpus.wait_for(lambda: corpus.events("refused"))
    return corpus.events("refused")[0].time


def test_a_common_pause_holds_all_jobs_of_two_hosts_and_one_tries_first(corpus: Corpus) -> None:
    corpus.start(2, "download", slots=4, pause=1.5, took=0.3, ahead=DAY_SEC)
    began = refused_all(corpus, 2, slots=4, pause=1.5, took=0.3)
    corpus.wait_for(lambda: len(corpus.events("refused")) == len(corpus.events("begin")))
    corpus.platform("ok")
    corpus.finish()
    begins, answers = corpus.events("begin"), corpus.events("end")
    after = [event.time for event in begins if event.time > began + 0.3]
    assert len(answers) == 4
    assert after[0] > began + 1.4  # nobody asked during the pause
    assert after[1] > answers[0].time  # nobody but one before the platform answered
    assert after[0] < began + 4


def test_when_the_one_that_tries_first_is_refused_the_pause_grows_for_all(corpus: Corpus) -> None:
    began = refused_all(corpus, 3, slots=1, pause=0.4, took=0)
    corpus.wait_for(lambda: len(corpus.events("refused")) == 3)
    corpus.platform("ok")
    corpus.finish()
    tries = [event.time - began for event in corpus.events("begin")]
    assert len(tries) == 3 + 3
    for found, least in zip(tries[:4], (0, 0.4, 1.2, 2.8), strict=True):
        assert found > least - 0.05


def test_when_the_one_that_tries_first_is_killed_another_one_does(corpus: Corpus) -> None:
    refused_all(corpus, 3, slots=3, pause=0.5, took=0)
    corpus.wait_for(lambda: len(corpus.events("refused")) == len(corpus.events("begin")))
    seen = len(corpus.events("begin"))
    corpus.platform("hang")
    corpus.wait_for(lambda: len(corpus.events("begin")) > seen)
    time.sleep(4 * POLL_SEC)
    assert len(corpus.events("begin")) == seen + 1
    corpus.kill(corpus.events("begin")[-1].job)
    corpus.wait_for(lambda: len(corpus.events("begin")) == seen + 2)
    corpus.platform("ok")
    corpus.finish()
    assert len(corpus.events("end")) == 2
    assert len({event.job for event in corpus.events("end")}) == 2
