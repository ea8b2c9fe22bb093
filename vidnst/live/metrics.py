"""Statistics of a live session, in constant memory."""

from collections import deque
from dataclasses import dataclass

import numpy as np

_MOST_MS = 5000
_LATELY_SECONDS = 2.0


class Figures:
    """Counts frames shown and how long each took from capture to display."""

    def __init__(self) -> None:
        self._milliseconds = np.zeros(_MOST_MS + 1, np.int64)
        self._lately: deque[tuple[float, float]] = deque()

    def add(self, captured_seconds: float, shown_seconds: float) -> None:
        """Count a frame; both times by one clock."""
        latency_ms = 1e3 * (shown_seconds - captured_seconds)
        self._milliseconds[min(_MOST_MS, max(0, round(latency_ms)))] += 1
        self._lately.append((shown_seconds, latency_ms))
        while self._lately[0][0] < shown_seconds - _LATELY_SECONDS:
            self._lately.popleft()

    @property
    def shown(self) -> int:
        return int(self._milliseconds.sum())

    @property
    def fps(self) -> float:
        """Recent frames per second."""
        if len(self._lately) < 2:
            return 0.0
        return (len(self._lately) - 1) / max(self._lately[-1][0] - self._lately[0][0], 1e-9)

    @property
    def latency_ms(self) -> float:
        """The recent median latency."""
        return float(np.median([latency for _, latency in self._lately])) if self._lately else 0.0

    def percentile_ms(self, percent: float) -> float | None:
        """A percentile of all latencies so far, to the millisecond; None without frames."""
        if not self.shown:
            return None
        wanted = self.shown * percent / 100
        return float(np.searchsorted(np.cumsum(self._milliseconds), wanted))


@dataclass(frozen=True)
class Report:
    """Statistics of a session. unwanted: pictures skipped to keep the wanted frame rate."""

    seconds: float
    captured: int
    shown: int
    dropped: int
    unwanted: int
    latency_ms: dict[str, float | None]
