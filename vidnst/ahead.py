"""Run a stage in a thread of its own, some items ahead of who takes them."""

from collections.abc import Generator, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T], *, depth: int = 4) -> Generator[T, None, None]:
    """Yield the items of an iterator that runs in a thread, at most `depth` items ahead.

    What the iterator raises is raised here. Closing this generator stops the thread and waits.
    """
    ready: Queue[tuple[T | None, BaseException | None, bool]] = Queue(depth)
    stopped = Event()

    def put(entry: tuple[T | None, BaseException | None, bool]) -> None:
        while not stopped.is_set():
            try:
                ready.put(entry, timeout=0.1)
                return
            except Full:
                continue

    def work() -> None:
        failure: BaseException | None = None
        try:
            for item in items:
                put((item, None, False))
                if stopped.is_set():
                    break
        except BaseException as error:
            failure = error
        finally:
            if isinstance(items, Generator):
                items.close()
            put((None, failure, True))

    thread = Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                # With a time limit, so that Ctrl-C is heard while waiting.
                item, failure, ended = ready.get(timeout=0.1)
            except Empty:
                continue
            if failure is not None:
                raise failure
            if ended:
                return
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join()
