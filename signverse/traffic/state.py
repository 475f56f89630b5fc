"""What all fetch jobs of a corpus know together: recent extractions, and a common pause.

Nothing here waits, locks or looks at a clock: times are seconds of one clock that all share.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Kind = Literal["extraction", "download"]

RATE_LIMITED = "rate_limited"
BOT_CHECK = "bot_check"

WINDOW_SEC = 3600.0  # of the budget
# An interval is prolonged by up to this share, so that requests keep no beat: 10 s become 12 s on
# average, which is 300 an hour.
JITTER_SHARE = 0.4
LONGEST_SEC = 86400.0  # no wait is longer, whatever a Retry-After or a damaged file says
CLOCK_SLACK_SEC = 60.0  # hosts of one file system agree at least so far


@dataclass(frozen=True)
class TrafficSettings:
    """How politely to fetch: the config section `traffic`.

    max_concurrent_requests: extractions and downloads at the same time.
    request_interval_sec: least time between the starts of two extractions.
    videos_per_hour: extractions within any hour; None for no budget.
    pause_sec, max_pause_sec: the first pause of all, and the longest that it grows to.
    """

    max_concurrent_requests: int
    request_interval_sec: float
    videos_per_hour: int | None
    pause_sec: float
    max_pause_sec: float


@dataclass(frozen=True)
class Wait:
    """A reason not to go on now, and for how many seconds."""

    seconds: float
    why: str


@dataclass
class TrafficState:
    """The shared state; all times in seconds of the shared clock, 0 for never.

    written_at: when it was stored.
    starts: when the extractions of the last hour began, oldest first, as many as the budget has.
    next_start: when the next one may begin.
    paused_until: end of the common pause; after it one job tries first. None: no pause.
    pause_sec: length of the last pause, which the next one doubles; 0 after a success.
    pause_kind, pause_reason: what was refused, and in which words.
    warned_until: a refusal before this time is a repeated one.
    """

    written_at: float = 0.0
    starts: list[float] = field(default_factory=list)
    next_start: float = 0.0
    paused_until: float | None = None
    pause_sec: float = 0.0
    pause_kind: str = ""
    pause_reason: str = ""
    warned_until: float = 0.0

    @classmethod
    def from_document(cls, document: Mapping[str, Any], now: float) -> Self:
        """The state as it was stored; ValueError when it makes no sense at the time `now`."""
        defaults = cls()
        if document.keys() != dataclasses.asdict(defaults).keys():
            raise ValueError(f"keys: {', '.join(map(str, document))}")
        state = cls(**document)
        texts = (state.pause_kind, state.pause_reason)
        if not isinstance(state.starts, list) or not all(isinstance(t, str) for t in texts):
            raise ValueError("a value of the wrong type")
        pause = [] if state.paused_until is None else [state.paused_until]
        times = (state.next_start, state.warned_until, *pause)
        numbers = (state.written_at, state.pause_sec, *state.starts, *times)
        if not all(_is_number(number) for number in numbers):
            raise ValueError("a value that is no number of seconds")
        if state.written_at > now + CLOCK_SLACK_SEC:
            raise ValueError("written in the future")
        if max(state.starts, default=0.0) > state.written_at or state.pause_sec > LONGEST_SEC:
            raise ValueError("a time that cannot be")
        if max(times) > state.written_at + 2 * LONGEST_SEC:
            raise ValueError("a time in the far future")
        return state

    def wait(self, kind: Kind, now: float, settings: TrafficSettings) -> Wait | None:
        """Why a request of this kind may not begin at the time `now`; None when it may."""
        if kind == "download" or self.pause(now):
            return self.pause(now)
        # The interval of this job's own settings, should they have changed since.
        longest = settings.request_interval_sec * (1 + JITTER_SHARE)
        budget = settings.videos_per_hour
        recent = [start for start in self.starts if start > now - WINDOW_SEC]
        if budget is not None and len(recent) >= budget:
            left = recent[-budget] + WINDOW_SEC - now
            return Wait(left, f"{budget} videos were asked for within the hour")
        left = min(self.next_start - now, longest)
        return Wait(left, "another video was asked for just now") if left > 0 else None

    def pause(self, now: float) -> Wait | None:
        """What is left of the common pause at the time `now`; None when there is none."""
        if self.paused_until is None or now >= self.paused_until:
            return None
        return Wait(self.paused_until - now, f"all fetching pauses ({self.pause_reason})")

    def begin(self, now: float, settings: TrafficSettings, jitter: float) -> None:
        """Count an extraction that begins; jitter: 0 to 1."""
        recent = [start for start in self.starts if now - WINDOW_SEC < start <= now]
        self.starts = (
            [*recent, now][-settings.videos_per_hour :] if settings.videos_per_hour else []
        )
        self.next_start = now + settings.request_interval_sec * (1 + JITTER_SHARE * jitter)

    def lift(self, kind: Kind) -> None:
        """End the pause: the one that tried first got an answer.

        A download that succeeds proves little about extractions: it does not reset the growth of a
        pause that they caused, should the next one be refused again.
        """
        self.paused_until = None
        if kind in ("extraction", self.pause_kind):
            self.pause_sec = 0.0

    def refuse(
        self, kind: Kind, now: float, settings: TrafficSettings,
        *, status: str, reason: str, retry_after_sec: float, tried_first: bool,
    ) -> float:  # fmt: skip
        """Count a refusal; return for how many seconds the refused job alone has to wait.

        A bot check and the second refusal within a while start the common pause; that of the
        job that tried first after a pause starts a longer one; those of requests that were under
        way when the pause began do not make it grow.
        """
        asked = min(retry_after_sec, LONGEST_SEC)
        if self.paused_until is not None and not tried_first:
            self.paused_until = max(self.paused_until, now + asked)
            return 0.0
        if status == RATE_LIMITED and self.paused_until is None and now >= self.warned_until:
            alone = max(asked, settings.request_interval_sec)
            self.warned_until = now + alone + settings.pause_sec
            return alone
        self.pause_sec = min(max(settings.pause_sec, 2 * self.pause_sec), settings.max_pause_sec)
        self.paused_until = now + max(self.pause_sec, asked)
        self.pause_kind, self.pause_reason, self.warned_until = kind, reason, 0.0
        return 0.0


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0  # type: ignore[operator, arg-type]
