"""The pictures a style is made of, and how what is read from each becomes one style."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from vidnst.frames.color import Palette, matched, palette_of
from vidnst.frames.frame import Picture
from vidnst.nets.losses import Moments

FINE_BLOCKS = ("relu1", "relu2")
"""Of the encoder, whose statistics are texture of some pixels; shapes begin above."""


@dataclass(frozen=True, eq=False)
class StylePictures:
    """Pictures, RGB uint8 (H, W, 3), each with its share of the style; shares add up to 1.

    fine: where the finest texture comes from, if not from these.
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
        """What is read from each picture, averaged by their shares; fine does not count."""
        return _mean([read(picture) for picture in self.pictures], self.shares)

    def moments(self, read: Callable[[Picture], dict[str, Moments]]) -> dict[str, Moments]:
        """The moments read from each picture by layer, averaged by their shares.

        Those of the lower layers are fine's, where there is one.
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
    """A style of one picture is one as well."""
    return style if isinstance(style, StylePictures) else StylePictures((style,), (1.0,))


def with_fine(style: StylePictures, fine: StylePictures) -> StylePictures:
    """Take the finest texture from other pictures, in the colors of this style."""
    return replace(style, fine=fine.matched(palette_of(style.pictures)))


def _mean(found: list[Tensor], shares: tuple[float, ...]) -> Tensor:
    return torch.stack([share * value for share, value in zip(shares, found, strict=True)]).sum(0)
