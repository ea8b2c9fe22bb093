"""The thread between two stages: order, errors and an early end."""

import threading
import time
from collections.abc import Iterator

import pytest

from vidnst.film.pipeline import ahead, in_parallel


def test_items_come_in_order() -> None:
    assert list(ahead(iter(range(100)), depth=3)) == list(range(100))


def test_an_error_in_the_thread_reaches_the_caller() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    items = ahead(failing())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_no_more_than_depth_items_wait() -> None:
    made = []

    def source() -> Iterator[int]:
        for index in range(1000):
            made.append(index)
            yield index

    items = ahead(source(), depth=2)
    next(items)
    time.sleep(0.2)
    assert len(made) <= 5
    items.close()


def test_closing_stops_the_thread_and_closes_the_source() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    before = threading.active_count()
    items = ahead(endless())
    next(items)
    items.close()
    assert closed.is_set()
    assert threading.active_count() == before


def test_parallel_results_come_in_order() -> None:
    def slow_when_even(number: int) -> int:
        time.sleep(0.01 * (number % 2 == 0))
        return number * 10

    begun: list[int] = []
    results = in_parallel(
        slow_when_even, iter(range(20)), workers=3, begin_worker=lambda: begun.append(1)
    )
    assert list(results) == [10 * number for number in range(20)]
    assert 1 <= len(begun) <= 3


def test_an_error_in_a_worker_reaches_the_caller() -> None:
    def failing(number: int) -> int:
        if number == 5:
            raise ValueError("broken")
        return number

    results = in_parallel(failing, iter(range(20)), workers=2, begin_worker=lambda: None)
    with pytest.raises(ValueError, match="broken"):
        list(results)


def test_closing_a_parallel_stage_stops_it() -> None:
    def endless() -> Iterator[int]:
        while True:
            yield 1

    before = threading.active_count()
    results = in_parallel(lambda n: n, endless(), workers=2, begin_worker=lambda: None)
    next(results)
    results.close()
    assert threading.active_count() == before
