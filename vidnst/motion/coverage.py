"""Choose a few frames of a shot that together show nearly all of what the shot shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.motion.flow import optical_flow
from vidnst.motion.visibility import visible
from vidnst.motion.warp import warp

COVERED = 0.95
"""The default share of all pixels of all frames that the chosen ones are to show."""
_COMPARED_SIDE = 160
_SMALLEST_SIDE = 16
_ALIKE = 40
"""Color difference in 1/255 from which on two pixels show different things."""
_MOST_CANDIDATES = 24
"""The most candidates of a shot; all pairs are compared."""
Each = TypeVar("Each")


@dataclass(frozen=True)
class Chosen:
    """The index of a chosen frame, and the share that it and those before it show, 0..1."""

    index: int
    covered: float


def candidates(frames: Iterable[Each]) -> list[Each]:
    """Some frames of a shot, evenly spread, in one pass over an unknown number."""
    kept: list[Each] = []
    step = 1
    for index, frame in enumerate(frames):
        if index % step == 0:
            kept.append(frame)
            if len(kept) > _MOST_CANDIDATES:
                kept, step = kept[::2], 2 * step
    return kept


def choose_frames(
    frames: Sequence[Picture],
    *,
    most: int | None = None,
    wanted: float = COVERED,
    covered: Sequence[npt.NDArray[np.bool_]] | None = None,
) -> list[Chosen]:
    """Choose frames that together show the share `wanted` of the pixels of all frames.

    Greedy set cover: each choice is the frame that shows most of what the earlier choices do not,
    so the first is the most representative one. Returned in the order of choice. frames: RGB uint8
    (H, W, 3) of one shot and size. most: upper bound of their number. covered: of each frame, the
    mask of the pixels that need no more, bool (H, W) of any size; None where all do.
    """
    small = [small_frame(frame) for frame in frames]
    count, hw = len(small), small[0].shape[:2]
    done = np.zeros((count, *hw), bool)
    if covered is not None:
        done[:] = [
            cv2.resize(mask.astype(np.float32), hw[::-1], interpolation=cv2.INTER_AREA) > 0.5
            for mask in covered
        ]
    if done.mean() >= wanted:
        return []
    shown = np.ones((count, count, *hw), bool)
    """[i, j]: mask of the pixels of frame j that frame i shows."""
    for i in range(count):
        for j in range(i + 1, count):
            shown[j, i], shown[i, j] = _seen_in_each_other(small[i], small[j])
    chosen: list[Chosen] = []
    while len(chosen) < min(most or count, count) and done.mean() < wanted:
        gains = (shown & ~done).sum((1, 2, 3))
        gains[[each.index for each in chosen]] = -1
        best = int(gains.argmax())
        done |= shown[best]
        chosen.append(Chosen(best, float(done.mean())))
    return chosen


def seen_share(frame: Picture, other: Picture) -> float:
    """The share of a frame's pixels, 0..1, that another frame of the same size shows."""
    return float(_seen_in_each_other(small_frame(frame), small_frame(other))[0].mean())


def small_frame(frame: Picture) -> Picture:
    """The frame at the size that frames are compared at."""
    scale = min(1.0, _COMPARED_SIDE / max(frame.shape[:2]))
    height, width = (max(_SMALLEST_SIDE, round(side * scale)) for side in frame.shape[:2])
    return resize(frame, (height, width))


def _seen_in_each_other(a: Picture, b: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the pixels of a that b shows, and of those of b that a shows: bool (H, W) each.

    The flow must pass the forward-backward check and the colors must match: between frames of
    different shots, flow alone can agree by chance.
    """
    there, back = optical_flow(a, b), optical_flow(b, a)
    found = []
    for flow, opposite, own, other in ((there, back, a, b), (back, there, b, a)):
        apart = cv2.absdiff(warp(other.astype(np.float32), flow), own.astype(np.float32)).max(2)
        found.append((visible(flow, opposite) > 0) & (apart < _ALIKE))
    return found[0], found[1]
