"""Visibility and consistency of optical flow between two frames."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.motion.flow import Flow
from vidnst.motion.warp import pixel_grid, warp

Visible = npt.NDArray[np.float32]
"""Mask, float32 (H, W): 1 where a pixel of this frame is visible in the other one too, else 0."""


def visible(flow_cur_to_prev: Flow, flow_prev_to_cur: Flow) -> Visible:
    """Where the current frame's pixels are visible in the previous frame (either may be earlier).

    Ruder et al. 2016, section 4.1, with f the flow from the current to the previous frame and b the
    opposite one, sampled at p + f. A pixel is not trusted where p + f lies outside the frame, where
    the flows disagree, |f + b|^2 >= 0.01 (|f|^2 + |b|^2) + 0.5 (disoccluded), nor at a motion
    boundary, |grad u|^2 + |grad v|^2 > 0.01 |f|^2 + 0.002.
    """
    f = flow_cur_to_prev
    disagreement, allowed = flow_disagreement(f, flow_prev_to_cur)
    slopes = [np.gradient(f[..., part], axis=axis) for part in (0, 1) for axis in (0, 1)]
    smooth = sum(slope**2 for slope in slopes) <= 0.01 * (f**2).sum(-1) + 0.002
    return np.asarray(inside(f) & (disagreement < allowed + 0.5) & smooth, np.float32)


def inside(flow: Flow) -> npt.NDArray[np.bool_]:
    """Mask of the pixels whose flow leads inside the other frame, bool (H, W)."""
    height, width = flow.shape[:2]
    at = flow + pixel_grid(height, width)
    return cv2.inRange(at, (0, 0), (width - 1, height - 1)) > 0


def flow_disagreement(f: Flow, opposite: Flow) -> tuple[Visible, Visible]:
    """|f + b|^2 and 0.01 (|f|^2 + |b|^2), each (H, W), with b the opposite flow at p + f."""
    b = warp(opposite, f)
    total = f + b
    allowed = 0.01 * (_squared(f) + _squared(b))
    return _squared(total), allowed


def _squared(vectors: Flow) -> Visible:
    u, v = cv2.split(vectors)
    return np.asarray(u * u + v * v, np.float32)


def nearest_only(visible_by_age: Sequence[Visible]) -> list[Visible]:
    """Assign each pixel to the nearest of several earlier frames that shows it.

    visible_by_age: c(i - j) for growing j. Returns max(c(i - j) - sum over k < j of c(i - k), 0)
    (Ruder et al. 2016, section 4.3).
    """
    weights: list[Visible] = []
    covered = np.zeros_like(visible_by_age[0])
    for seen in visible_by_age:
        weights.append(np.maximum(seen - covered, 0))
        covered = covered + seen
    return weights
