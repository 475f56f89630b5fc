"""Turns: who of all processes and hosts that share a corpus may ask the platform now.

The state lies in a folder that all share. It is read and written under a lock and replaced as a
whole; slots for concurrent requests and the right to try first after a pause are locks of their
own, held during the request. A lock is an flock(2) on a file: the system ends it with the process,
however that dies, so a killed job gives back its slot, and another one tries first in its place.

Among hosts this needs flock to work across them: on NFS it does (Linux passes it to the server as
a lock of the whole file) unless mounted with nolock or local_lock=flock or all; Lustre has to be
mounted with flock, localflock is not enough. Where it does not reach, every host keeps the limits
for itself. A host that loses the server loses its locks there, and others take its slots.

Times are those of the shared file system, never of a host: the mtime of a file touched just now,
which NFS servers set themselves. Lustre takes it from the host, whose clocks must agree there.
"""

import contextlib
import dataclasses
import logging
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from signverse.errors import InputError, MachineError, VideoError
from signverse.files import read_json, write_json
from signverse.traffic.state import (
    BOT_CHECK,
    RATE_LIMITED,
    Kind,
    TrafficSettings,
    TrafficState,
    Wait,
)

T = TypeVar("T")

POLL_SEC = 0.5  # for a slot, or the end of another job's first try
LONGEST_SLEEP_SEC = 60.0  # then look again: the state may have been removed by hand
LOG_AGAIN_SEC = 600.0
# Of one request, before its job fails: it may be refused for what it asks while others are
# answered, and a few such jobs would hold all slots and have everybody pause for ever.
MOST_REFUSALS = 5


def shared_traffic(results: str | Path, settings: Mapping[str, Any]) -> "Traffic":
    """The traffic of all that share a results folder; settings: the config section `traffic`."""
    # Absolute, for a download works in a folder of its own.
    return Traffic(Path(results).absolute() / ".traffic", TrafficSettings(**settings))


def common_pause(results: str | Path) -> Wait | None:
    """The pause that all fetch jobs of a corpus keep just now, by the clock of this host."""
    path, now = Path(results) / ".traffic" / "state.json", time.time()
    return _stored(path, now).pause(now)


@dataclass
class _Turn:
    """A request that may be made: its locks, and whether it is the first after a pause."""

    locks: contextlib.ExitStack
    tries_first: bool
    held: bool = True

    def end(self) -> None:
        """Give back slot and right."""
        self.locks.close()
        self.tries_first = self.held = False


class Traffic:
    """Requests to the platform, in turns that all users of `folder` take.

    For one thread at a time. sleep, now: for tests; `now` tells seconds of the clock that all
    share.
    """

    def __init__(
        self, folder: Path, settings: TrafficSettings,
        *, sleep: Callable[[float], None] = time.sleep, now: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.settings = settings
        self._sleep = sleep
        self._now = now or self._file_system_time
        self._held: _Turn | None = None

    def extraction(self, ask: Callable[[], T]) -> T:
        """Ask about a video, subtitles included, when it is this job's turn; return the answer.

        It waits as long as it takes, for a free slot, the interval, the budget and the end of a
        pause, and says so in the log. When the platform refuses (MachineError with the status
        rate_limited or bot_check) it waits and asks again; the fifth refusal passes, and all other
        errors do at once. A VideoError counts as an answer. Raises MachineError when `folder`
        cannot be used.
        """
        return self._request("extraction", ask)

    def download(self, fetch: Callable[[], T]) -> T:
        """As `extraction`, for a stream: without interval and budget.

        `fetch` may call `extraction`, for a fresh address: the slot is given back meanwhile.
        """
        return self._request("download", fetch)

    def _request(self, kind: Kind, call: Callable[[], T]) -> T:
        with self._outside_of_the_request_around():
            refusals = 0
            while True:
                self._held = turn = self._turn(kind)
                try:
                    answer = call()
                except VideoError:
                    self._answered(kind, turn)
                    raise
                except MachineError as error:
                    # A turn that is not held: it is the error of a request inside this one.
                    if error.status not in (RATE_LIMITED, BOT_CHECK) or not turn.held:
                        raise
                    alone = self._refused(kind, turn, error)
                    refusals += 1
                    if refusals == MOST_REFUSALS:
                        raise
                else:
                    self._answered(kind, turn)
                    return answer
                finally:
                    self._held = None
                    turn.end()
                self._sleep(alone)

    @contextlib.contextmanager
    def _outside_of_the_request_around(self) -> Iterator[None]:
        """Give back the turn of a request that this one is made in, so that none waits for itself.

        A new one is taken afterwards, unless this request has failed and with it the other.
        """
        around, self._held = self._held, None
        if around is not None:
            around.end()
        yield
        if around is not None:
            again = self._turn("download")  # its interval and budget are paid for
            around.locks, around.tries_first, around.held = again.locks, again.tries_first, True
            self._held = around

    def _turn(self, kind: Kind) -> _Turn:
        """Wait for a turn; its locks are held."""
        waited = 0.0
        said: dict[str, float] = {}  # reason → when it was logged last
        while isinstance(found := self._turn_now(kind), Wait):
            if waited - said.get(found.why, -LOG_AGAIN_SEC) >= LOG_AGAIN_SEC:
                said[found.why] = waited
                until = datetime.now() + timedelta(seconds=found.seconds)  # to read, not to reckon
                logging.info("waiting until %s: %s", until.isoformat(" ", "seconds"), found.why)
            seconds = min(found.seconds, LONGEST_SLEEP_SEC)
            self._sleep(seconds)
            waited += seconds
        return found

    def _turn_now(self, kind: Kind) -> _Turn | Wait:
        with contextlib.ExitStack() as locks:
            with self._state() as (state, now):
                if wait := state.wait(kind, now, self.settings):
                    return wait
                tries_first = state.paused_until is not None
                if tries_first and not self._locked(locks, "first_try"):
                    return Wait(POLL_SEC, f"another job tries first ({state.pause_reason})")
                slots = self.settings.max_concurrent_requests
                if not any(self._locked(locks, f"slot_{number}") for number in range(slots)):
                    return Wait(POLL_SEC, f"{slots} requests are under way")
                if kind == "extraction":
                    state.begin(now, self.settings, random.random())
            return _Turn(locks.pop_all(), tries_first)

    def _answered(self, kind: Kind, turn: _Turn) -> None:
        if turn.tries_first:
            with self._state() as (state, _):
                state.lift(kind)
            logging.info("the platform answers again: fetching goes on")

    def _refused(self, kind: Kind, turn: _Turn, error: MachineError) -> float:
        with self._state() as (state, now):
            alone = state.refuse(
                kind, now, self.settings, status=error.status, reason=str(error),
                retry_after_sec=error.retry_after_sec or 0.0, tried_first=turn.tries_first,
            )  # fmt: skip
        if alone:
            logging.warning("asking again in %.0f s: %s", alone, error)
        return alone

    @contextlib.contextmanager
    def _state(self) -> Iterator[tuple[TrafficState, float]]:
        """The shared state, to read and change, with the time; stored when it was changed."""
        path = self.folder / "state.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = self._lock("state")
            lock.acquire(poll_interval=0.02)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            now = self._now()
            state = _stored(path, now)
            before = dataclasses.asdict(state)
            yield state, now
            if dataclasses.asdict(state) != before:
                state.written_at = now
                write_json(path, dataclasses.asdict(state))
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            lock.release()

    def _unusable(self, error: OSError) -> MachineError:
        return MachineError(f"{self.folder}: requests cannot be paced by locks there ({error})")

    def _lock(self, name: str) -> FileLock:
        """A lock of its own for every holder, threads of one process included."""
        path = self.folder / f"{name}.lock"
        return FileLock(path, thread_local=False, fallback_to_soft=False)

    def _locked(self, locks: contextlib.ExitStack, name: str) -> bool:
        """Add a lock that is free to `locks`; False when it is not."""
        lock = self._lock(name)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        locks.callback(lock.release)
        return True

    def _file_system_time(self) -> float:
        descriptor = os.open(self.folder / "clock", os.O_WRONLY | os.O_CREAT, 0o666)
        try:
            os.utime(descriptor)
            return os.fstat(descriptor).st_mtime
        finally:
            os.close(descriptor)


def _stored(path: Path, now: float) -> TrafficState:
    """The state in a file; a new one when there is none, or none that makes sense."""
    if not path.exists():
        return TrafficState(written_at=now)
    try:
        return TrafficState.from_document(read_json(path), now)
    except (InputError, ValueError) as error:
        logging.warning("%s is damaged, requests are counted anew (%s)", path, error)
        return TrafficState(written_at=now)
