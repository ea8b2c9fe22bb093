"""The paintings that styles are drawn from."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.style_code import style_code
from vidnst.nets.training.learning import channels_last
from vidnst.nets.training.pictures import as_float, random_crops

_SPANS = (0.875, 1.5)
"""The range of a crop's side before it is resized, in units of `size`: fine to broad strokes."""


class Styles:
    """Paintings of several sources, each a tensor of squares, uint8 (N, 3, S, S)."""

    def __init__(
        self, sources: Sequence[Tensor], encoder: PerceptualEncoder, size: int, held_out: int
    ) -> None:
        """encoder: computes codes. size: of the crops. held_out: not drawn, at the end of each."""
        self._sources, self._encoder, self._size = sources, encoder, size
        self._counts = [len(source) - held_out for source in sources]
        # By number of pixels: larger paintings have more different crops.
        pixels = np.array([source.numel() for source in sources], float)
        self._shares = pixels / pixels.sum()

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Crops (B, 3, size, size) in [0, 1] of B random paintings, and their codes (B, N)."""
        crops = []
        for source in rng.choice(len(self._sources), count, p=self._shares):
            chosen = rng.integers(0, self._counts[source], 1)
            crops.append(random_crops(self._sources[source], chosen, self._size, rng, spans=_SPANS))
        pictures = torch.cat(crops)
        return pictures, self.codes(pictures)

    @torch.no_grad()
    def codes(self, pictures: Tensor) -> Tensor:
        """The codes (B, N) of pictures (B, 3, H, W) in [0, 1]."""
        return style_code(self._encoder, channels_last(pictures))

    def all_codes(self) -> Tensor:
        """The codes of all paintings, each as a whole."""
        return torch.cat(
            [
                self.codes(as_float(source[start : start + 16]))
                for source in self._sources
                for start in range(0, len(source), 16)
            ]
        )
