"""Optical flow between two frames of the source."""

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames import Picture

_SMALLEST_SIDE = 32
"""DIS matches patches on a pyramid; smaller frames leave it nothing to match."""

Flow = npt.NDArray[np.float32]
"""Displacements in pixels, float32 (H, W, 2)."""


def optical_flow(here: Picture, there: Picture) -> Flow:
    """Find where each pixel of `here` lies in `there`, by DIS (Kroeger et al. 2016), preset medium.

    here, there: RGB uint8 (H, W, 3) of one size.

    Convention: flow[y, x] = (dx, dy) in pixels; what `here` shows at the pixel center (x, y) is at
    (x + dx, y + dy) in `there`.
    """
    if min(here.shape[:2]) < _SMALLEST_SIDE:
        return np.zeros((*here.shape[:2], 2), np.float32)
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    gray = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (here, there)]
    return np.asarray(estimator.calc(gray[0], gray[1], None), np.float32)  # type: ignore[call-overload]
