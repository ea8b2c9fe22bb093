"""Reads the places (nets/places.py) of pictures, and of styles in four rotations.

Places are compared together with those around them (neighborhoods.py); the loss uses only the
matched place itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.frames.color import Palette
from vidnst.frames.resize import resize
from vidnst.nets.losses import luma
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.places import LAYERS, PLACE_SIDE, place_features
from vidnst.nets.precision import autocast
from vidnst.nets.style_pictures import StylePictures
from vidnst.nets.tensors import as_tensor
from vidnst.stylizers.optimized.neighborhoods import (
    described,
    described_grid,
    neighborhoods,
    principal_components,
)
from vidnst.stylizers.optimized.objective import TILE_SIDE, tile_cores
from vidnst.stylizers.optimized.targets import Mask, MatchedStyles

SMALLEST_SIDE = 16

_TONE_WEIGHT = 0.5
"""The weight of a place's lightness against each layer's features in the joint vector.

By features alone, a dark smooth place may match a light smooth one, and a black coat comes out as
bare paper.
"""
_LEAST_TONE_SPREAD = 8 / 255
_MOST_PLACES = 16_000
"""Of a style: more improve little, and slow down every search."""


@dataclass(frozen=True)
class Tile:
    """A tile with halo (outer) and without it (own): (top, bottom, left, right) in pixels."""

    outer: tuple[int, int, int, int]
    own: tuple[int, int, int, int]


def tiles_of(size_hw: tuple[int, int], halo: int, side: int = TILE_SIDE) -> list[Tile]:
    """Tiles of about the side that cover a picture, their own parts cut at multiples of 16."""
    (height, width), found = size_hw, []
    for top, bottom in tile_cores(height, side):
        for left, right in tile_cores(width, side):
            outer = (max(0, top - halo), min(height, bottom + halo))
            across = (max(0, left - halo), min(width, right + halo))
            found.append(Tile((*outer, *across), (top, bottom, left, right)))
    return found


class PlaceReader:
    """Reads the features of a picture's places, tile by tile, so that memory stays bounded."""

    def __init__(self, encoder: PerceptualEncoder, dtype: torch.dtype) -> None:
        """dtype: of the encoder's arithmetic."""
        self._encoder, self._dtype = encoder, dtype
        self._halo = encoder.halo(LAYERS)

    def tiles(self, size_hw: tuple[int, int]) -> list[Tile]:
        """The tiles in which a picture of this size is read."""
        return tiles_of(size_hw, self._halo)

    def read_tile(self, part: Tensor, tile: Tile) -> list[Tensor]:
        """The places of a tile's own part, (h, w, C) of each layer; part: its outer pixels."""
        with autocast(part.device, self._dtype):
            features = self._encoder(part.contiguous(memory_format=torch.channels_last), LAYERS)
        top, bottom, left, right = (side // PLACE_SIDE for side in tile.own)
        y, x = tile.outer[0] // PLACE_SIDE, tile.outer[2] // PLACE_SIDE
        places = [each.squeeze(0).permute(1, 2, 0) for each in place_features(features)]
        if places[0].shape[:2] == (bottom - top, right - left):
            return places  # Slicing would cost a copy in the gradient.
        return [each[top - y : bottom - y, left - x : right - x] for each in places]

    @torch.no_grad()
    def read(self, picture: Tensor) -> list[Tensor]:
        """The places of a picture (1, 3, H, W) in [0, 1]: (H // 4, W // 4, C) of each layer."""
        height, width = picture.shape[2:]
        grid = (height // PLACE_SIDE, width // PLACE_SIDE)
        whole: list[Tensor] = []
        for tile in self.tiles((height, width)):
            t, b, l, r = tile.outer  # noqa: E741
            found = self.read_tile(picture[:, :, t:b, l:r], tile)
            whole = whole or [each.new_empty(*grid, each.shape[2]) for each in found]
            top, bottom, left, right = (side // PLACE_SIDE for side in tile.own)
            for into, each in zip(whole, found, strict=True):
                into[top:bottom, left:right] = each
        return whole


def lightness(picture: Tensor) -> Tensor:
    """The mean luma of each place of a picture (1, 3, H, W) in [0, 1]: (H // 4, W // 4, 1)."""
    return F.avg_pool2d(luma(picture), PLACE_SIDE)[0, 0, :, :, None]


def tones(lightness: Tensor) -> Tensor:
    """Lightness, standardized to mean 0 and standard deviation 1.

    So the darkest places of a picture correspond to the darkest of another, however dark they are.
    """
    return (lightness - lightness.mean()) / lightness.std().clamp_min(_LEAST_TONE_SPREAD)


@dataclass(frozen=True)
class Places:
    """The features and descriptors of a style's places.

    features: of each layer (N, C), unit vectors after subtraction of the mean (C,). components: of
    each layer (K, C, 3, 3), the principal components of neighborhoods. looks: the descriptors, of
    each layer (N, K), unit vectors. spreads: the root mean square norm of descriptors before their
    normalization, of each layer. joint: all layers' descriptors and the tone in one unit vector
    (N, sum of K + 1).
    """

    features: list[Tensor]
    means: list[Tensor]
    components: list[Tensor]
    looks: list[Tensor]
    spreads: list[float]
    joint: Tensor

    def look(self, centered: Iterable[Tensor]) -> Iterator[Tensor]:
        """The descriptors of places, (h w, K) of each layer, from centered features (h, w, C)."""
        return map(described_grid, centered, self.components)

    def together(self, looks: Iterable[Tensor], tone: Tensor) -> Tensor:
        """Concatenate descriptors of all layers (M, K) and tones (M, 1), scaled as in joint."""
        return _together(looks, self.spreads, tone)


def _together(looks: Iterable[Tensor], spreads: Sequence[float], tone: Tensor) -> Tensor:
    """Concatenate; layers are scaled to the same weight."""
    scaled = [each / spread for each, spread in zip(looks, spreads, strict=True)]
    return torch.cat([*scaled, _TONE_WEIGHT * tone], 1)


def places_from(layers: Iterable[Tensor], tone: Tensor, seed: int = 0) -> Places:
    """The places of these neighborhoods (N, C, 3, 3), of each layer, and tones (N, 1).

    seed: of the principal component analysis.
    """
    features, means, components, raw = [], [], [], []
    for each in layers:
        mean = each[:, :, 1, 1].mean(0)
        around = each - mean[:, None, None]
        directions = principal_components(around, seed)
        features.append(F.normalize(around[:, :, 1, 1], dim=1))
        means.append(mean)
        components.append(directions)
        raw.append(described(around, directions))
    spreads = [float(each.square().sum(1).mean().sqrt().clamp_min(1e-6)) for each in raw]
    joint = F.normalize(_together(raw, spreads, tone), dim=1)
    looks = [F.normalize(each, dim=1) for each in raw]
    return Places(features, means, components, looks, spreads, joint)


class StylePlaces(MatchedStyles):
    """The places of several styles."""

    def __init__(
        self,
        styles: Sequence[StylePictures],
        masks: Sequence[Mask | None],
        reader: PlaceReader,
        *,
        brush_size: float | None,
        seed: int,
        device: torch.device,
    ) -> None:
        """As for MatchedStyles; seed: of the random subset of places where there are many."""
        super().__init__(
            styles, masks, smallest=SMALLEST_SIDE, brush_size=brush_size, device=device
        )
        self._reader, self._seed = reader, seed
        # Room for all styles at a film's frame size, or for several scales of a first frame.
        self._at = lru_cache(maxsize=max(4, len(styles)))(self._read)

    def match(self, palette: Palette | None) -> None:
        """Bring the styles' colors to a palette; None gives them their own."""
        super().match(palette)
        self._at.cache_clear()

    def at(self, size_hw: tuple[int, int], index: int) -> Places:
        """The places of a style, for a frame of size_hw."""
        return self._at(size_hw, index)

    def _read(self, size_hw: tuple[int, int], index: int) -> Places:
        style, mask = self._styles[index], self._masks[index]
        generator = torch.Generator().manual_seed(self._seed)
        layers: list[list[Tensor]] = [[] for _ in (*LAYERS, "lightness")]
        for picture, share in zip(style.pictures, style.shares, strict=True):
            pixels = self._resized(picture, size_hw)
            most = max(1, round(_MOST_PLACES * share))
            turned = self._turned(pixels, mask, most, generator)
            for layer, each in zip(layers, turned, strict=True):
                layer.extend(each)
        around = (torch.cat(layer) for layer in layers[:-1])  # Lazily, since they are large.
        return places_from(around, tones(torch.cat(layers[-1])), self._seed)

    def _turned(
        self, pixels: Tensor, mask: Mask | None, most: int, generator: torch.Generator
    ) -> list[list[Tensor]]:
        """At most `most` random unmasked places of a picture in four rotations.

        Of each layer, the neighborhoods (N, C, 3, 3) in each rotation; last, their lightness
        (N, 1).
        """
        turns = [torch.rot90(pixels, count, (2, 3)) for count in range(4)]
        grids = [(each.shape[2] // PLACE_SIDE, each.shape[3] // PLACE_SIDE) for each in turns]
        counted = self._inside(mask, pixels, grids)
        rows = torch.cat([each.flatten() for each in counted]).nonzero()[:, 0]
        if len(rows) > most:
            rows = rows[torch.randperm(len(rows), generator=generator)[:most]].sort()[0]
        found: list[list[Tensor]] = [[] for _ in (*LAYERS, "lightness")]
        first = 0
        for turned, (height, width) in zip(turns, grids, strict=True):
            last = first + height * width
            chosen = (rows[(rows >= first) & (rows < last)] - first).to(self._device)
            first = last
            for layer, each in zip(found, self._reader.read(turned), strict=False):
                layer.append(neighborhoods(each, chosen))
            found[-1].append(lightness(turned).flatten(0, 1)[chosen])
        return found

    def _inside(
        self, mask: Mask | None, pixels: Tensor, grids: Sequence[tuple[int, int]]
    ) -> list[Tensor]:
        """Which places of the rotated grids are inside the mask, bool (h, w) each."""
        everything = [torch.ones(grid, dtype=torch.bool) for grid in grids]
        if mask is None:
            return everything
        whole = as_tensor(
            resize(np.repeat(mask[..., None], 3, 2), (pixels.shape[2], pixels.shape[3])),
            torch.device("cpu"),
        )
        chosen = (F.avg_pool2d(whole[:, :1], PLACE_SIDE) > 0.5).float()
        # The grid of a rotated picture may be offset; an error of one place is harmless.
        turned = [
            F.interpolate(torch.rot90(chosen, count, (2, 3)), grid)[0, 0] > 0.5
            for count, grid in enumerate(grids)
        ]
        # A mask too small to contain a place is ignored.
        return turned if any(bool(each.any()) for each in turned) else everything
