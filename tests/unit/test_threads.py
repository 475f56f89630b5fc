import itertools
import threading
import time
from collections.abc import Iterator

import pytest

from signverse.threads import read_ahead


def test_items_come_in_their_order() -> None:
    assert list(read_ahead(range(100), 3)) == list(range(100))


def test_nothing_gives_nothing() -> None:
    assert list(read_ahead([], 3)) == []


def test_items_are_taken_in_another_thread() -> None:
    def threads() -> Iterator[int]:
        yield threading.get_ident()

    assert next(read_ahead(threads(), 1)) != threading.get_ident()


def test_no_more_items_are_taken_ahead_than_allowed() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in itertools.count():
            taken.append(number)
            yield number

    ahead = read_ahead(items(), 4)
    assert next(ahead) == 0
    time.sleep(0.3)
    assert len(taken) == 1 + 4 + 1  # given, waiting, and the one in hand
    ahead.close()  # type: ignore[attr-defined]


def test_an_exception_is_raised_at_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("two is broken")

    ahead = read_ahead(items(), 4)
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="two is broken"):
        next(ahead)


def test_a_consumer_that_leaves_ends_the_thread() -> None:
    before = threading.active_count()
    ahead = read_ahead(itertools.count(), 2)
    next(ahead)
    assert threading.active_count() == before + 1
    ahead.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_slow_work_on_both_sides_overlaps() -> None:
    def slow() -> Iterator[int]:
        for number in range(10):
            time.sleep(0.03)
            yield number

    start = time.monotonic()
    for _ in read_ahead(slow(), 2):
        time.sleep(0.03)
    assert time.monotonic() - start < 0.5  # one after the other takes 0.6
