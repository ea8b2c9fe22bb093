"""Cuts as they come: live there is no frame after this one to ask."""

from collections import deque

import cv2
import numpy as np

from vidnst.frames import Picture

_SEEN_HW = (36, 64)
_REMEMBERED = 8
_LEAST = 14.0
"""In 1/255: what differs by less is no cut."""
_OUTSTANDING = 3.0
"""A cut differs so many times as much as frames did lately."""


class CutWatch:
    """Tells from a frame and those before it whether a shot begins.

    A flash counts as one, unlike in films (media/shots.py): what follows it is not known yet.
    """

    def __init__(self) -> None:
        self._before: Picture | None = None
        self._lately: deque[float] = deque(maxlen=_REMEMBERED)

    def opens_shot(self, picture: Picture) -> bool:
        """Look at the next frame, RGB uint8 (H, W, 3); the first opens a shot."""
        size_wh = _SEEN_HW[::-1]
        seen = np.asarray(cv2.resize(picture, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
        before, self._before = self._before, seen
        if before is None:
            return True
        difference = float(cv2.absdiff(seen, before).mean())
        usual = sum(self._lately) / len(self._lately) if self._lately else 0.0
        cut = difference > max(_LEAST, _OUTSTANDING * usual)
        if cut:
            self._lately.clear()
        else:
            self._lately.append(difference)
        return cut

    def forget(self) -> None:
        """Let the next frame open a shot."""
        self._before = None
        self._lately.clear()
