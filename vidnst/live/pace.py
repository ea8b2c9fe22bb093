"""Holding a rate: which frames to take, and at which size to paint them."""

from collections import deque
from statistics import median
from typing import NamedTuple

_EARLY = 0.5
"""A frame may come so much of an interval early: cameras do not keep the same beat."""
_MOST_BEHIND_SECONDS = 0.5
"""After a pause so much at most is made up for, by taking frames faster than wanted."""
_WINDOW_SECONDS = 1.0
_FEWEST = 6
_GETTING_READY = 2
"""So many windows at the start do not count: first frames take longer, for many reasons."""
_FULL = 0.92
"""Of the time there is for a frame, work may take so much; the rest is for what comes between."""
_FAR_BEYOND = 1.6
"""Beyond so many times the time there is, two levels are left out at once."""
_ROOM = 0.85
"""A larger size is tried where work is expected to take less than this."""
_GROWTH = 1.3
"""Painting takes longer by this power of the scale, as measured: not all of it is for pixels."""
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
"""From the finest down. Painted small, strokes are coarse: they give the scene more room. Where
other programs take the cores, threads that wait for each other lose far more than they gain."""


class Beat:
    """Lets so many frames a second through as are wanted, each as soon as it is there."""

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

    It goes down when the work of a second does not fit, and up when the next level would fit with
    room to spare. A step up that has to be taken back is tried again only after twice the time.
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
        """Take note of a frame's work, and what of it was painting; True if the level changes."""
        if self._unready > 0:
            self._unready -= max(self._budget, busy_seconds)
            return False
        # One long pause of the machine is no reason to paint smaller.
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
