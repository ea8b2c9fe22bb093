"""How far two ways to compute one picture may lie apart, by the numbers they compute in.

A promise that holds on any processor: convolutions add up in another order on each, and bfloat16
rounds every sum to 8 bits, so that a single pixel may be off by some levels, and all together not.
"""

from typing import NamedTuple

import cv2
import numpy as np
import torch

from vidnst.frames.frame import Picture


class Tolerance(NamedTuple):
    """Of RGB uint8 pictures, in 1/255: of any one value, and of all in the mean."""

    largest: float
    mean: float


TOLERANCES = {
    torch.float32: Tolerance(1, 0.02),
    torch.float16: Tolerance(2, 0.1),
    torch.bfloat16: Tolerance(4, 0.2),
}


def assert_alike(found: Picture, expected: Picture, dtype: torch.dtype) -> None:
    """Fail where two pictures lie further apart than arithmetic in dtype explains."""
    apart = cv2.absdiff(found, expected)
    allowed = TOLERANCES[dtype]
    assert apart.max() <= allowed.largest, f"one value is off by {apart.max()}"
    assert np.mean(apart) <= allowed.mean, f"values are off by {np.mean(apart):.3f} in the mean"
