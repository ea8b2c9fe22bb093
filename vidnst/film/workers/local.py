"""Render a film's segments in this process, one by one, with pipeline stages in parallel."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from types import TracebackType

from vidnst.film.paint import film_painter
from vidnst.film.pipeline import ahead
from vidnst.film.plan import Film
from vidnst.film.prepared import Prepared
from vidnst.film.profile import Profile
from vidnst.film.read import read_film
from vidnst.film.segments.job import Job
from vidnst.film.segments.segment import Plan, Segment
from vidnst.film.segments.write import SegmentWriter, segment_suffix, segment_writer
from vidnst.nets.step import Step
from vidnst.stylizers.stylizer import State

Listener = Callable[[int, Step | None], None]
"""Progress callback: how many frames are done and, while one is painted, its current step."""


class LocalRendering:
    """Paints a job's unfinished segments. began: the perf_counter time when painting began."""

    def __init__(self, film: Film, job: Job, prepared: Prepared, profile: Profile) -> None:
        self._film, self._job, self._prepared, self._profile = film, job, prepared, profile
        self.began = time.perf_counter()

    def paint(self, listen: Listener) -> None:
        """Paint all segments from the first unfinished one on. Raises what its stages raise."""
        start = self._job.next_segment
        if start is None:
            return
        film, job, profile = self._film, self._job, self._profile
        done = start.first_frame
        painter = film_painter(
            film,
            profile,
            self._prepared,
            folder=job.folder,
            on_step=lambda step: listen(done, step),
        )
        plan = Plan(start, longest=film.longest)
        self.began = time.perf_counter()
        listen(done, None)
        found = profile.each(
            "decode, find shots",
            read_film(film, start, self._prepared),
            outside="decoder waits for painters",
        )
        state = job.state_before(start)
        with (
            closing(ahead(plan.follow(found))) as marked,
            closing(painter.paint(marked, state)) as frames,
            _Finisher(film, job) as finisher,
        ):
            for frame in frames:
                segment = plan.beginning(done)
                with profile.stage("encode"):
                    if segment is not None:
                        finisher.begin(segment, state)
                    finisher.writer.write(frame)
                # Get the state before the next frame is requested, which changes it.
                whole = finisher.writer.frame_count == film.longest
                state = painter.state() if whole else None
                done += 1
                listen(done, None)


class _Finisher:
    """Records finished segments in a thread, so that painting does not wait for the disk."""

    writer: SegmentWriter

    def __init__(self, film: Film, job: Job) -> None:
        self._film, self._job = film, job
        self._pool = ThreadPoolExecutor(1, "finish")
        self._begun: SegmentWriter | None = None
        self._finishing: Future[None] | None = None

    def begin(self, segment: Segment, state: State | None) -> None:
        """Begin a segment; finish the one before, after which the painter had this state."""
        self._finish(segment, None if segment.opens_shot else state)
        path = self._job.segment_path(segment.number, segment_suffix(self._film))
        self.writer = self._begun = segment_writer(self._film, path, segment)

    def _finish(self, following: Segment | None, state: State | None) -> None:
        """Raises what recording the previous segment has raised in the thread."""
        self._wait()
        if self._begun is not None:
            writer, self._begun = self._begun, None
            # Not in the thread, so that no two encoders buffer frames at the same time.
            record = writer.finish(following)
            self._finishing = self._pool.submit(self._job.finish, record, state, writer.files)

    def _wait(self) -> None:
        if self._finishing is not None:
            finishing, self._finishing = self._finishing, None
            finishing.result()

    def __enter__(self) -> "_Finisher":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._pool:  # Waits for the running task, so that its segment is kept.
            if kind is None:
                self._finish(None, None)
                self._wait()
            elif self._begun is not None:
                self._begun.abandon()
