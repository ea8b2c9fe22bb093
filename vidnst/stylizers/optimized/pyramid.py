"""A picture as a Laplacian pyramid in one vector (Burt and Adelson 1983).

Optimizing all its levels at the same learning rate changes broad shapes as fast as fine ones.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

_MOST_LEVELS = 8
_SMALLEST_SIDE = 4


class Pyramid:
    """Converts between pictures (1, 3, H, W) and points (N,), float32."""

    def __init__(self, size_hw: tuple[int, int]) -> None:
        self._sizes = [size_hw]
        while len(self._sizes) <= _MOST_LEVELS and min(self._sizes[-1]) > _SMALLEST_SIDE:
            height, width = self._sizes[-1]
            self._sizes.append((max(2, height // 2), max(2, width // 2)))

    def point(self, picture: Tensor) -> Tensor:
        """The levels of a picture, fine to coarse, one after the other."""
        levels = []
        for fine, coarse in pairwise(self._sizes):
            smaller = F.interpolate(
                picture, coarse, mode="bilinear", antialias=True, align_corners=False
            )
            levels.append(picture - _enlarged(smaller, fine))
            picture = smaller
        return torch.cat([level.flatten() for level in (*levels, picture)])

    def picture(self, point: Tensor) -> Tensor:
        """The picture that the levels add up to."""
        levels = torch.split(point, [3 * height * width for height, width in self._sizes])
        picture = levels[-1].reshape(1, 3, *self._sizes[-1])
        for size_hw, level in zip(self._sizes[-2::-1], levels[-2::-1], strict=True):
            picture = _enlarged(picture, size_hw) + level.reshape(1, 3, *size_hw)
        return picture


def _enlarged(picture: Tensor, size_hw: tuple[int, int]) -> Tensor:
    return F.interpolate(picture, size_hw, mode="bilinear", align_corners=False)
