"""Render a film's segments with many workers in parallel, and collect the results."""

import time
from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from vidnst.errors import OutputError
from vidnst.film.pipeline import ahead
from vidnst.film.plan import Film
from vidnst.film.prepared import NOTHING
from vidnst.film.read import read_film
from vidnst.film.segments.job import Job
from vidnst.film.segments.segment import Plan, Segment
from vidnst.film.segments.write import segment_suffix
from vidnst.film.workers.local import Listener
from vidnst.film.workers.worker import Painted, Task
from vidnst.media.places import cannot_write

_AHEAD = 2
"""Segments per worker that are running or queued: keeps workers busy, bounds memory."""
_TRIES = 3


class LostWorker(Exception):
    """The process that painted a segment is gone."""


class Crew(Protocol):
    """Workers that paint segments of one film; a context manager."""

    size: int

    def submit(self, task: Task) -> "Future[Painted]":
        """Have a segment painted; the future raises LostWorker where its worker is lost."""
        ...

    def __enter__(self) -> "Crew": ...

    def __exit__(self, *exc_info: Any) -> None: ...


class SpreadRendering:
    """Has a crew paint a job's unfinished segments. began: the perf_counter time when it began.

    Shots are painted in parallel, the segments of one shot in order.
    """

    def __init__(self, film: Film, job: Job, crew: Crew) -> None:
        self._film, self._job, self._crew = film, job, crew
        self._under_way: dict[Future[Painted], Task] = {}
        self._waiting: dict[int, Task] = {}
        """Tasks waiting for the previous segment of their shot, by that segment's number."""
        self._tries: dict[int, int] = {}
        self.began = time.perf_counter()

    def paint(self, listen: Listener) -> None:
        """Paint all unfinished segments; listen is called with how many frames are done.

        Raises what workers raise, and OutputError where workers are lost again and again.
        """
        start = self._job.next_segment
        if start is None:
            return
        most = _AHEAD * self._crew.size
        with self._crew, closing(ahead(_tasks(self._film, start), depth=most)) as tasks:
            coming = (task for task in tasks if task.segment.number not in self._job.records)
            self.began = time.perf_counter()
            listen(self._job.frames, None)
            ended = False
            while not ended or self._under_way:
                while not ended and len(self._under_way) + len(self._waiting) < most:
                    task = next(coming, None)
                    ended = task is None
                    if task is not None:
                        self._begin(task)
                done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    self._gather(self._under_way.pop(future), future)
                    listen(self._job.frames, None)

    def _begin(self, task: Task) -> None:
        segment = task.segment
        if segment.opens_shot or segment.number - 1 in self._job.records:
            self._submit(replace(task, state=self._job.state_before(segment)))
        else:
            self._waiting[segment.number - 1] = task

    def _submit(self, task: Task) -> None:
        self._under_way[self._crew.submit(task)] = task

    def _gather(self, task: Task, future: "Future[Painted]") -> None:
        number = task.segment.number
        try:
            painted = future.result()
        except LostWorker as error:
            self._tries[number] = self._tries.get(number, 1) + 1
            if self._tries[number] > _TRIES:
                raise OutputError(
                    f"segment {number} has lost its worker {_TRIES} times (not enough memory?)"
                ) from error
            self._submit(task)
            return
        path = self._job.segment_path(number, segment_suffix(self._film))
        files = _written(path.parent if self._film.is_sequence else path, painted.files)
        self._job.finish(painted.record, painted.state, files)
        if number in self._waiting:
            self._begin(self._waiting.pop(number))


def _tasks(film: Film, start: Segment) -> Generator[Task, None, None]:
    """The tasks from a segment on, found by reading the film."""
    plan = Plan(start, longest=film.longest)
    segment, index = start, start.first_frame - 1
    with closing(plan.follow(read_film(film, start, NOTHING))) as frames:
        for index, _ in enumerate(frames, start.first_frame):
            begun = plan.beginning(index)
            if begun is not None and begun != start:
                yield Task(segment, index - segment.first_frame, begun)
                segment = begun
    if index >= segment.first_frame:
        yield Task(segment, index + 1 - segment.first_frame, None)


def _written(place: Path, files: dict[str, bytes]) -> list[Path]:
    """Write the files that a worker sent: a single one to place, or all into it if a folder."""
    paths = [place / name if place.is_dir() else place for name in files]
    try:
        for path, content in zip(paths, files.values(), strict=True):
            path.write_bytes(content)
    except OSError as error:
        raise cannot_write(paths[0], error) from error
    return paths
