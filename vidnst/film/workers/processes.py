"""A crew of worker processes on this machine."""

import os
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import parent_process
from threading import Thread
from typing import Any

from vidnst.film.workers.isolation import spawn_context
from vidnst.film.workers.spread import LostWorker
from vidnst.film.workers.worker import Order, Painted, SegmentWorker, Task

_worker: SegmentWorker | None = None
"""The worker of this process, created by its first task."""


class LocalCrew:
    """A pool of worker processes, each with its share of the cores."""

    def __init__(self, order: Order, *, size: int, threads: int) -> None:
        """threads: how many each may use."""
        self.size = size
        self._order, self._threads = order, threads
        self._pool = self._new_pool()

    def submit(self, task: Task) -> "Future[Painted]":
        """Have a segment painted; the future raises LostWorker where its worker is lost."""
        try:
            inner = self._pool.submit(_paint, self._order, self._threads, task)
        except BrokenProcessPool:  # A process died, which broke the pool.
            self._pool.shutdown(wait=False)
            self._pool = self._new_pool()
            inner = self._pool.submit(_paint, self._order, self._threads, task)
        outer: Future[Painted] = Future()

        def pass_on(done: "Future[Painted]") -> None:
            error = done.exception()
            if isinstance(error, BrokenProcessPool):
                outer.set_exception(LostWorker())
            elif error is not None:
                outer.set_exception(error)
            else:
                outer.set_result(done.result())

        inner.add_done_callback(pass_on)
        return outer

    def _new_pool(self) -> ProcessPoolExecutor:
        # Not fork, which copies the state of threads that do not run in the new process.
        context = spawn_context()
        return ProcessPoolExecutor(self.size, mp_context=context, initializer=end_with_parent)

    def __enter__(self) -> "LocalCrew":
        return self

    def __exit__(self, *exc_info: Any) -> None:
        end_pool(self._pool, at_once=exc_info[0] is not None)


def end_pool(pool: ProcessPoolExecutor, *, at_once: bool) -> None:
    """Shut down the pool; at_once terminates its processes, whose results are not needed."""
    if at_once:
        for process in list((pool._processes or {}).values()):
            process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


def end_with_parent() -> None:
    """Exit when the parent process does, so that no worker process outlives a killed parent."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, name="end with parent", daemon=True).start()


def _paint(order: Order, threads: int, task: Task) -> Painted:
    global _worker
    if _worker is None:
        _worker = SegmentWorker(order, threads=threads)
    return _worker.paint(task)
