"""Live painting: work that takes longer than a frame runs in a background thread."""

import os
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType

import torch

from vidnst.frames.frame import Picture
from vidnst.live.pace import LEVELS, Level
from vidnst.live.stylizers import Make
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.feed_forward import FeedForwardStylizer
from vidnst.stylizers.painting import Painting, paint

_EARLY_SECONDS = 0.25
_EARLY_MEASUREMENTS = 4
_LATER_SECONDS = 3.0
"""Intervals between measurements of statistics: short at a shot's start, longer later."""
_LEAST_SHARE = 0.2
_NICENESS = 10


class LivePainter:
    """Paints frames of one size in one of several styles; a context manager.

    A low-priority thread prepares the styles in advance, updates the network's statistics, which
    follow the picture slowly, and bakes them in. Until it is done, painting goes on as before.
    """

    def __init__(
        self,
        stylizers: Sequence[Make],
        options: StyleOptions,
        *,
        first: Picture,
        fades: bool = True,
    ) -> None:
        """first: the first picture to paint, RGB uint8 (H, W, 3); all others have its size.

        fades: whether levels reduce the strength; where that blends the picture in, it shows.

        Raises what making the first stylizer raises.
        """
        self._options, self._makers, self._fades = options, stylizers, fades
        self._prepared: dict[int, FeedForwardStylizer] = {}
        self._level = LEVELS[0]
        self._cores = torch.get_num_threads()
        self._changed = threading.Condition()
        self._stopped = False
        self._failure: BaseException | None = None
        self._wanted_style = self._shown_style = 0
        self._baked_strength = options.strength
        self._sample = first
        self._measured = 0
        self._measured_seconds = 0.0
        self._shown = self._prepare(0)
        self._sized = self._shown, self._level
        self._measure(self._shown)
        paint(self._shown, first)
        self._thread = threading.Thread(target=self._work, name="bake", daemon=True)
        self._thread.start()

    @property
    def style(self) -> int:
        """Which of the styles is painted now."""
        return self._shown_style

    @property
    def inner_hw(self) -> tuple[int, int]:
        """The size painted at now."""
        return self._shown.inner_hw

    def paint(self, picture: Picture) -> Painting:
        """Paint the next frame, RGB uint8 (H, W, 3)."""
        if self._failure is not None:
            raise self._failure
        shown, self._sample = self._shown, picture
        level = self._level
        if self._sized != (shown, level):
            shown.paint_at(level.scale)
            torch.set_num_threads(max(1, round(level.cores * self._cores)))
            self._sized = shown, level
        return paint(shown, picture)

    def begin_shot(self) -> None:
        """Measure the statistics anew, from the picture that is painted next."""
        with self._changed:
            self._measured = 0
            self._changed.notify_all()

    def change_style(self, index: int) -> None:
        """Paint in another style as soon as it is ready."""
        with self._changed:
            self._wanted_style = index
            self._changed.notify_all()

    def change_strength(self, strength: float) -> None:
        """Set the style's strength, 0..1, before it is scaled by the level's."""
        with self._changed:
            self._options = replace(self._options, strength=strength)
            self._changed.notify_all()

    def change_level(self, level: Level) -> None:
        """Paint at another size from the next frame on."""
        with self._changed:
            self._level = level
            self._measured_seconds = 0.0
            self._changed.notify_all()

    def close(self) -> None:
        """Stop the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()
        torch.set_num_threads(self._cores)

    def __enter__(self) -> "LivePainter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _strength(self) -> float:
        return self._options.strength * (self._level.strength if self._fades else 1.0)

    def _work(self) -> None:
        _give_way()
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(self._has_work, self._until_due())
                    if self._stopped:
                        return
                    style = self._wanted_style
                if style != self._shown_style:
                    self._show(style)
                elif self._measured == 0 or self._strength != self._baked_strength:
                    self._measure(self._shown)
                elif (unprepared := self._unprepared()) is not None:
                    self._prepare(unprepared)
                elif self._until_due() <= 0:
                    self._measure(self._shown)
        except BaseException as error:
            self._failure = error

    def _has_work(self) -> bool:
        return (
            self._stopped
            or self._wanted_style != self._shown_style
            or self._measured == 0
            or self._strength != self._baked_strength
            or self._unprepared() is not None
            or self._until_due() <= 0
        )

    def _until_due(self) -> float:
        early = self._measured < _EARLY_MEASUREMENTS
        interval = _EARLY_SECONDS if early else _LATER_SECONDS
        return max(0.0, self._measured_seconds + interval - time.monotonic())

    def _unprepared(self) -> int | None:
        return next((i for i in range(len(self._makers)) if i not in self._prepared), None)

    def _prepare(self, index: int) -> FeedForwardStylizer:
        """The stylizer for a style, with all preparation done that needs no frame."""
        if index not in self._prepared:
            self._prepared[index] = self._makers[index]()
        return self._prepared[index]

    def _show(self, index: int) -> None:
        stylizer = self._prepare(index)
        stylizer.paint_at(self._level.scale)
        self._measured = 0
        self._measure(stylizer)
        self._shown, self._shown_style = stylizer, index

    def _measure(self, stylizer: FeedForwardStylizer) -> None:
        """Bake with the statistics moved toward the newest picture's, and the wanted strength."""
        with self._changed:
            number, sample, strength = self._measured, self._sample, self._strength
            self._measured = number + 1
            self._measured_seconds = time.monotonic()
            stylizer.options = replace(self._options, strength=strength)
        # At first the mean of all samples, then a moving average.
        stylizer.follow(sample, share=max(1 / (number + 1), _LEAST_SHARE))
        self._baked_strength = strength


def _give_way() -> None:
    """Lower this thread's priority below the painting threads', and use one core only."""
    torch.set_num_threads(1)
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
