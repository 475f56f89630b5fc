"""Turns in one process, on a clock of the test's own."""

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signverse.errors import InputError, MachineError, VideoError
from signverse.traffic import Traffic, TrafficSettings, common_pause, shared_traffic

SETTINGS = TrafficSettings(
    max_concurrent_requests=2, request_interval_sec=10, videos_per_hour=4, pause_sec=600,
    max_pause_sec=2000,
)  # fmt: skip
START = 1_700_000_000.0


class Clock:
    """Time that passes only by sleeping; `at` does something when a time has come."""

    def __init__(self) -> None:
        self.now = START
        self.at: list[tuple[float, Callable[[], Any]]] = []

    def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while self.at and START + self.at[0][0] <= end:
            due, act = self.at.pop(0)
            self.now = START + due
            act()
        self.now = end

    @property
    def passed(self) -> float:
        return round(self.now - START, 3)


class Platform:
    """Answers as it was told, then well; notes when it was asked."""

    def __init__(self, clock: Clock, *answers: str | Exception) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.asked: list[float] = []

    def __call__(self) -> str:
        self.asked.append(self.clock.passed)
        answer = self.answers.pop(0) if self.answers else "answer"
        if isinstance(answer, Exception):
            raise answer
        return answer


BOT = MachineError("bot_check: not a bot?", "bot_check")
TOO_MANY = MachineError("rate_limited: HTTP Error 429", "rate_limited")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def traffic(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Traffic:
    monkeypatch.setattr("random.random", lambda: 0.5)
    return Traffic(tmp_path / ".traffic", SETTINGS, sleep=clock.sleep, now=lambda: clock.now)


def another(traffic: Traffic, clock: Clock) -> Traffic:
    """The traffic of another job: locks are of the object, not of the process."""
    return Traffic(traffic.folder, traffic.settings, sleep=clock.sleep, now=lambda: clock.now)


def test_the_answer_is_passed_on(traffic: Traffic) -> None:
    assert traffic.extraction(lambda: [1]) == [1]
    assert traffic.download(lambda: "path") == "path"


def test_extractions_keep_interval_and_budget_and_downloads_do_not(
    traffic: Traffic, clock: Clock
) -> None:
    platform, streams = Platform(clock), Platform(clock)
    for _ in range(6):
        traffic.extraction(platform)
        traffic.download(streams)
    assert platform.asked == streams.asked == [0, 12, 24, 36, 3600, 3612]


def test_a_bot_check_is_waited_out_and_the_same_job_goes_on(traffic: Traffic, clock: Clock) -> None:
    platform = Platform(clock, BOT, BOT, TOO_MANY)
    assert traffic.extraction(platform) == "answer"
    assert platform.asked == [0, 600, 1800, 3800]
    assert traffic.download(lambda: clock.passed) == 3800


def test_a_request_that_is_refused_five_times_fails_and_leaves_its_slot_to_others(
    traffic: Traffic, clock: Clock
) -> None:
    platform = Platform(clock, *[TOO_MANY] * 9)
    with pytest.raises(MachineError) as caught:
        traffic.extraction(platform)
    assert caught.value is TOO_MANY
    assert platform.asked == [0, 12, 612, 1812, 3812]
    elsewhere = Platform(clock)
    assert another(traffic, clock).extraction(elsewhere) == "answer"
    assert elsewhere.asked == [5812]


def test_a_request_inside_another_that_fails_so_is_not_refused_once_more(
    traffic: Traffic, clock: Clock
) -> None:
    platform = Platform(clock, *[TOO_MANY] * 9)
    with pytest.raises(MachineError):
        traffic.download(lambda: traffic.extraction(platform))
    assert len(platform.asked) == 5


def test_a_first_429_is_waited_for_alone_as_long_as_the_platform_asks(
    traffic: Traffic, clock: Clock
) -> None:
    asked = MachineError("rate_limited: HTTP Error 429", "rate_limited", retry_after_sec=50)
    elsewhere = Platform(clock)
    clock.at.append((1, lambda: another(traffic, clock).download(elsewhere)))
    platform = Platform(clock, asked)
    assert traffic.extraction(platform) == "answer"
    assert platform.asked == [0, 50]
    assert elsewhere.asked == [1]


def test_a_second_429_within_a_while_pauses_the_others_too(traffic: Traffic, clock: Clock) -> None:
    platform = Platform(clock, TOO_MANY, TOO_MANY)
    assert traffic.extraction(platform) == "answer"
    assert platform.asked == [0, 12, 612]


@pytest.mark.parametrize(
    "error",
    [
        MachineError("network: timed out", "network"),
        MachineError("disk_full: no space", "disk_full"),
        MachineError("unknown: boom", "unknown"),
        InputError("damaged"),
        KeyError("title"),
    ],
    ids=lambda error: type(error).__name__ + getattr(error, "status", ""),
)
def test_other_errors_pass_and_neither_begin_nor_end_a_pause(
    traffic: Traffic, clock: Clock, error: Exception
) -> None:
    with pytest.raises(type(error)) as caught:
        traffic.extraction(Platform(clock, error))
    assert caught.value is error
    platform = Platform(clock, BOT, error)
    with pytest.raises(type(error)):
        traffic.extraction(platform)
    assert platform.asked == [12, 612]
    with pytest.raises(MachineError, match="not another"):  # the pause is not lifted
        traffic.download(lambda: probe_is_taken(another(traffic, clock)))


def probe_is_taken(other: Traffic) -> None:
    """Show that another job may not ask now, because one tries first."""

    def stop(seconds: float) -> None:
        raise MachineError("not another", "unknown")

    other._sleep = stop
    other.download(lambda: pytest.fail("two try first"))


def test_what_the_platform_says_of_a_video_is_an_answer_and_lifts_the_pause(
    traffic: Traffic, clock: Clock
) -> None:
    platform = Platform(clock, BOT, VideoError("removed", "gone"))
    with pytest.raises(VideoError):
        traffic.extraction(platform)
    assert platform.asked == [0, 600]
    assert traffic.download(lambda: another(traffic, clock).download(lambda: clock.passed)) == 600


def test_a_request_inside_another_has_the_one_slot_meanwhile(tmp_path: Path, clock: Clock) -> None:
    settings = TrafficSettings(1, 0, None, 600, 2000)
    traffic = Traffic(tmp_path, settings, sleep=clock.sleep, now=lambda: clock.now)

    def download() -> str:
        address = traffic.extraction(Platform(clock, BOT, "address"))
        with pytest.raises(MachineError, match="not another"):  # the slot is taken again
            probe_is_taken(another(traffic, clock))
        return address

    assert traffic.download(download) == "address"
    assert clock.passed == 600
    assert another(traffic, clock).download(lambda: "free") == "free"


def test_an_error_inside_a_request_inside_another_passes_and_frees_the_slot(
    tmp_path: Path, clock: Clock
) -> None:
    settings = TrafficSettings(1, 0, None, 600, 2000)
    traffic = Traffic(tmp_path, settings, sleep=clock.sleep, now=lambda: clock.now)
    gone = VideoError("removed", "gone")
    with pytest.raises(VideoError):
        traffic.download(lambda: traffic.extraction(Platform(clock, gone)))
    assert traffic.download(lambda: "free") == "free"


def test_a_wait_is_logged_when_it_begins_and_every_ten_minutes(
    traffic: Traffic, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        traffic.extraction(Platform(clock, BOT, BOT))
    lines = [record.getMessage() for record in caplog.records]
    assert [line.partition(": ")[0][:13] for line in lines[:-1]] == ["waiting until"] * 3
    assert all(line.endswith("all fetching pauses (bot_check: not a bot?)") for line in lines[:-1])
    assert lines[-1] == "the platform answers again: fetching goes on"


def test_a_pause_ends_within_a_minute_when_its_state_is_removed_by_hand(
    traffic: Traffic, clock: Clock
) -> None:
    platform = Platform(clock, BOT)
    clock.at.append((100, (traffic.folder / "state.json").unlink))
    traffic.extraction(platform)
    assert platform.asked == [0, 120]


@pytest.mark.parametrize(
    "content",
    [b"", b'{"written_at": 17', b"\xff\x00", b"[]", b"{}", b"null", b'{"paused_until": 1e400}'],
    ids=repr,
)
def test_a_damaged_state_is_begun_afresh_with_a_line_in_the_log(
    traffic: Traffic, clock: Clock, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    traffic.extraction(Platform(clock))
    (traffic.folder / "state.json").write_bytes(content)
    platform = Platform(clock)
    traffic.extraction(platform)
    assert platform.asked == [0]
    assert caplog.text.count("is damaged, requests are counted anew") == 1
    traffic.extraction(platform)
    assert platform.asked == [0, 12]


def test_a_state_from_the_future_is_begun_afresh(traffic: Traffic, clock: Clock) -> None:
    traffic.extraction(Platform(clock))
    clock.now -= 10**6
    assert traffic.download(lambda: "now") == "now"


def test_the_time_is_that_of_the_file_system(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("time.time", lambda: 0.0)
    shared_traffic(tmp_path, {**vars(SETTINGS)}).extraction(lambda: None)
    state = json.loads((tmp_path / ".traffic" / "state.json").read_text())
    assert state["starts"] == [(tmp_path / ".traffic" / "clock").stat().st_mtime]
    assert state["starts"][0] > START


def test_a_folder_that_cannot_be_used_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / ".traffic").touch()
    with pytest.raises(MachineError, match=rf"{tmp_path}/\.traffic: requests cannot be paced"):
        shared_traffic(tmp_path, {**vars(SETTINGS)}).download(lambda: None)


def test_nothing_but_state_clock_and_locks_lies_in_the_folder(traffic: Traffic) -> None:
    traffic.extraction(lambda: None)
    assert {entry.name for entry in os.scandir(traffic.folder)} == {
        "state.json", "state.lock", "slot_0.lock",
    }  # fmt: skip


def test_a_common_pause_is_told_to_those_who_look_at_the_corpus(
    traffic: Traffic, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signverse.traffic.turns.time.time", lambda: clock.now)
    assert common_pause(tmp_path) is None
    seen: list[Any] = []
    clock.at = [(100, lambda: seen.append(common_pause(tmp_path)))]
    traffic.extraction(Platform(clock, BOT))
    assert [(wait.seconds, wait.why) for wait in seen] == [
        (500, "all fetching pauses (bot_check: not a bot?)")
    ]
    assert common_pause(tmp_path) is None
