"""Partly optimized pictures, on which an encoder must be accurate as well."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from vidnst.nets.training.pictures import random_crops


class DriftingPictures:
    """Pictures that are optimized toward styles with the encoder in training, as its inputs.

    Partly optimized pictures are unlike any photo or painting. An encoder that was never trained on
    them may be wrong there, and an optimization exploits such errors, as adversarial examples do.
    These pictures are made with the current encoder; the teachers provide their targets.
    """

    _LIFETIME = 120
    _STRIDE = 0.03

    def __init__(self, squares: Sequence[Tensor], size: int, count: int, seed: int) -> None:
        self._squares, self._size = squares, size
        rng = np.random.default_rng([seed, 1])
        self.pictures = torch.empty(count, 3, size, size)
        self.scenes = torch.empty(count, 3, size, size)
        self.styles = torch.empty(count, 3, size, size)
        self.ages = torch.empty(count, dtype=torch.int64)
        for index in range(count):
            self._restart(index, rng)
        # Different ages, so that they do not all restart at the same time.
        self.ages.copy_(torch.from_numpy(rng.integers(0, self._LIFETIME, count)))

    def _restart(self, index: int, rng: np.random.Generator) -> None:
        def crop(source: Tensor) -> Tensor:
            return random_crops(source, rng.integers(0, len(source), 1), self._size, rng)[0]

        self.styles[index] = crop(self._squares[-1])
        picture = crop(self._squares[int(rng.integers(0, len(self._squares)))])
        self.scenes[index] = picture
        if rng.random() < 0.25:
            noise = torch.from_numpy(rng.random(picture.shape, np.float32))
            picture = torch.lerp(picture, noise, float(rng.random()))
        self.pictures[index] = picture
        self.ages[index] = 0

    def state(self) -> dict[str, Tensor]:
        """The tensors to checkpoint, by name."""
        return {
            "pictures": self.pictures, "scenes": self.scenes, "styles": self.styles,
            "ages": self.ages,
        }  # fmt: skip

    def move(self, chosen: Tensor, gradient: Tensor, rng: np.random.Generator) -> None:
        """Take a gradient step with the chosen pictures; restart those past their lifetime."""
        scale = gradient.square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-12
        strides = self._STRIDE * torch.from_numpy(rng.random((len(chosen), 1, 1, 1), np.float32))
        moved = self.pictures[chosen] - strides * (gradient / scale).cpu()
        self.pictures[chosen] = moved.clamp(0, 1)
        self.ages[chosen] += 1
        for index in chosen[self.ages[chosen] >= self._LIFETIME].tolist():
            self._restart(index, rng)
