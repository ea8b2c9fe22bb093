"""Paint single segments of a film in a worker process, on this or another machine."""

import atexit
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from vidnst.film.inputs import Input, inputs_of
from vidnst.film.paint import film_painter
from vidnst.film.pipeline import ahead
from vidnst.film.plan import plan_film
from vidnst.film.prepared import Prepared
from vidnst.film.profile import Profile
from vidnst.film.read import read_film
from vidnst.film.segments.segment import Record, Segment
from vidnst.film.segments.write import segment_writer
from vidnst.film.workers.temporary import own_folder
from vidnst.nets.allocator import keep_freed_memory
from vidnst.options.render import RenderOptions
from vidnst.stylizers.stylizer import State

WORKER_PREFIX = "vidnst-worker-"
"""Prefix of the workers' temporary folders."""


@dataclass(frozen=True)
class Order:
    """The film that workers paint: its options, and the results of its preparation."""

    options: RenderOptions
    prepared: Prepared

    @property
    def inputs(self) -> tuple[Input, ...]:
        """All that workers read; instead of masks, the weights made from them."""
        asked = [each for each in inputs_of(self.options) if each.role != "mask"]
        return (*asked, *(Input(path, role) for role, path in self.prepared.files))

    def with_paths(self, change: Callable[[Path], Path]) -> "Order":
        """The same with a change made to every path."""
        return Order(self.options.with_paths(change), self.prepared.with_paths(change))


@dataclass(frozen=True)
class Task:
    """A segment to be painted: where it begins, how many frames it has, and what follows it.

    state: of the painter at its start; None where it opens a shot.
    """

    segment: Segment
    frame_count: int
    following: Segment | None
    state: State | None = None


@dataclass(frozen=True)
class Painted:
    """A painted segment: its record, its files by name, and the painter's state at its end.

    The state is None unless the next segment continues the same shot.
    """

    record: Record
    files: dict[str, bytes]
    state: State | None


class SegmentWorker:
    """Paints segments of one film, one after the other; the network is loaded once."""

    def __init__(self, order: Order, *, threads: int) -> None:
        """threads: how many cores it may use. Raises what making film and stylizer raises."""
        keep_freed_memory()
        torch.set_num_threads(threads)
        self._prepared = order.prepared
        self._film = plan_film(order.options, order.prepared)
        self._open = ExitStack()
        self._folder = self._open.enter_context(own_folder(WORKER_PREFIX))
        try:
            self._painter = film_painter(self._film, Profile(), self._prepared, folder=self._folder)
        except BaseException:
            self.close()
            raise
        atexit.register(self.close)

    def close(self) -> None:
        """Remove its temporary folder."""
        self._open.close()

    def paint(self, task: Task) -> Painted:
        """Raises what decoding, painting and encoding raise."""
        name = self._film.output.name
        path = self._folder / (name if self._film.is_sequence else "segment")
        writer = segment_writer(self._film, path, task.segment)
        goes_on = task.following is not None and not task.following.opens_shot
        state = None
        with (
            closing(ahead(read_film(self._film, task.segment, self._prepared))) as found,
            closing(self._painter.paint(found, task.state)) as frames,
        ):
            for frame in islice(frames, task.frame_count):
                writer.write(frame)
            if goes_on:
                state = self._painter.state()
        record = writer.finish(task.following)
        files = {file.name: file.read_bytes() for file in writer.files}
        for file in writer.files:
            file.unlink()
        return Painted(record, files, state)
