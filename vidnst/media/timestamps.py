"""Timestamps of decoded frames, corrected so that they increase."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice, pairwise

import av

_LOOKED_AT = 8
"""How many frames at the start are checked for timestamps that increase."""
_LEAST_JUMP_SECONDS = Fraction(1, 2)
_MOST_JITTER = 4
"""In frames; a longer step back is a restart."""
LONGEST_GAP_SECONDS = 10
"""In MPEG streams, a longer gap is a restart (as in ffmpeg)."""
_LONGEST_RUN = 8
"""The most frames with the same timestamp that are buffered."""
_DISCONTINUOUS = ("mpegts", "mpeg")


@dataclass(frozen=True)
class Timed:
    """A decoded frame with its timestamp and duration, in units of the clip's time_base."""

    frame: av.VideoFrame
    pts: int
    duration: int


class Clock:
    """Assigns timestamps that increase strictly to frames in display order.

    Frames with the same timestamp are spread evenly until the next one; for that, a frame is
    delayed. Where timestamps restart, on_restart is called with the new frame's corrected one, in
    units of time_base; later ones continue from it. regular: whether no timestamp so far needed a
    correction. offsets: what was added to the timestamps since each restart, starting with 0.
    """

    def __init__(
        self,
        *,
        time_base: Fraction,
        step: int,
        container: str,
        on_restart: Callable[[int], None] = lambda pts: None,
    ) -> None:
        """step: the default duration of a frame, in units of time_base."""
        self.regular = True
        self.offsets = [0]
        self._step, self._on_restart = step, on_restart
        self._jump = max(_LEAST_JUMP_SECONDS / time_base, Fraction(_MOST_JITTER * step))
        self._gap = LONGEST_GAP_SECONDS / time_base if container in _DISCONTINUOUS else None

    def time(self, frames: Iterable[av.VideoFrame]) -> Generator[Timed, None, None]:
        """Yield the frames with their timestamps."""
        source = iter(frames)
        first = list(islice(source, _LOOKED_AT))
        # Some films have decoding times in place of presentation times.
        by_dts = not _increase([f.pts for f in first]) and _increase([f.dts for f in first])
        run: list[av.VideoFrame] = []
        begins = 0
        for frame in chain(first, source):
            stamp = frame.dts if by_dts else frame.pts
            ends = begins + sum(one.duration or self._step for one in run)
            if stamp is None or by_dts:
                self.regular = False
            pts = ends if stamp is None else stamp + self.offsets[-1]
            if run and stamp is not None and self._another_clock(pts, begins, ends):
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
        """Spread frames with the same timestamp evenly over [begins, ends)."""
        if len(run) == 1:
            yield Timed(run[0], begins, run[0].duration or self._step)
            return
        places = [begins + (ends - begins) * n // len(run) for n in range(len(run) + 1)]
        for frame, (pts, following) in zip(run, pairwise(places), strict=True):
            yield Timed(frame, pts, max(1, following - pts))


def _increase(times: list[int | None]) -> bool:
    known = [time for time in times if time is not None]
    return len(known) == len(times) and all(a < b for a, b in pairwise(known))
