"""The targets of the optimization: statistics of styles, at the scale of a frame."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vidnst.frames.color import Palette, palette_of
from vidnst.frames.frame import Picture, Weights
from vidnst.frames.resize import resize
from vidnst.frames.shares import fitted, in_floats
from vidnst.nets.losses import Moments
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.style_pictures import StylePictures
from vidnst.nets.tensors import as_tensor
from vidnst.stylizers.optimized.objective import see

Mask = npt.NDArray[np.uint8]

_NATURAL_BRUSH_PERCENT = 4.5
"""The approximate size of marks when the style is resized to the size of the frame."""


def brush_scale(brush_size: float | None) -> float:
    """The factor on the frame's size that a style is resized to, for marks of this size.

    brush_size: in percent of the frame's height; None gives 1.
    """
    return (brush_size or _NATURAL_BRUSH_PERCENT) / _NATURAL_BRUSH_PERCENT


class MatchedStyles:
    """Several styles, optionally masked, in their own colors or those of a shot."""

    def __init__(
        self,
        styles: Sequence[StylePictures],
        masks: Sequence[Mask | None],
        *,
        smallest: int,
        brush_size: float | None,
        device: torch.device,
    ) -> None:
        """masks: of each style, uint8 (H, W), the part of it to use; None is all.

        smallest: the minimum side for the encoder, in pixels. brush_size: of the marks, in percent
        of the frame's height.
        """
        self._given = self._styles = list(styles)
        self._masks = [*masks, *[None] * (len(styles) - len(masks))]
        self._smallest, self._device = smallest, device
        self._brush = brush_scale(brush_size)
        self.palette: Palette | None = None

    def pictures(self, index: int) -> tuple[Picture, ...]:
        """The pictures of a style, in the colors it is painted in."""
        return self._styles[index].pictures

    def colors(self, index: int) -> Palette:
        """The palette of the unmasked part of a style's pictures, as returned by `pictures`."""
        pictures, mask = self.pictures(index), self._masks[index]
        if mask is None:
            return palette_of(pictures)
        counts = [cv2.resize(mask, (p.shape[1], p.shape[0])) > mask.max() / 2 for p in pictures]
        return palette_of([p[those][None] for p, those in zip(pictures, counts, strict=True)])

    def match(self, palette: Palette | None) -> None:
        """Bring the styles' colors to a palette; None gives them their own."""
        self.palette = palette
        self._styles = self._given
        if palette is not None:
            self._styles = [style.matched(palette) for style in self._given]

    def _resized(self, picture: Picture, size_hw: tuple[int, int]) -> Tensor:
        """A picture resized to the scale of a frame of size_hw, (1, 3, H, W) in [0, 1]."""
        scale = self._brush * max(size_hw) / max(picture.shape[:2])
        height, width = (max(self._smallest, round(s * scale)) for s in picture.shape[:2])
        return as_tensor(resize(picture, (height, width)), self._device)


class StyleTargets(MatchedStyles):
    """The statistics of several styles."""

    def __init__(
        self,
        styles: Sequence[StylePictures],
        masks: Sequence[Mask | None],
        encoder: PerceptualEncoder,
        *,
        layers: tuple[str, ...],
        smallest: int,
        brush_size: float | None,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        """As for MatchedStyles; dtype: of the encoder's arithmetic."""
        super().__init__(styles, masks, smallest=smallest, brush_size=brush_size, device=device)
        self._encoder, self._layers, self._dtype = encoder, layers, dtype
        self._at = lru_cache(maxsize=16)(self._read)

    def match(self, palette: Palette | None) -> None:
        """Bring the styles' colors to a palette; None gives them their own."""
        super().match(palette)
        self._at.cache_clear()

    def at(self, size_hw: tuple[int, int], count: int) -> dict[str, Moments]:
        """The statistics of the first `count` styles, (count, ...), for a frame of size_hw."""
        return self._at(size_hw, count)

    def mixed_at(
        self, size_hw: tuple[int, int], shares: npt.NDArray[np.float32]
    ) -> dict[str, Moments]:
        """The styles' statistics in these shares, which sum to 1, as those of one style."""
        each = self._at(size_hw, len(shares))

        def mixed(of_styles: Tensor) -> Tensor:
            weights = torch.from_numpy(shares).to(of_styles)
            return torch.einsum("k,k...->...", weights, of_styles)[None]

        return {
            layer: Moments(mixed(moments.mean), mixed(moments.covariance))
            for layer, moments in each.items()
        }

    def _read(self, size_hw: tuple[int, int], count: int) -> dict[str, Moments]:
        each = list(zip(self._styles, self._masks, strict=True))[:count]
        found = [self._read_one(style, mask, size_hw) for style, mask in each]
        return {
            layer: Moments(
                torch.cat([of_style[layer].mean for of_style in found]),
                torch.cat([of_style[layer].covariance for of_style in found]),
            )
            for layer in self._layers
        }

    def _read_one(
        self, style: StylePictures, mask: Mask | None, size_hw: tuple[int, int]
    ) -> dict[str, Moments]:
        def read(picture: Picture) -> dict[str, Moments]:
            pixels = self._resized(picture, size_hw)
            guide = None if mask is None else in_floats(mask[None])
            with torch.no_grad():
                return see(
                    self._encoder,
                    pixels,
                    (),
                    self._layers,
                    guides=as_guides(guide, (pixels.shape[2], pixels.shape[3]), self._device),
                    dtype=self._dtype,
                )[1]

        return style.moments(read)


def as_guides(
    weights: Weights | None, size_hw: tuple[int, int], device: torch.device
) -> Tensor | None:
    """Weight maps resized to size_hw, (K, H, W); None if weights are None: one style everywhere."""
    if weights is None:
        return None
    spread = np.broadcast_to(fitted(weights, size_hw), (len(weights), *size_hw))
    return torch.from_numpy(spread.copy()).to(device)
