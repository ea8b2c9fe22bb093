"""Damage of a clip, collected while it is decoded, and reported in one line."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from vidnst.errors import MediaError

Listener = Callable[[str], None]
"""Callback for a message about damage that did not keep a clip from being read."""

_PLACES_TOLD = 3
_WATCHED = 3
"""The most frames that a decoder still outputs between a failed packet and the gap."""


class Damage:
    """Collects the faults of a clip; a fault counts once a later frame is shown.

    So damage after the end of an excerpt does not count, however far ahead packets are read.
    """

    def __init__(self, path: Path, *, strict: bool) -> None:
        """strict: raise MediaError where a fault counts."""
        self._path, self._strict = path, strict
        self._waiting: list[str] = []
        self._restarts_waiting: list[Fraction] = []
        self._restarts: list[Fraction] = []
        self._packets = self._lost = self._watched = 0
        self._first = self._last = Fraction(0)

    def packet(self, words: str) -> None:
        """Record a damaged packet; words: what is wrong with it."""
        self._waiting.append(words)

    def restart(self, seconds: Fraction) -> None:
        """Record a discontinuity, after which timestamps restart; at seconds of the film."""
        self._restarts_waiting.append(seconds)

    def forget(self) -> None:
        """Discard the faults since the last frame that was shown."""
        self._waiting.clear()
        self._restarts_waiting.clear()

    def shown(self, seconds: Fraction, lost: int) -> None:
        """Record a shown frame; lost: frames missing before it. Raises MediaError if strict."""
        self._last = seconds
        if self._watched:
            self._watched -= 1
            self._lost += lost
            lost = 0
        if self._waiting or self._restarts_waiting:
            self._count(lost)

    def ended(self) -> None:
        """Count the faults at the end of the film as well. Raises MediaError if strict."""
        self._count(0)

    def tell(self, listener: Listener) -> None:
        """Report all faults that count to the listener, in one line, if there are any."""
        parts = []
        if self._restarts:
            places = [f"{float(seconds):.1f} s" for seconds in self._restarts[:_PLACES_TOLD]]
            more = len(self._restarts) - len(places)
            parts.append(
                f"its clock starts anew at {', '.join(places)}"
                + (f" and {more} times more" if more else "")
            )
        if self._packets:
            packets = "1 packet is" if self._packets == 1 else f"{self._packets} packets are"
            frames = "1 frame is" if self._lost == 1 else f"{self._lost or 'no'} frames are"
            near = f"near {float(self._first):.1f} s"
            parts.append(f"{packets} damaged, {near}, and {frames} missing")
        if parts:
            listener(f"{self._path}: {'; '.join(parts)} (`strict` refuses such files)")

    def _count(self, lost: int) -> None:
        if self._strict and self._waiting:
            near = f"{float(self._last):.1f} s"
            raise MediaError(f"{self._path} is damaged near {near}: {self._waiting[0]}")
        if self._strict and self._restarts_waiting:
            near = f"{float(self._restarts_waiting[0]):.1f} s"
            raise MediaError(f"{self._path} is damaged: its clock starts anew at {near}")
        if self._waiting and not self._packets:
            self._first = self._last
        if self._waiting:
            self._packets += len(self._waiting)
            self._lost += lost
            self._watched = _WATCHED
        self._restarts += self._restarts_waiting
        self.forget()
