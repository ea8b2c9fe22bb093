"""The pictures that make up a style, and how their features are averaged."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from vidnst.frames.color import Palette, matched, palette_of
from vidnst.frames.frame import Picture
from vidnst.nets.losses import Moments

FINE_BLOCKS = ("relu1", "relu2")
"""The encoder's blocks whose statistics describe texture of some pixels, not yet shapes."""


@dataclass(frozen=True, eq=False)
class StylePictures:
    """Pictures, RGB uint8 (H, W, 3), each with its share of the style; shares add up to 1.

    fine: the pictures that the finest texture comes from, if not these.
    """

    pictures: tuple[Picture, ...]
    shares: tuple[float, ...]
    fine: "StylePictures | None" = None

    def changed(self, change: Callable[[Picture], Picture]) -> "StylePictures":
        """The same with a change made to every picture."""
        return replace(
            self,
            pictures=tuple(change(picture) for picture in self.pictures),
            fine=self.fine and self.fine.changed(change),
        )

    def matched(self, wanted: Palette) -> "StylePictures":
        """The same with each picture's colors brought to the wanted palette."""
        return self.changed(lambda picture: matched(picture, wanted))

    def mean(self, read: Callable[[Picture], Tensor]) -> Tensor:
        """The mean of `read` over the pictures, weighted by their shares; ignores `fine`."""
        return _mean([read(picture) for picture in self.pictures], self.shares)

    def moments(self, read: Callable[[Picture], dict[str, Moments]]) -> dict[str, Moments]:
        """The pictures' moments by layer, averaged by their shares.

        Those of the lower layers are from `fine`, if there is one.
        """
        found = [read(picture) for picture in self.pictures]
        mean = partial(_mean, shares=self.shares)
        mixed = {
            layer: Moments(
                mean([m[layer].mean for m in found]), mean([m[layer].covariance for m in found])
            )
            for layer in found[0]
        }
        if self.fine is not None:
            lower = self.fine.moments(read)
            mixed |= {layer: m for layer, m in lower.items() if layer.startswith(FINE_BLOCKS)}
        return mixed


def style_pictures(style: Picture | StylePictures) -> StylePictures:
    """Wrap a single picture; return StylePictures as they are."""
    return style if isinstance(style, StylePictures) else StylePictures((style,), (1.0,))


def with_fine(style: StylePictures, fine: StylePictures) -> StylePictures:
    """Take the finest texture from other pictures, in the colors of this style."""
    return replace(style, fine=fine.matched(palette_of(style.pictures)))


def _mean(found: list[Tensor], shares: tuple[float, ...]) -> Tensor:
    return torch.stack([share * value for share, value in zip(shares, found, strict=True)]).sum(0)
