"""A crew of processes on this machine."""

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
"""Of this process, once it has painted."""


class LocalCrew:
    """So many processes, each with its share of the cores."""

    def __init__(self, order: Order, *, size: int, threads: int) -> None:
        """threads: how many each may use."""
        self.size = size
        self._order, self._threads = order, threads
        self._pool = self._new_pool()

    def submit(self, task: Task) -> "Future[Painted]":
        """Have a segment painted; the future raises LostWorker where its worker is lost."""
        try:
            inner = self._pool.submit(_paint, self._order, self._threads, task)
        except BrokenProcessPool:  # One was lost, and with it the pool.
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
        # A fork would carry threads that do not run into the new process.
        context = spawn_context()
        return ProcessPoolExecutor(self.size, mp_context=context, initializer=end_with_parent)

    def __enter__(self) -> "LocalCrew":
        return self

    def __exit__(self, *told: Any) -> None:
        end_pool(self._pool, at_once=told[0] is not None)


def end_pool(pool: ProcessPoolExecutor, *, at_once: bool) -> None:
    """End its processes; at once, where no one will gather what they are at."""
    if at_once:
        for process in list((pool._processes or {}).values()):
            process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)


def end_with_parent() -> None:
    """Let this process end with its parent: where that is killed, no one else would."""
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
