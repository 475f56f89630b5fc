"""Rolling captions: each line once, at the time it was said.

Automatic captions roll: a cue repeats the lines that are still on the screen and adds one below.
On YouTube, between two such cues a third of 10 ms holds the old lines:

    00:00:01.000 --> 00:00:02.990
    <blank>
    so<00:00:01.400><c> this</c>

    00:00:02.990 --> 00:00:03.000
    so this
    <blank>

    00:00:03.000 --> 00:00:05.990
    so this
    is<00:00:03.500><c> new</c>

The rule, for WebVTT and json3 alike: a segment is what one cue or event adds. It begins with its
first word, and ends when the next one begins, or before that, when it leaves the screen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from signverse.captions.cleaning import clean
from signverse.captions.cues import TIME, Cue, seconds

HOLD_SEC = 0.02  # holds of 10 ms and the gaps of 10 ms where they are empty, with a margin
WORD_TIME = re.compile(rf"<{TIME}>", re.ASCII)
FIRST_WORD_TIME = re.compile(rf"\s*(?:<c[^<>]*>)?<{TIME}>", re.ASCII)
# Without holds and word times only repetition tells: so much of it is no refrain.
MIN_ROLLS = 3
MIN_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a cue that is not blank: its place from the top, raw and clean text."""

    place: int
    raw: str
    text: str

    @property
    def timed(self) -> bool:
        """Whether its words have times of their own: they are being said."""
        return WORD_TIME.search(self.raw) is not None


@dataclass(frozen=True, slots=True)
class _Step:
    """A cue, its rows, how many of them the cue before showed, whether these moved up, and whether
    the cue joins that one in time.
    """

    cue: Cue
    rows: list[_Row]
    carried: int
    moved: bool
    joins: bool

    @property
    def is_hold(self) -> bool:
        """Whether it shows for a moment what was there, or nothing."""
        short = 0 < self.cue.end_sec - self.cue.start_sec <= HOLD_SEC
        return short and self.carried == len(self.rows)

    @property
    def shows(self) -> bool:
        """Whether it is more than a pause with an empty screen."""
        return bool(self.rows) or self.is_hold

    @property
    def rolls(self) -> bool:
        """Whether it keeps lines of the cue before and adds to them."""
        return 0 < self.carried < len(self.rows)


def unroll(cues: list[Cue], *, manual: bool) -> list[Cue]:
    """Cues that show each line once; unchanged when the captions do not roll.

    Whether they roll is told by what they show; of manual captions that only repeat lines more
    is asked, for a refrain does so too. Captions that say a thing twice keep it twice.
    """
    steps = list(_steps(cues))
    return end_at_next(_added(steps)) if _is_rolling(steps, manual) else cues


def end_at_next(cues: list[Cue]) -> list[Cue]:
    """Cues by their start, each ending at the latest when the next one begins."""
    ordered = sorted(cues, key=lambda cue: cue.start_sec)
    ended = [
        replace(cue, end_sec=after.start_sec)
        if cue.start_sec < after.start_sec <= cue.end_sec + HOLD_SEC
        else cue
        for cue, after in pairwise(ordered)
    ]
    return [*ended, *ordered[-1:]]


def _steps(cues: list[Cue]) -> Iterator[_Step]:
    before: list[_Row] = []
    end_sec = -HOLD_SEC
    for cue in sorted(cues, key=lambda cue: cue.start_sec):
        rows = [
            _Row(place, line, text)
            for place, line in enumerate(cue.text.split("\n"))
            if (text := clean(line))
        ]
        joins = cue.start_sec <= end_sec + HOLD_SEC
        # A row above words that are being said is an old one, even after a gap.
        carried = _carried(before, rows) if joins or any(row.timed for row in rows[1:]) else 0
        moved = carried > 0 and rows[0].place < before[-carried].place
        yield _Step(cue, rows, carried, moved, joins)
        before, end_sec = rows, cue.end_sec


def _carried(before: list[_Row], rows: list[_Row]) -> int:
    """How many rows at the top are the last ones of before, moved up or left in place.

    A row with word times is being said, and one further down than before is new.
    """
    for count in range(min(len(before), len(rows)), 0, -1):
        pairs = list(zip(before[-count:], rows, strict=False))
        if all(o.text == n.text and n.place <= o.place and not n.timed for o, n in pairs):
            return count
    return 0


def _is_rolling(steps: list[_Step], manual: bool) -> bool:
    joining = [step for step in steps[1:] if step.carried or (step.joins and step.shows)]
    rolls = [step for step in joining if step.rolls]
    # In manual captions a row that only moves up may as well have been said again.
    holds = [s for s in joining if s.is_hold or (s.moved and not s.rolls and not manual)]
    if not rolls and not holds:
        return False
    if not manual or holds or any(row.timed for step in rolls for row in step.rows):
        return len(rolls) + len(holds) >= len(joining) / 2
    added = [row.text for step in rolls for row in step.rows[step.carried :]]
    enough = len(rolls) >= max(MIN_ROLLS, MIN_SHARE * len(joining))
    return enough and len(set(added)) == len(added)


def _added(steps: list[_Step]) -> list[Cue]:
    """What each cue adds, from its first word until it leaves the screen."""
    added: list[Cue] = []
    on_screen: list[int] = []  # for each row of the last cue, which of `added` has it
    for step in steps:
        carried = on_screen[len(on_screen) - step.carried :]
        for number in carried:
            added[number] = replace(added[number], end_sec=step.cue.end_sec)
        new = step.rows[step.carried :]
        on_screen = carried + [len(added)] * len(new)
        if new:
            text = "\n".join(row.raw for row in new)
            added.append(Cue(_first_word_sec(step.cue, new[0]), step.cue.end_sec, text))
    return added


def _first_word_sec(cue: Cue, row: _Row) -> float:
    """When the first word of a row is said: its own time, if it has one inside the cue."""
    match = FIRST_WORD_TIME.match(row.raw)
    own_sec = seconds(*match.groups()) if match else cue.start_sec
    return own_sec if cue.start_sec <= own_sec <= cue.end_sec else cue.start_sec
