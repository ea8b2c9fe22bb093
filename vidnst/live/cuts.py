"""Live shot detection, which cannot look ahead at later frames."""

from collections import deque

import cv2
import numpy as np

from vidnst.frames.frame import Picture

_SEEN_HW = (36, 64)
_SHADES = 6
_REMEMBERED = 8
_LEAST = 22.0
"""The least mean difference of a cut, in 1/255."""
_OUTSTANDING = 2.0
"""The least ratio of a cut's difference to the mean of recent frames."""
_RECOLORED = 0.1
"""The least share of pixels whose colors differ in the histograms; a pan keeps the colors."""


class CutWatch:
    """Detects from a frame and those before it whether a shot begins.

    A flash counts as a cut, unlike in films (media/shots.py): the next frame is not known yet.
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
    """The distance of two color histograms, 0..1: the share of pixels that differ."""
    shares = [
        cv2.calcHist([picture], [0, 1, 2], None, [_SHADES] * 3, [0, 256] * 3)
        for picture in (before, here)
    ]
    pixels = here.shape[0] * here.shape[1]
    return float(cv2.norm(shares[0], shares[1], cv2.NORM_L1) / (2 * pixels))
