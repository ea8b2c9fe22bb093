"""A picture, and a frame with its time."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""RGB uint8 (H, W, 3)."""

Floats = npt.NDArray[np.float32]

Weights = npt.NDArray[np.float32]
"""Weight map of each of K styles: (K, H, W), or (K, 1, 1) where it is the same everywhere.

Weights are >= 0, and at each pixel they sum to 1 at most; the rest to 1 is the source's weight.
"""

Alpha = npt.NDArray[np.uint8]
"""Opacity of each pixel, uint8 (H, W); 255 is opaque."""


@dataclass(frozen=True)
class Frame:
    """One frame for display: upright, RGB, with its timestamp in units of time_base.

    opens_shot: whether it is the first of a shot, once mark_shots (media/shots.py) has set it.
    alpha: None unless decode was asked for it; the picture is straight, not premultiplied. weights:
    None where one style covers the whole frame; float32 or, to save memory, uint8 in 1/255.
    number: its index in the source, where frames are counted (film/flow.py says how).
    """

    picture: Picture
    pts: int
    duration: int
    time_base: Fraction
    opens_shot: bool = False
    alpha: Alpha | None = None
    weights: "Weights | npt.NDArray[np.uint8] | None" = None
    number: int | None = None


@dataclass(frozen=True)
class ShotFrame:
    """A frame that was requested by its time in seconds.

    shot_pts: names its shot, by the pts of the shot's first frame.
    """

    seconds: float
    shot_pts: int
    picture: Picture
