"""A film whose motion is known exactly: a moved background, and a square that moves before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from vidnst.frames.frame import Picture
from vidnst.motion.flow import Flow
from vidnst.motion.visibility import Visible

SIZE_HW = (96, 128)
_BACKGROUND_STEP = (3, -1)
_SQUARE_STEP = (-4, 2)
_SQUARE_SIDE = 36
_NOISE = 4.0


def texture(height: int, width: int, seed: int) -> Picture:
    """A picture with detail at all scales, RGB uint8 (H, W, 3)."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3), np.float32)
    for cell, weight in ((48, 3.0), (24, 2.0), (10, 1.5), (4, 1.0)):
        coarse = rng.random((height // cell + 3, width // cell + 3, 3)).astype(np.float32)
        fine = cv2.resize(coarse, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
        picture += weight * fine[:height, :width]
    return (picture / 7.5 * 255).clip(0, 255).astype(np.uint8)


@dataclass(frozen=True)
class KnownFrame:
    """A frame, its exact flow to the one before, and where that one shows the same; else None."""

    picture: Picture
    flow_cur_to_prev: Flow | None
    visible: Visible | None


def known_film(count: int) -> Iterator[KnownFrame]:
    """Frames with camera noise, as every real camera has: what does not move still changes."""
    height, width = SIZE_HW
    rng = np.random.default_rng(7)
    background = texture(height + 80, width + 120, 1)
    square = texture(_SQUARE_SIDE, _SQUARE_SIDE, 2)[..., ::-1] // 2 + 90
    before: np.ndarray | None = None
    for index in range(count):
        left, top = 20 + index * _BACKGROUND_STEP[0], 30 + index * _BACKGROUND_STEP[1]
        picture = background[top : top + height, left : left + width].copy()
        x, y = 80 + index * _SQUARE_STEP[0], 20 + index * _SQUARE_STEP[1]
        covered = np.zeros((height, width), bool)
        covered[y : y + _SQUARE_SIDE, x : x + _SQUARE_SIDE] = True
        picture[covered] = square.reshape(-1, 3)
        noisy = picture + rng.normal(0, _NOISE, picture.shape)
        flow = visible = None
        if before is not None:
            # What the frame shows at p, the one before showed at p + the step of its layer.
            flow = np.empty((height, width, 2), np.float32)
            flow[:] = _BACKGROUND_STEP
            flow[covered] = [-step for step in _SQUARE_STEP]
            at_y, at_x = np.mgrid[:height, :width].astype(int)
            at_x, at_y = at_x + flow[..., 0].astype(int), at_y + flow[..., 1].astype(int)
            inside = (at_x >= 0) & (at_x < width) & (at_y >= 0) & (at_y < height)
            was_covered = before[at_y.clip(0, height - 1), at_x.clip(0, width - 1)]
            visible = (inside & (was_covered == covered)).astype(np.float32)
        yield KnownFrame(np.clip(np.rint(noisy), 0, 255).astype(np.uint8), flow, visible)
        before = covered


class Painter(Protocol):
    """What paints a shot's frames one after the other."""

    def begin_shot(self) -> None: ...

    def paint(self, picture: Picture) -> Picture: ...


def painted_film(painter: Painter, frames: list[KnownFrame], *, apart: bool) -> list[Picture]:
    """The frames painted as one shot, or each as a shot of its own."""
    painted = []
    for frame in frames:
        if apart:
            painter.begin_shot()
        painted.append(painter.paint(frame.picture))
    return painted


def warping_error(frames: list[KnownFrame], painted: list[Picture]) -> float:
    """Mean squared difference, in [0, 1], of each frame to the one before, warped exactly."""
    errors = []
    for known, previous, current in zip(frames[1:], painted, painted[1:], strict=False):
        assert known.flow_cur_to_prev is not None
        assert known.visible is not None
        y, x = np.mgrid[: SIZE_HW[0], : SIZE_HW[1]]
        at_x = (x + known.flow_cur_to_prev[..., 0].astype(int)).clip(0, SIZE_HW[1] - 1)
        at_y = (y + known.flow_cur_to_prev[..., 1].astype(int)).clip(0, SIZE_HW[0] - 1)
        apart = (current / 255.0 - previous[at_y, at_x] / 255.0) ** 2
        errors.append((known.visible[..., None] * apart).sum() / (3 * known.visible.sum()))
    return float(np.mean(errors))
