"""A picture, and a frame with its time."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""RGB uint8 (H, W, 3)."""

Floats = npt.NDArray[np.float32]

Weights = npt.NDArray[np.float32]
"""How much of each of K styles is painted: (K, H, W), or (K, 1, 1) where it is the same everywhere.

Each is >= 0, and at each pixel they sum to 1 at most; what is missing from 1 is the source itself.
"""

Alpha = npt.NDArray[np.uint8]
"""How opaque each pixel is, uint8 (H, W); 255 hides all behind it."""


@dataclass(frozen=True)
class Frame:
    """One frame as it should be seen: upright, RGB, with its timestamp in units of time_base.

    opens_shot: it is the first after a cut, as far as someone has looked (media/shots.py). alpha:
    there where decode was asked for it; the picture is then not darkened by it. weights: there
    where not all of it is painted in one style, as float32 or, to save memory, uint8 in 1/255.
    number: which frame of its source it is, where someone has counted (film/flow.py says how).
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
    """A frame that was asked for by its time in seconds, and its shot's number, from 1."""

    seconds: float
    shot: int
    picture: Picture
