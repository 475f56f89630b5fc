import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signverse.traffic.state import (
    BOT_CHECK,
    JITTER_SHARE,
    LONGEST_SEC,
    RATE_LIMITED,
    Kind,
    TrafficSettings,
    TrafficState,
)

SETTINGS = TrafficSettings(
    max_concurrent_requests=4, request_interval_sec=10, videos_per_hour=3, pause_sec=600,
    max_pause_sec=2000,
)  # fmt: skip
NOW = 1_700_000_000.0


def seconds(state: TrafficState, now: float, kind: Kind = "extraction") -> float:
    wait = state.wait(kind, now, SETTINGS)
    return wait.seconds if wait else 0.0


def refuse(
    state: TrafficState, now: float, status: str = BOT_CHECK, *, kind: Kind = "extraction",
    asked: float = 0.0, first: bool = False,
) -> float:  # fmt: skip
    return state.refuse(
        kind, now, SETTINGS, status=status, reason="why", retry_after_sec=asked, tried_first=first
    )


# Interval and budget


def test_the_first_extraction_need_not_wait() -> None:
    assert TrafficState().wait("extraction", NOW, SETTINGS) is None


@pytest.mark.parametrize("jitter", [0, 0.5, 1])
def test_the_next_extraction_waits_for_the_interval_and_its_jitter(jitter: float) -> None:
    state = TrafficState()
    state.begin(NOW, SETTINGS, jitter)
    assert seconds(state, NOW + 1) == pytest.approx(9 + 10 * JITTER_SHARE * jitter)
    assert seconds(state, NOW + 14.1) == 0


def test_an_interval_that_was_shortened_counts_at_once() -> None:
    state = TrafficState()
    state.begin(NOW, dataclasses.replace(SETTINGS, request_interval_sec=1000), 0)
    assert seconds(state, NOW) <= 14


def test_within_any_hour_no_more_extractions_begin_than_the_budget_has() -> None:
    state, now, starts = TrafficState(), NOW, []
    for number in range(12):
        while wait := state.wait("extraction", now, SETTINGS):
            now += wait.seconds
        state.begin(now, SETTINGS, number % 2)
        starts.append(now)
    for start in starts:
        assert len([other for other in starts if start <= other < start + 3600]) <= 3
    assert starts[-1] - NOW < 3 * 3600 + 60  # and no longer than needed
    assert len(state.starts) <= 3


def test_the_wait_for_the_budget_says_so() -> None:
    state = TrafficState(starts=[NOW, NOW + 20, NOW + 40])
    wait = state.wait("extraction", NOW + 100, SETTINGS)
    assert wait is not None
    assert (wait.seconds, wait.why) == (3500, "3 videos were asked for within the hour")


def test_without_a_budget_nothing_is_counted() -> None:
    state, settings = TrafficState(), dataclasses.replace(SETTINGS, videos_per_hour=None)
    for second in range(1000):
        state.begin(NOW + second, settings, 0)
    assert state.starts == []
    assert state.wait("extraction", NOW + 2000, settings) is None


def test_a_download_waits_neither_for_the_interval_nor_for_the_budget() -> None:
    state = TrafficState(starts=[NOW] * 3, next_start=NOW + 10)
    assert seconds(state, NOW, "download") == 0


# Refusals


def test_a_bot_check_pauses_all_at_once() -> None:
    state = TrafficState()
    assert refuse(state, NOW) == 0
    assert seconds(state, NOW + 100) == seconds(state, NOW + 100, "download") == 500
    wait = state.wait("download", NOW, SETTINGS)
    assert wait is not None
    assert wait.why == "all fetching pauses (why)"


@pytest.mark.parametrize(("asked", "alone"), [(0, 10), (3, 10), (30, 30), (1e9, LONGEST_SEC)])
def test_a_first_429_delays_only_the_one_who_got_it(asked: float, alone: float) -> None:
    state = TrafficState()
    assert refuse(state, NOW, RATE_LIMITED, asked=asked) == alone
    assert seconds(state, NOW) == 0


def test_a_second_429_of_anybody_pauses_all_as_long_as_the_platform_asks() -> None:
    for asked, until in ((0, 605), (1000, 1005)):
        state = TrafficState()
        refuse(state, NOW, RATE_LIMITED)
        assert refuse(state, NOW + 5, RATE_LIMITED, asked=asked) == 0
        assert state.paused_until == NOW + until


def test_a_429_long_after_the_first_is_a_first_again_but_not_soon_after_its_own_delay() -> None:
    state = TrafficState()
    assert refuse(state, NOW, RATE_LIMITED, asked=3600) == 3600
    later = dataclasses.replace(state)
    assert refuse(later, NOW + 4300, RATE_LIMITED) == 10
    assert refuse(state, NOW + 4100, RATE_LIMITED) == 0
    assert state.paused_until is not None


def test_the_pause_doubles_up_to_its_greatest_length_while_the_first_try_is_refused() -> None:
    state, now, lengths = TrafficState(), NOW, []
    refuse(state, now)
    for _ in range(4):
        assert state.paused_until is not None
        lengths.append(state.paused_until - now)
        now = state.paused_until + 1
        refuse(state, now, RATE_LIMITED, first=True)
    assert lengths == [600, 1200, 2000, 2000]


def test_refusals_of_requests_that_were_under_way_do_not_make_the_pause_grow() -> None:
    state = TrafficState()
    refuse(state, NOW)
    for second in range(1, 4):
        assert refuse(state, NOW + second) == 0
    assert state.paused_until == NOW + 600
    refuse(state, NOW + 4, asked=700)
    assert (state.paused_until, state.pause_sec) == (NOW + 704, 600)


def test_an_answer_lifts_the_pause_and_its_growth() -> None:
    state = TrafficState()
    refuse(state, NOW)
    refuse(state, NOW + 700, first=True)
    state.lift("extraction")
    assert seconds(state, NOW + 701) == 0
    refuse(state, NOW + 800)
    assert seconds(state, NOW + 800) == 600


@pytest.mark.parametrize(("caused_by", "length"), [("extraction", 1200), ("download", 600)])
def test_a_download_that_succeeds_does_not_excuse_extractions(
    caused_by: Kind, length: float
) -> None:
    state = TrafficState()
    refuse(state, NOW, kind=caused_by)
    state.lift("download")
    assert seconds(state, NOW + 700) == 0
    refuse(state, NOW + 700)
    assert seconds(state, NOW + 700) == length


# What is stored


def test_a_stored_state_comes_back() -> None:
    state = TrafficState()
    state.begin(NOW, SETTINGS, 0.5)
    refuse(state, NOW, RATE_LIMITED)
    refuse(state, NOW)
    state.written_at = NOW
    document = json.loads(json.dumps(dataclasses.asdict(state)))
    assert TrafficState.from_document(document, NOW + 5) == state


@pytest.mark.parametrize(
    "change",
    [
        {"written_at": NOW + 3600}, {"starts": [NOW + 1]}, {"starts": ["x"]}, {"starts": 3},
        {"starts": None}, {"next_start": NOW + 10**6}, {"paused_until": NOW + 10**6},
        {"paused_until": math.inf}, {"paused_until": "tomorrow"}, {"pause_sec": math.nan},
        {"pause_sec": 10**6}, {"pause_sec": True}, {"pause_reason": None}, {"other": 1},
        {"warned_until": 10**30}, {"next_start": -1},
    ],
    ids=repr,
)  # fmt: skip
def test_a_state_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    document = dataclasses.asdict(TrafficState(written_at=NOW)) | change
    with pytest.raises(ValueError, match=r"."):
        TrafficState.from_document(document, NOW)


VALUES = st.one_of(
    st.none(), st.booleans(), st.sampled_from(["", "x"]), st.floats(),
    st.floats(NOW - 10**5, NOW + 10**6), st.lists(st.floats(NOW - 5000, NOW), max_size=4),
)  # fmt: skip
NAMES = st.sampled_from([part.name for part in dataclasses.fields(TrafficState)])


@given(st.dictionaries(NAMES, VALUES))
def test_whatever_is_stored_no_wait_is_longer_than_some_days(change: dict[str, Any]) -> None:
    document = dataclasses.asdict(TrafficState(written_at=NOW)) | change
    try:
        state = TrafficState.from_document(document, NOW)
    except ValueError:
        return
    for kind in ("extraction", "download"):
        wait = state.wait(kind, NOW, SETTINGS)  # type: ignore[arg-type]
        assert wait is None or 0 < wait.seconds <= 2 * LONGEST_SEC + 60
    state.begin(NOW, SETTINGS, 0.5)
    refuse(state, NOW)
