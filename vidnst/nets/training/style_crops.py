"""A style as a training target: features of crops, the palette and the tones."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.nets.losses import Moments, tones
from vidnst.nets.network import STRIDE
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.style_pictures import FINE_BLOCKS, StylePictures
from vidnst.nets.tensors import as_tensor
from vidnst.nets.training.likeness import Seen, judged_layers, seen_in

_CROP_SIDE = 256
"""Of the crops of a style that is used at a single scale."""
_CROPS = 48
"""Encoded once before the first step; each step compares with some of them."""
_PALETTE_SIDE = 96
_TONED_SIDE = 600


class StyleCrops:
    """What paintings in a style are compared to. Its tensors are on the teacher's device."""

    def __init__(
        self,
        style: StylePictures,
        teacher: PerceptualEncoder,
        *,
        size: int,
        sides: tuple[int, int],
        rng: np.random.Generator,
        dtype: torch.dtype | None = None,
    ) -> None:
        """size: of the crops. sides: the range that the pictures' longer side is scaled to.

        dtype: of the teacher's arithmetic.
        """
        device = next(teacher.parameters()).device
        self._layers = judged_layers(teacher)

        @lru_cache(maxsize=4)  # Keyed by identity; at a single scale each picture is resized once.
        def scaled(style: StylePictures, index: int, side: int) -> Tensor:
            return at_size(as_tensor(style.pictures[index], device), side, size)

        def seen(style: StylePictures) -> Seen:
            """A crop of one of the pictures, drawn by their shares; its fine blocks are fine's."""
            only = len(style.pictures) == 1
            index = 0 if only else int(rng.choice(len(style.pictures), p=style.shares))
            picture = scaled(style, index, int(rng.integers(sides[0], sides[1] + 1)))
            top, left = (int(rng.integers(0, n - size + 1)) for n in picture.shape[2:])
            crop = picture[:, :, top : top + size, left : left + size]
            found = seen_in(teacher, crop.flip(3) if rng.random() < 0.5 else crop, dtype=dtype)
            if style.fine is None:
                return found
            fine = seen(style.fine)
            lower = [layer for layer in self._layers if layer.startswith(FINE_BLOCKS)]
            return Seen(
                found.features | {layer: fine.features[layer] for layer in lower[1:]},
                found.moments | {layer: fine.moments[layer] for layer in lower},
            )

        self._crops = [seen(style) for _ in range(_CROPS)]
        pictures = [as_tensor(picture, device) for picture in style.pictures]
        self.colors = _shared_out(
            [
                F.interpolate(p, (_PALETTE_SIDE, _PALETTE_SIDE), mode="bilinear", antialias=True)
                .flatten(2)
                .transpose(1, 2)
                for p in pictures
            ],
            style.shares,
        )
        """(1, N, 3), of each picture its share."""
        self.sorted_tones = _shared_out(
            [tones(at_size(p, _TONED_SIDE, size)).sort(1)[0] for p in pictures], style.shares
        ).sort(1)[0]
        """(1, N): the lightness of squares (losses.tones), of each picture its share."""

    def some(self, count: int, rng: np.random.Generator) -> Seen:
        """The teacher's features and moments of `count` random crops."""
        chosen = [self._crops[int(i)] for i in rng.integers(0, len(self._crops), count)]
        return Seen(
            {la: torch.cat([one.features[la] for one in chosen]) for la in self._layers[1:]},
            {
                la: Moments(
                    torch.cat([one.moments[la].mean for one in chosen]),
                    torch.cat([one.moments[la].covariance for one in chosen]),
                )
                for la in self._layers
            },
        )


def crops_of(
    style: StylePictures,
    teacher: PerceptualEncoder,
    side: int,
    rng: np.random.Generator,
    dtype: torch.dtype,
) -> StyleCrops:
    """Crops of a style whose pictures are scaled to a longer side of `side` pixels."""
    size = max(32, min(_CROP_SIDE, side // STRIDE * STRIDE))
    return StyleCrops(style, teacher, size=size, sides=(side, side), rng=rng, dtype=dtype)


def _shared_out(of_each: list[Tensor], shares: Iterable[float]) -> Tensor:
    """Concatenate values (1, N, ...), evenly subsampled: of each its share of the first's count."""
    count = of_each[0].shape[1]
    taken = []
    for values, share in zip(of_each, shares, strict=True):
        own = max(1, round(share * count))
        taken.append(values[:, torch.arange(own) * values.shape[1] // own])
    return torch.cat(taken, 1)


def at_size(style: Tensor, long_side: int, least: int) -> Tensor:
    """Resize a style (1, 3, H, W) to this longer side, with no side below `least`."""
    scale = long_side / max(style.shape[2:])
    size_hw = [max(least, round(side * scale)) for side in style.shape[2:]]
    return F.interpolate(style, size_hw, mode="bicubic", antialias=scale < 1).clamp(0, 1)
