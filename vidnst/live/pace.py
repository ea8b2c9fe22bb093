"""Keep a frame rate: select which frames to paint, and at which size."""

from collections import deque
from statistics import median
from typing import NamedTuple

_EARLY = 0.5
"""The share of an interval by which a frame may be early, as camera intervals vary."""
_MOST_BEHIND_SECONDS = 0.5
"""The longest pause that is made up for, by taking frames faster than the wanted rate."""
_WINDOW_SECONDS = 1.0
_FEWEST = 6
_GETTING_READY = 2
"""Windows ignored at the start, as the first frames take longer."""
_FULL = 0.92
"""The share of a frame's time that its work may take; the rest is reserve."""
_FAR_BEYOND = 1.6
"""Work beyond this many times a frame's time steps down two levels at once."""
_ROOM = 0.85
"""A larger size is tried where its work is expected to take less than this share."""
_GROWTH = 1.3
"""Painting time grows by this power of the scale, as measured (below 2: part is constant)."""
_TRIAL_SECONDS = 5.0
_LONGEST_TRIAL_SECONDS = 60.0
_OUTLIER = 3.0


class Level(NamedTuple):
    """A share of the size to paint at, of the style's strength, and of the cores to paint on."""

    scale: float
    strength: float
    cores: float


LEVELS = (
    Level(1.0, 1.0, 1.0),
    Level(0.75, 1.0, 1.0),
    Level(0.6, 1.0, 1.0),
    Level(0.5, 0.95, 0.5),
    Level(0.4, 0.85, 0.5),
    Level(0.3, 0.7, 0.5),
)
"""From the finest down. Small sizes have coarse strokes, so the strength is reduced with them. They
use fewer cores: where other programs compete for cores, thread synchronization is expensive."""


class Beat:
    """Lets `fps` frames a second through, each without delay."""

    def __init__(self, fps: float) -> None:
        self._interval = 1 / fps
        self._due: float | None = None

    def takes(self, captured_seconds: float) -> bool:
        """Whether to take the frame captured at this time."""
        if self._due is None:
            self._due = captured_seconds
        self._due = max(self._due, captured_seconds - _MOST_BEHIND_SECONDS)
        if captured_seconds < self._due - _EARLY * self._interval:
            return False
        self._due += self._interval
        return True


class Pace:
    """Chooses the level at which a frame's work fits into its time.

    It steps down when the mean work over a second exceeds the time, and up when the next level is
    expected to fit with reserve. After a failed step up, the time until the next try is doubled.
    """

    def __init__(self, fps: float) -> None:
        self._budget = 1 / fps
        self._window = max(4, round(_WINDOW_SECONDS * fps))
        self._busy: deque[tuple[float, float]] = deque(maxlen=self._window)
        self._trial = _TRIAL_SECONDS
        self._since_change = 0.0
        self._stepped_up = False
        self._index = 0
        self._unready = _GETTING_READY * _WINDOW_SECONDS

    @property
    def level(self) -> Level:
        return LEVELS[self._index]

    def add(self, busy_seconds: float, *, painting_seconds: float) -> bool:
        """Record a frame's time in total and in painting; True if the level changes."""
        if self._unready > 0:
            self._unready -= max(self._budget, busy_seconds)
            return False
        # Clip outliers: a single stall of the machine should not reduce the size.
        most = _OUTLIER * self._budget
        self._busy.append((min(busy_seconds, most), min(painting_seconds, most)))
        self._since_change += max(self._budget, busy_seconds)
        seconds_full = self._since_change >= _WINDOW_SECONDS and len(self._busy) >= _FEWEST
        if len(self._busy) < self._window and not seconds_full:
            return False
        all_busy, all_painting = zip(*self._busy, strict=True)
        mean = sum(all_busy) / len(all_busy)
        if mean > _FULL * self._budget and self._index + 1 < len(LEVELS):
            failed = self._stepped_up and self._since_change < 2 * self._trial
            self._trial = min(2 * self._trial, _LONGEST_TRIAL_SECONDS) if failed else self._trial
            far = mean > _FAR_BEYOND * self._budget
            self._step(min(self._index + (2 if far else 1), len(LEVELS) - 1))
            return True
        if self._index and self._since_change > self._trial:
            growth = (LEVELS[self._index - 1].scale / self.level.scale) ** _GROWTH
            expected = median(all_busy) + median(all_painting) * (growth - 1)
            if expected < _ROOM * self._budget:
                self._step(self._index - 1)
                return True
        return False

    def _step(self, index: int) -> None:
        self._stepped_up = index < self._index
        self._index = index
        self._since_change = 0.0
        self._busy.clear()
