"""What is wrong with a clip, gathered while it is decoded, and told in one line."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from vidnst.errors import MediaError

Listener = Callable[[str], None]
"""Hears what the user should know of a clip that was read nevertheless."""

_PLACES_TOLD = 3
_WATCHED = 3
"""So many frames are on their way, at most, when a packet fails: the gap shows after them."""


class Damage:
    """Faults of a clip: those that come before a frame that is shown count.

    So damage behind an excerpt is none of its concern, however far ahead packets are read.
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
        """A packet is damaged: words say how."""
        self._waiting.append(words)

    def restart(self, seconds: Fraction) -> None:
        """The clock starts anew there, in seconds of the film."""
        self._restarts_waiting.append(seconds)

    def forget(self) -> None:
        """What was found since the last frame that was shown does not count."""
        self._waiting.clear()
        self._restarts_waiting.clear()

    def shown(self, seconds: Fraction, lost: int) -> None:
        """A frame is shown, before which so many are missing. Raises MediaError where strict."""
        self._last = seconds
        if self._watched:
            self._watched -= 1
            self._lost += lost
            lost = 0
        if self._waiting or self._restarts_waiting:
            self._count(lost)

    def ended(self) -> None:
        """The film ends: faults at its end count as well. Raises MediaError where strict."""
        self._count(0)

    def tell(self, listener: Listener) -> None:
        """Say all that counts in one line, if there is anything."""
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
