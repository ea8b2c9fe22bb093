"""Cuts as they come: live there is no frame after this one to ask."""

from collections import deque

import cv2
import numpy as np

from vidnst.frames.frame import Picture

_SEEN_HW = (36, 64)
_SHADES = 6
_REMEMBERED = 8
_LEAST = 22.0
"""In 1/255: what differs by less is no cut."""
_OUTSTANDING = 2.0
"""A cut differs so many times as much as frames did lately."""
_RECOLORED = 0.1
"""Of a frame's pixels so many at least have another color after a cut; a pan keeps colors."""


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
        if difference > max(_LEAST, _OUTSTANDING * usual) and _recolored(before, seen) > _RECOLORED:
            return True
        self._lately.append(difference)
        return False

    def forget(self) -> None:
        """Let the next frame open a shot."""
        self._before = None
        self._lately.clear()


def _recolored(before: Picture, here: Picture) -> float:
    """The share of pixels, 0..1, that one picture has more of in some color than the other."""
    shares = [
        cv2.calcHist([picture], [0, 1, 2], None, [_SHADES] * 3, [0, 256] * 3)
        for picture in (before, here)
    ]
    pixels = here.shape[0] * here.shape[1]
    return float(cv2.norm(shares[0], shares[1], cv2.NORM_L1) / (2 * pixels))
