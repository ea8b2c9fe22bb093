"""The time that each pipeline stage takes or waits."""

import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from threading import Lock, local
from typing import TypeVar

T = TypeVar("T")


class Profile:
    """Adds up the time that stages take, in whatever threads they run.

    Within one thread, the time of a nested stage is not counted for the stage around it.
    """

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._seconds: dict[str, float] = {}
        self._lock = Lock()
        self._of_thread = local()

    @contextmanager
    def stage(self, name: str) -> Generator[None, None, None]:
        """Count the time spent inside."""
        open_stages: list[float] = self._of_thread.__dict__.setdefault("open_stages", [])
        open_stages.append(0.0)
        started = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            within = open_stages.pop()
            if open_stages:
                open_stages[-1] += took
            self._add(name, took - within)

    def each(
        self, name: str, items: Iterable[T], *, outside: str | None = None
    ) -> Generator[T, None, None]:
        """Count the time to produce each item, and as `outside` that until the next is requested.

        Closing this generator closes that of the items.
        """
        iterator = iter(items)
        try:
            while True:
                with self.stage(name):
                    try:
                        item = next(iterator)
                    except StopIteration:
                        return
                given = time.perf_counter()
                yield item
                if outside is not None:
                    self._add(outside, time.perf_counter() - given)
        finally:
            if isinstance(iterator, Generator):
                iterator.close()

    def milliseconds(self, frames: int) -> dict[str, float]:
        """Milliseconds per frame of each stage, in order of first use; the total comes last."""
        seconds = self._seconds | {"all": time.perf_counter() - self._started}
        return {name: 1e3 * taken / max(frames, 1) for name, taken in seconds.items()}

    def _add(self, name: str, seconds: float) -> None:
        with self._lock:
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds
