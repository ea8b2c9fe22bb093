"""Paint frames with marked shots; a saved state lets another process resume within a shot."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from vidnst.film.pipeline import in_parallel, with_one_before
from vidnst.film.plan import Film
from vidnst.film.prepared import Prepared
from vidnst.film.profile import Profile
from vidnst.film.read import known_frames, samples
from vidnst.frames.frame import Frame, Picture
from vidnst.media.shots import in_shots
from vidnst.motion.flow import FlowSource, View
from vidnst.motion.hold import Linker, Links, Stabilizer
from vidnst.nets.memory import require_memory
from vidnst.nets.step import Step
from vidnst.options.render import RenderOptions
from vidnst.stylizers.optimized.passes import paint_film
from vidnst.stylizers.painting import Painting, paint_all_over
from vidnst.stylizers.registry import make_stylizer
from vidnst.stylizers.stylizer import SequentialStylizer, State, Stylizer

_NOTHING: Picture = np.empty((0, 0, 3), np.uint8)
_NO_WEIGHT = np.zeros((1, 1, 1), np.float32)
_FILM_BYTES = 400
"""Memory per pixel of a frame, in all stages together; measured at 4K and above, rounded up."""


class FilmPainter(Protocol):
    """Paints a film."""

    def paint(
        self, frames: Iterator[Frame], state: State | None = None
    ) -> Generator[Frame, None, None]:
        """Yield the painted frames, in order.

        state: after the frame before the first of these, where that does not open a shot.
        """
        ...

    def state(self) -> State:
        """The state after the frame that was yielded last, to resume within its shot."""
        ...


def film_painter(
    film: Film,
    profile: Profile,
    prepared: Prepared,
    *,
    folder: Path,
    on_step: Callable[[Step], None] = lambda step: None,
    at_once: int | None = None,
) -> FilmPainter:
    """Make a film's painter, which has learned what its stylizer learns from the whole clip.

    folder: for temporary files. Raises what making the stylizer raises.
    """
    options, size_hw = film.options, film.size_hw
    asked = replace(options, stylizer=prepared.stylizer or options.stylizer)
    stylizer = make_stylizer(asked, size_hw, on_step, at_once=at_once, on_note=film.on_note)
    if stylizer.sequential is None:
        require_memory(size_hw, lambda pixels: _FILM_BYTES * pixels, torch.device("cpu"))
    if stylizer.clip_seconds:
        stylizer.begin_known(known_frames(film, stylizer.clip_seconds))
    if stylizer.clip_samples:
        stylizer.begin_clip(samples(film, stylizer.clip_samples))
    painter: FilmPainter
    if stylizer.sequential is not None:
        painter = SequentialPainter(stylizer.sequential, profile, folder=folder)
    else:
        painter = SteadyingPainter(stylizer, options, profile, size_hw=size_hw, flow=film.flow)
    return painter if options.on == 1 else HoldingPainter(painter, options.on)


class SteadyingPainter:
    """Paints the frames of each shot in parallel, then steadies them in order."""

    def __init__(
        self,
        stylizer: Stylizer,
        options: RenderOptions,
        profile: Profile,
        *,
        size_hw: tuple[int, int],
        flow: FlowSource | None = None,
    ) -> None:
        """Raises WeightsError where RAFT is asked for and its weights are missing."""
        steadying = options.steadying
        holds = steadying.steady > 0 and options.painting.strength > 0
        self._stylizer, self._profile = stylizer, profile
        self._linker = Linker(steadying, size_hw=size_hw, flow=flow) if holds else None
        self._stabilizer = Stabilizer(steadying)
        self._samples: list[Picture] = []
        self._shot_pts = 0
        self._arrived: deque[tuple[Frame, Painting]] = deque()
        self._last: Frame | None = None

    def paint(
        self, frames: Iterator[Frame], state: State | None = None
    ) -> Generator[Frame, None, None]:
        for shot in in_shots(frames, samples=self._stylizer.shot_samples):
            goes_on = state is not None and not shot.opens
            before = self._restore(state) if state is not None and goes_on else None
            if before is None:
                self._samples, self._shot_pts = shot.samples, shot.first_pts
                self._stabilizer.begin_shot()
            with self._profile.stage("begin shots"):
                self._stylizer.enter_shot(self._shot_pts)
                self._stylizer.begin_shot(self._samples)
            found = shot.frames
            if self._stylizer.leaves_shot:
                found = (replace(frame, weights=_NO_WEIGHT) for frame in shot.frames)
            yield from self._paint_shot(found, before)
            state = None

    def state(self) -> State:
        assert self._last is not None
        samples = {f"sample_{index}": picture for index, picture in enumerate(self._samples)}
        samples["shot_pts"] = np.array(self._shot_pts)
        last = {"last": self._last.picture, "untouched": np.array(_is_untouched(self._last))}
        if self._last.number is not None:
            last["number"] = np.array(self._last.number)
        return {**samples, **self._stabilizer.state(), **last}

    def _restore(self, state: State) -> Frame:
        """Restore a state; returns the previous frame: its picture, and whether it was painted."""
        self._samples, self._shot_pts = _samples_in(state), int(state["shot_pts"])
        self._stabilizer.restore(state)
        weights = _NO_WEIGHT if state["untouched"] else None
        number = int(state["number"]) if "number" in state else None
        frame = Frame(state["last"], pts=0, duration=0, time_base=Fraction(1), weights=weights)
        return replace(frame, number=number)

    def _paint_shot(
        self, frames: Iterator[Frame], before: Frame | None
    ) -> Generator[Frame, None, None]:
        results = in_parallel(
            self._paint_pair,
            with_one_before(frames, before),
            workers=self._stylizer.parallel,
            begin_worker=self._stylizer.begin_worker,
        )
        self._arrived.clear()
        waited = self._profile.each("encoder waits for painters", results)
        with closing(self._remembered(waited)) as arrived:
            steadied: Iterator[Frame] = (frame for frame, _ in arrived)
            if self._linker is not None:
                steadied = self._profile.each("hold", self._stabilizer.steady(arrived))
            for frame in steadied:
                self._last, painting = self._arrived.popleft()
                yield replace(frame, picture=painting.shown(frame.picture), weights=None)

    def _paint_pair(self, pair: tuple[Frame | None, Frame]) -> tuple[Frame, Links | None, Painting]:
        before, frame = pair
        with self._profile.stage("paint"):
            painted = paint_all_over(self._stylizer, frame)
        nothing_to_hold = before is None or _is_untouched(before) or _is_untouched(frame)
        if self._linker is None or before is None or nothing_to_hold:
            return frame, None, painted
        with self._profile.stage("flow"):
            return frame, self._linker.links(_seen(before), _seen(frame)), painted

    def _remembered(
        self, results: Generator[tuple[Frame, Links | None, Painting], None, None]
    ) -> Generator[tuple[Frame, Links | None], None, None]:
        """Pass results on; queue each source frame until its steadied result is yielded."""
        with closing(results):
            for frame, links, painting in results:
                self._arrived.append((frame, painting))
                yield replace(frame, picture=painting.bare), links


class SequentialPainter:
    """Paints frames one by one in order, or each shot in several passes."""

    def __init__(self, stylizer: SequentialStylizer, profile: Profile, *, folder: Path) -> None:
        self._stylizer, self._profile, self._folder = stylizer, profile, folder

    def paint(
        self, frames: Iterator[Frame], state: State | None = None
    ) -> Generator[Frame, None, None]:
        if state is not None:
            self._stylizer.restore(state)
        return self._profile.each("paint", paint_film(self._stylizer, frames, folder=self._folder))

    def state(self) -> State:
        return self._stylizer.state()


class HoldingPainter:
    """Paints only every `on`-th frame of a shot, and repeats it until the next."""

    def __init__(self, painter: FilmPainter, on: int) -> None:
        self._painter, self._on = painter, on

    def paint(
        self, frames: Iterator[Frame], state: State | None = None
    ) -> Generator[Frame, None, None]:
        held: deque[list[Frame]] = deque()

        def first_of_each() -> Generator[Frame, None, None]:
            for group in _groups(frames, self._on):
                held.append([replace(frame, picture=_NOTHING) for frame in group[1:]])
                yield group[0]

        with closing(self._painter.paint(first_of_each(), state)) as painted:
            for frame in painted:
                yield frame
                for later in held.popleft():
                    yield replace(later, picture=frame.picture)

    def state(self) -> State:
        return self._painter.state()


def _groups(frames: Iterable[Frame], most: int) -> Generator[list[Frame], None, None]:
    """Split frames into groups of at most `most`; a cut begins a new one."""
    group: list[Frame] = []
    for frame in frames:
        if group and (frame.opens_shot or len(group) == most):
            yield group
            group = []
        group.append(frame)
    if group:
        yield group


def _seen(frame: Frame) -> View:
    return View(frame.picture, frame.number)


def _is_untouched(frame: Frame) -> bool:
    """Whether all of it stays as it is in the source."""
    return frame.weights is not None and not frame.weights.any()


def _samples_in(state: State) -> list[Picture]:
    count = sum(name.startswith("sample_") for name in state)
    return [state[f"sample_{index}"] for index in range(count)]
