"""The fast stylizer: one feed-forward network for any style."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidnst.errors import WeightsError
from vidnst.frames.color import palette_of
from vidnst.frames.frame import Picture
from vidnst.nets.bake import BakedNetwork, Statistics, bake, is_flat
from vidnst.nets.network import STRIDE, StyledLayers, StyleNetwork, load_network
from vidnst.nets.precision import autocast
from vidnst.nets.single import (
    difference,
    is_single,
    load_single,
    own_network,
    plus_difference,
    trained_for,
)
from vidnst.nets.style_code import code_encoder, style_code, with_fine_texture
from vidnst.nets.style_pictures import StylePictures, style_pictures
from vidnst.nets.weights import shipped_weights
from vidnst.options.compute import ComputeOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.feed_forward import FeedForwardStylizer

_STATISTICS_PIXELS = 700_000
"""Of larger frames, only a strip each is used, from left to right in turn."""


_THREADS = 2
"""A fixed number: with another, sums are added in another order and differ by rounding."""


@contextmanager
def _always_as_many_threads() -> Iterator[None]:
    """Makes style codes reproducible on machines of one kind, whatever the number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(_THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=2)
def _network(path: Path, changed: int) -> StyleNetwork:
    """Load a network once per process; it is shared and must not be modified.

    changed: the file's modification time, so that a new version is loaded anew.
    """
    return load_network(path).requires_grad_(False)


class FastStylizer(FeedForwardStylizer):
    """Paints frames of one size with the conditional network, baked for one style.

    The frames given to begin_shot give the statistics that stay frozen through the shot.
    """

    shot_samples = 3

    def __init__(
        self,
        style: Picture | StylePictures,
        options: StyleOptions,
        compute: ComputeOptions = ComputeOptions(),
        *,
        size_hw: tuple[int, int],
        at_once: int | None = None,
        weights: Path | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """style: RGB uint8 (H, W, 3), or several mixed.

        size_hw, at_once: as for FeedForwardStylizer. Raises the same errors, and WeightsError for
        unfit weights.
        """
        super().__init__(options, compute, size_hw=size_hw, at_once=at_once, dtype=dtype)
        for_any = weights if weights is not None and not is_single(weights) else None
        path = for_any or shipped_weights("fast.safetensors")
        self.network = _network(path, path.stat().st_mtime_ns if path.exists() else 0)
        self._encoder = code_encoder()
        self._followed: Statistics = {}
        self._style = style_pictures(style)
        self._code = self._code_of(self._style)
        self._differences = [] if for_any else list(self._own_differences(weights))

    def bake(
        self,
        samples: Sequence[Picture],
        *,
        strength: float,
        followed: Statistics | None = None,
        share: float = 1.0,
    ) -> BakedNetwork:
        """The network for the style, with the statistics of these frames, RGB uint8 (H, W, 3).

        Below a strength of 1 the style code is interpolated from the frames' own to the style's.
        followed, share: running statistics and their update rate, as for nets.bake.bake.
        """
        code = self._code
        if self.options.color == "match":
            code = self._code_of(self._wanted_style(samples))
        with (
            torch.no_grad(),
            _always_as_many_threads(),
            autocast(torch.device("cpu"), self._dtype),
        ):
            frames = torch.cat(self._strips(samples))
            if strength < 1:
                own = style_code(self._encoder, frames).mean(0, keepdim=True)
                code = torch.lerp(own, code, strength)
            if is_flat(frames):
                frames = frames + self._texture(len(samples))
            styled = self.styled(code, strength)
            return bake(self.network.shape, styled, frames, followed=followed, share=share)

    def styled(self, code: Tensor | None = None, strength: float = 1.0) -> StyledLayers:
        """The network's layers for the style, or for another code (1, N) of it.

        strength: the factor on the differences that single-style networks add.
        """
        styled = self.network.styled(self._code if code is None else code)
        for share, own in self._differences:
            styled = plus_difference(styled, own, strength * share)
        return styled

    def _own_differences(self, weights: Path | None) -> Iterator[tuple[float, StyledLayers]]:
        """The weight differences of single-style networks, shipped or given, and their shares."""
        alone = len(self._style.pictures) == 1 and self._style.fine is None
        for picture, share in zip(self._style.pictures, self._style.shares, strict=True):
            if weights is not None and not trained_for(weights, picture):
                raise WeightsError(f"{weights} was trained for another style picture than this one")
            own = own_network(picture) if weights is None else load_single(weights)
            if own is not None:
                code = self._code if alone else self._code_of(style_pictures(picture))
                yield share, difference(own.styled(), self.network.styled(code))

    def _wanted_style(self, samples: Sequence[Picture]) -> StylePictures:
        """The style, with its colors matched to frames, RGB uint8 (H, W, 3), if requested."""
        if self.options.color != "match":
            return self._style
        return self._style.matched(palette_of(samples))

    def _code_of(self, style: StylePictures) -> Tensor:
        """The code (1, N) of a style, averaged over its pictures."""

        def code(picture: Picture) -> Tensor:
            return style_code(self._encoder, self._at_frame_scale(picture))

        with torch.no_grad(), _always_as_many_threads():
            if style.fine is None:
                return style.mean(code)
            return with_fine_texture(self._encoder, style.mean(code), style.fine.mean(code))

    def _texture(self, count: int) -> Tensor:
        """Texture of the style's pictures, in turn, without their mean colors, as large as strips.

        Added to flat frames, so that their statistics are of the style's scale and the result is in
        one of its colors.
        """
        pictures = self._style.pictures
        own = torch.cat(self._strips([pictures[i % len(pictures)] for i in range(count)]))
        return own - own.mean((2, 3), keepdim=True)

    def _strips(self, samples: Sequence[Picture]) -> list[Tensor]:
        """Samples as network inputs, or a vertical strip of each if they are large."""
        height, width = (side + -side % STRIDE for side in self._inner_hw)
        share = _STATISTICS_PIXELS / (len(samples) * height * width)
        strip = width if share >= 1 else max(STRIDE, int(share * width) // STRIDE * STRIDE)
        starts = np.linspace(0, width - strip, len(samples)).round().astype(int)
        return [
            self._to_network(picture, slice(start, start + strip))
            for picture, start in zip(samples, starts, strict=True)
        ]

    def of_shot(self, samples: Sequence[Picture]) -> BakedNetwork | None:
        self._engine = None  # Free the old engine before the next is built.
        return self.bake(samples, strength=self.options.strength)

    def follow(self, sample: Picture, *, share: float) -> None:
        """As FeedForwardStylizer.follow; a share of 1 resets the statistics.

        May run in another thread than paint, which switches to the new network when it is complete.
        """
        strength = self.options.strength
        self._use(self.bake([sample], strength=strength, followed=self._followed, share=share))

    def _blend_weight(self) -> float:
        """1 from a strength of 0.5 on.

        Above it, only the style code is interpolated between the scene's and the style's; blending
        pictures would show the scene beneath the painting.
        """
        return min(1.0, 2 * self.options.strength)
