"""Pipeline stages in threads: one that reads ahead, or a pool that keeps the order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(items: Iterator[T], *, depth: int = 4) -> Generator[T, None, None]:
    """Yield the items of an iterator that runs in a thread, at most `depth` items ahead.

    What the iterator raises is raised here. Closing this generator stops and joins the thread.
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
                # With a timeout, so that Ctrl-C is handled while waiting.
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


def with_one_before(
    items: Iterable[T], before: T | None = None
) -> Generator[tuple[T | None, T], None, None]:
    """Yield each item with the one before it; the first with `before`."""
    for item in items:
        yield before, item
        before = item


def in_parallel(
    function: Callable[[T], R],
    items: Iterator[T],
    *,
    workers: int,
    begin_worker: Callable[[], None],
) -> Generator[R, None, None]:
    """Yield function(item) for each item, in order, with `workers` threads at work.

    begin_worker runs first in each thread. At most twice as many items as workers are under way.
    What function or the iterator raises is raised here.
    """
    with ThreadPoolExecutor(workers, "in_parallel", begin_worker) as pool:
        under_way: deque[Future[R]] = deque()
        try:
            for item in items:
                under_way.append(pool.submit(function, item))
                if len(under_way) == 2 * workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
