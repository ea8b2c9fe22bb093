"""Render many films, in sequence or in parallel; a failed one does not stop the others."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from threading import Event, Thread
from typing import Any, Literal

import torch

from vidnst.errors import UsageError, VidnstError
from vidnst.film.render import Progress, render
from vidnst.film.workers.isolation import spawn_context
from vidnst.film.workers.processes import end_pool, end_with_parent
from vidnst.media.names import is_pattern, sequence_numbers
from vidnst.options.render import RenderOptions

_LOST = "its process died (not enough memory?)"


@dataclass(frozen=True)
class Outcome:
    """The outcome of one render. reason: why it failed, or was skipped."""

    source: Path
    style: Path
    output: Path
    state: Literal["done", "skipped", "failed"]
    reason: str = ""
    frames: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        paths = {name: str(getattr(self, name)) for name in ("source", "style", "output")}
        return asdict(self) | paths


Listener = Callable[[int, "Progress | Outcome"], None]
"""Callback for the progress and the outcome of each render, with its index in the batch."""


def render_batch(
    batch: Sequence[RenderOptions],
    *,
    workers: int = 1,
    retry: int = 0,
    listen: Listener = lambda index, told: None,
) -> list[Outcome]:
    """Render all whose results do not exist yet. Each names its output.

    workers: the number of processes, each with its share of the cores and its own network. retry:
    how often a failed render is repeated, except after a UsageError.
    Raises UsageError where two renders have one output.
    """
    outputs = [options.output for options in batch]
    twice = next((path for path in outputs if outputs.count(path) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice} would be the result of two renders: rename one of the clips")
    outcomes: dict[int, Outcome] = {}

    def gather(index: int, outcome: Outcome) -> None:
        outcomes[index] = outcome
        listen(index, outcome)

    waiting = []
    for index, options in enumerate(batch):
        if _is_there(options):
            gather(index, replace(_outcome(options, "skipped"), reason="is there already"))
        else:
            waiting.append(index)
    if workers == 1 or len(waiting) < 2:
        for index in waiting:
            gather(index, _tried(batch[index], retry, lambda told, i=index: listen(i, told)))  # type: ignore[misc]
    else:
        _render_side_by_side(batch, waiting, min(workers, len(waiting)), retry, listen, gather)
    return [outcomes[index] for index in range(len(batch))]


def _tried(options: RenderOptions, retry: int, on_progress: Callable[[Progress], None]) -> Outcome:
    """Render, and retry after a failure up to `retry` times."""
    for left in range(retry, -1, -1):
        try:
            assert options.output is not None
            options.output.parent.mkdir(parents=True, exist_ok=True)
            report = render(options, on_progress=on_progress)
            return replace(
                _outcome(options, "done"), frames=report.frames, seconds=round(report.seconds, 3)
            )
        except (VidnstError, MemoryError, OSError) as error:
            failed = replace(_outcome(options, "failed"), reason=str(error) or "not enough memory")
            if not left or isinstance(error, UsageError):
                return failed
    raise AssertionError("unreachable")


def _outcome(options: RenderOptions, state: Literal["done", "skipped", "failed"]) -> Outcome:
    assert options.output is not None
    return Outcome(options.source, options.style, options.output, state)


def _is_there(options: RenderOptions) -> bool:
    output = options.output
    assert output is not None
    there = bool(sequence_numbers(output)) if is_pattern(output) else output.exists()
    return there and not options.overwrite


def _render_side_by_side(
    batch: Sequence[RenderOptions],
    waiting: Sequence[int],
    workers: int,
    retry: int,
    listen: Listener,
    gather: Callable[[int, Outcome], None],
) -> None:
    context = spawn_context()
    queue: Queue[tuple[int, Progress]] = context.Queue()
    threads = max(1, torch.get_num_threads() // workers)
    coming = iter(waiting)
    stopped = Event()

    def work() -> None:
        """Run renders in one process, which is replaced where it dies."""
        process = None
        try:
            for index in coming:  # Shared by all threads: each takes the next index.
                outcome = replace(_outcome(batch[index], "failed"), reason=_LOST)
                for _ in range(retry + 1):
                    process = process or ProcessPoolExecutor(
                        1, context, initializer=_begin, initargs=(queue, threads)
                    )
                    running = process.submit(_in_process, index, batch[index], retry)
                    while not running.done() and not stopped.is_set():
                        wait([running], timeout=0.1)
                    if stopped.is_set():
                        return
                    try:
                        outcome = running.result()
                        break
                    except BrokenProcessPool:
                        process = None
                gather(index, outcome)
        finally:
            if process is not None:
                end_pool(process, at_once=stopped.is_set())

    with _heard(queue, listen), ThreadPoolExecutor(workers, "batch") as threads_pool:
        working = [threads_pool.submit(work) for _ in range(workers)]
        try:
            while not all(thread.done() for thread in working):
                wait(working, timeout=0.1)  # With a timeout, so that Ctrl-C is handled.
            for thread in working:
                thread.result()
        finally:
            stopped.set()


@contextmanager
def _heard(queue: "Queue[tuple[int, Progress]]", listen: Listener) -> Iterator[None]:
    """Pass progress from the queue to the callback, in a thread."""
    ended = Event()

    def hear() -> None:
        while not ended.is_set():
            with suppress(Empty):
                listen(*queue.get(timeout=0.1))

    hearer = Thread(target=hear, name="hear", daemon=True)
    hearer.start()
    try:
        yield
    finally:
        ended.set()
        hearer.join()
        queue.close()


_queue: "Queue[tuple[int, Progress]] | None" = None
"""The queue for the progress of this process."""


def _begin(queue: "Queue[tuple[int, Progress]]", threads: int) -> None:
    global _queue
    _queue = queue
    end_with_parent()
    torch.set_num_threads(threads)


def _in_process(index: int, options: RenderOptions, retry: int) -> Outcome:
    def tell(progress: Progress) -> None:
        assert _queue is not None
        # A step holds a picture, and what cannot be pickled.
        _queue.put((index, replace(progress, step=None)))

    return _tried(options, retry, tell)
