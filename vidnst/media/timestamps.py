"""When each frame is shown: what decoders say of it, made to increase."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice, pairwise

import av

_LOOKED_AT = 8
"""So many frames at the start show whether their timestamps are in order."""
_LEAST_JUMP_SECONDS = Fraction(1, 2)
_MOST_JITTER = 4
"""In frames; a longer step back is a clock that starts anew."""
LONGEST_GAP_SECONDS = 10
"""A longer one, in a stream with a sender's clock, is another clock (as for ffmpeg)."""
_LONGEST_RUN = 8
"""So many frames with one time at most are waited for."""
_DISCONTINUOUS = ("mpegts", "mpeg")


@dataclass(frozen=True)
class Timed:
    """A decoded frame and when it is shown, in units of the clip's time_base."""

    frame: av.VideoFrame
    pts: int
    duration: int


class Clock:
    """Gives frames in the order shown their times, each later than the one before.

    Frames with one time share what there is until the next; one is held back to see that.
    on_restart hears when a clock starts anew, in units of the time_base: from there on times go
    on where they were. regular: whether all timestamps so far were good as they are. offsets: by
    how much the times that each clock told were moved, the first one's first.
    """

    def __init__(
        self,
        *,
        time_base: Fraction,
        step: int,
        container: str,
        on_restart: Callable[[int], None] = lambda pts: None,
    ) -> None:
        """step: what a frame lasts, where nothing says so."""
        self.regular = True
        self.offsets = [0]
        self._step, self._on_restart = step, on_restart
        self._jump = max(_LEAST_JUMP_SECONDS / time_base, Fraction(_MOST_JITTER * step))
        self._gap = LONGEST_GAP_SECONDS / time_base if container in _DISCONTINUOUS else None

    def time(self, frames: Iterable[av.VideoFrame]) -> Generator[Timed, None, None]:
        """Pass frames on with their times."""
        source = iter(frames)
        first = list(islice(source, _LOOKED_AT))
        # As of films whose timestamps say when a frame is decoded, not when it is shown.
        by_dts = not _increase([f.pts for f in first]) and _increase([f.dts for f in first])
        run: list[av.VideoFrame] = []
        begins = 0
        for frame in chain(first, source):
            told = frame.dts if by_dts else frame.pts
            ends = begins + sum(one.duration or self._step for one in run)
            if told is None or by_dts:
                self.regular = False
            pts = ends if told is None else told + self.offsets[-1]
            if run and told is not None and self._another_clock(pts, begins, ends):
                self.regular = False
                self._on_restart(ends)
                self.offsets.append(self.offsets[-1] + ends - pts)
                pts = ends
            if run and pts <= begins:
                self.regular = False
                if len(run) < _LONGEST_RUN:
                    run.append(frame)
                    continue
                pts = ends
            if run:
                pts = max(pts, begins + len(run))
                yield from self._spread(run, begins, pts)
            run, begins = [frame], pts
        if run:
            yield from self._spread(run, begins, begins + self._step * len(run))

    def _another_clock(self, pts: int, begins: int, ends: int) -> bool:
        return pts < begins - self._jump or (self._gap is not None and pts > ends + self._gap)

    def _spread(self, run: list[av.VideoFrame], begins: int, ends: int) -> Iterator[Timed]:
        """Frames that have one time share what there is until the next, evenly."""
        if len(run) == 1:
            yield Timed(run[0], begins, run[0].duration or self._step)
            return
        places = [begins + (ends - begins) * n // len(run) for n in range(len(run) + 1)]
        for frame, (pts, following) in zip(run, pairwise(places), strict=True):
            yield Timed(frame, pts, max(1, following - pts))


def _increase(times: list[int | None]) -> bool:
    known = [time for time in times if time is not None]
    return len(known) == len(times) and all(a < b for a, b in pairwise(known))
