"""Which few frames of a shot show nearly all that any of its frames shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.motion.flow import optical_flow
from vidnst.motion.visibility import visible
from vidnst.motion.warp import warp

COVERED = 0.95
"""Of all pixels: so many are nearly all."""
_COMPARED_SIDE = 160
_SMALLEST_SIDE = 16
_ALIKE = 40
"""In 1/255: colors further apart show different things."""


@dataclass(frozen=True)
class Chosen:
    """A frame that was chosen, by its index, and how much is shown once it is, 0..1."""

    index: int
    covered: float


def choose_frames(
    frames: Sequence[Picture], *, most: int | None = None, wanted: float = COVERED
) -> list[Chosen]:
    """Frames that together show so much of what any of them shows, as they were chosen.

    One after the other, that which shows most of what none of the chosen ones does; so the first
    is the one most like all others. frames: RGB uint8 (H, W, 3) of one shot and size. most: no
    more than these.
    """
    small = [_small(frame) for frame in frames]
    count, hw = len(small), small[0].shape[:2]
    shown = np.ones((count, count, *hw), bool)
    """[i, j]: which pixels of frame j are seen in frame i."""
    for i in range(count):
        for j in range(i + 1, count):
            shown[j, i], shown[i, j] = _seen_in_each_other(small[i], small[j])
    covered = np.zeros((count, *hw), bool)
    chosen: list[Chosen] = []
    while len(chosen) < min(most or count, count) and covered.mean() < wanted:
        gains = (shown & ~covered).sum((1, 2, 3))
        gains[[each.index for each in chosen]] = -1
        best = int(gains.argmax())
        covered |= shown[best]
        chosen.append(Chosen(best, float(covered.mean())))
    return chosen


def seen_share(frame: Picture, other: Picture) -> float:
    """Which share of a frame is seen in another of its size."""
    return float(_seen_in_each_other(_small(frame), _small(other))[0].mean())


def _small(frame: Picture) -> Picture:
    scale = min(1.0, _COMPARED_SIDE / max(frame.shape[:2]))
    height, width = (max(_SMALLEST_SIDE, round(side * scale)) for side in frame.shape[:2])
    return resize(frame, (height, width))


def _seen_in_each_other(a: Picture, b: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels of a are seen in b, and of b in a: bool (H, W) each.

    What moved there and back alike and looks the same; of two shots flow alone agrees by chance.
    """
    there, back = optical_flow(a, b), optical_flow(b, a)
    found = []
    for flow, opposite, own, other in ((there, back, a, b), (back, there, b, a)):
        apart = cv2.absdiff(warp(other.astype(np.float32), flow), own.astype(np.float32)).max(2)
        found.append((visible(flow, opposite) > 0) & (apart < _ALIKE))
    return found[0], found[1]
