"""Optical flow between two frames of the source."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import local
from typing import Literal, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Picture

_SMALLEST_SIDE = 32
"""DIS matches patches on a pyramid; smaller frames leave it nothing to match."""

Flow = npt.NDArray[np.float32]
"""Displacements in pixels, float32 (H, W, 2)."""

FlowFunction = Callable[[Picture, Picture], Flow]
"""Flow from the first picture to the second, in the convention of optical_flow."""


@dataclass(frozen=True, eq=False)
class View:
    """A frame of the source, RGB uint8 (H, W, 3), at any size; number: its index, where known."""

    picture: Picture
    number: int | None = None


class FlowSource(Protocol):
    """Provides the flow between two frames: an estimator, or files."""

    def between(self, here: View, there: View) -> Flow:
        """The flow from `here` to `there`, both of one size, in the convention of optical_flow.

        Unknown flow leads far outside the frame. Thread-safe. Raises MediaError.
        """
        ...


class EstimatedFlow:
    """Flow that a function estimates from two pictures."""

    def __init__(self, function: FlowFunction | None = None) -> None:
        """function: None is optical_flow."""
        self._function = function or optical_flow

    def between(self, here: View, there: View) -> Flow:
        """See FlowSource."""
        return self._function(here.picture, there.picture)


Preset = Literal["medium", "fast"]

_estimators = local()
"""Estimators of the thread: each reuses its buffers and is not thread-safe."""


def optical_flow(here: Picture, there: Picture, preset: Preset = "medium") -> Flow:
    """Find where each pixel of `here` lies in `there`, by DIS (Kroeger et al. 2016).

    here, there: RGB uint8 (H, W, 3) of one size. preset: medium is the more exact, fast takes half
    of its time.

    Convention: flow[y, x] = (dx, dy) in pixels; what `here` shows at the pixel center (x, y) is at
    (x + dx, y + dy) in `there`.
    """
    if min(here.shape[:2]) < _SMALLEST_SIDE:
        return np.zeros((*here.shape[:2], 2), np.float32)
    gray = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (here, there)]
    estimator = _estimator(preset)
    return np.asarray(estimator.calc(gray[0], gray[1], None), np.float32)  # type: ignore[call-overload]


def _estimator(preset: Preset) -> cv2.DISOpticalFlow:
    kept: dict[Preset, cv2.DISOpticalFlow] = _estimators.__dict__.setdefault("kept", {})
    if preset not in kept:
        kept[preset] = _medium() if preset == "medium" else _fast()
    return kept[preset]


def _medium() -> cv2.DISOpticalFlow:
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)


def _fast() -> cv2.DISOpticalFlow:
    """OpenCV's fast preset, at a finer scale with fewer iterations (see the log)."""
    fast = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    fast.setFinestScale(1)
    fast.setGradientDescentIterations(6)
    fast.setVariationalRefinementIterations(1)
    return fast
