"""The places (nets/places.py) of styles and of pictures, however large: a style's at four turns.

What a place looks like is told with those around it (neighborhoods.py); what is painted is the
place.
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
"""How much a place's lightness counts beside a layer's features where all are one vector.

By features alone a dark calm place is as near to a light calm one as to any, and a black coat comes
out as bare paper.
"""
_LEAST_TONE_SPREAD = 8 / 255
_MOST_PLACES = 16_000
"""Of a style: more add little, and each costs time in every search."""


@dataclass(frozen=True)
class Tile:
    """A part of a picture and, inside it, what is its own: (top, bottom, left, right) in pixels."""

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
        return [
            each[0, :, top - y : bottom - y, left - x : right - x].permute(1, 2, 0)
            for each in place_features(features)
        ]

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
    """Lightness around its mean and in units of its spread.

    So the darkest places of a picture are like the darkest of another, however dark those are.
    """
    return (lightness - lightness.mean()) / lightness.std().clamp_min(_LEAST_TONE_SPREAD)


@dataclass(frozen=True)
class Places:
    """What a style's places look like.

    features: of each layer (N, C), unit vectors around the mean (C,). components: of each layer
    (K, C, 3, 3), by which places are compared with those around them. looks: of each layer (N, K),
    unit vectors. spreads: how far from 0 looks lie, one number a layer. joint: all layers' looks
    and the tone in one unit vector (N, sum of K + 1).
    """

    features: list[Tensor]
    means: list[Tensor]
    components: list[Tensor]
    looks: list[Tensor]
    spreads: list[float]
    joint: Tensor

    def look(self, centered: Iterable[Tensor]) -> Iterator[Tensor]:
        """What places look like: (h w, K) of each layer, from centered features (h, w, C)."""
        return map(described_grid, centered, self.components)

    def together(self, looks: Iterable[Tensor], tone: Tensor) -> Tensor:
        """Looks of all layers (M, K) and tones (M, 1) as one vector each."""
        return _together(looks, self.spreads, tone)


def _together(looks: Iterable[Tensor], spreads: Sequence[float], tone: Tensor) -> Tensor:
    """No layer is louder than another."""
    scaled = [each / spread for each, spread in zip(looks, spreads, strict=True)]
    return torch.cat([*scaled, _TONE_WEIGHT * tone], 1)


def places_from(layers: Iterable[Tensor], tone: Tensor, seed: int = 0) -> Places:
    """The places of these neighborhoods (N, C, 3, 3), of each layer, and tones (N, 1).

    seed: of the search for components.
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
        """As MatchedStyles takes them; seed: of which places are left out where there are many."""
        super().__init__(
            styles, masks, smallest=SMALLEST_SIDE, brush_size=brush_size, device=device
        )
        self._reader, self._seed = reader, seed
        # Every style of a film's frames, or every scale of a picture's first.
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
        around = (torch.cat(layer) for layer in layers[:-1])  # One after the other: they are large.
        return places_from(around, tones(torch.cat(layers[-1])), self._seed)

    def _turned(
        self, pixels: Tensor, mask: Mask | None, most: int, generator: torch.Generator
    ) -> list[list[Tensor]]:
        """Some of a picture's places at four turns, drawn from all that the mask leaves.

        Of each layer the neighborhoods (N, C, 3, 3) at each turn, and last their lightness (N, 1).
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
        """Which places of the turned grids the mask leaves, bool (h, w) each."""
        everything = [torch.ones(grid, dtype=torch.bool) for grid in grids]
        if mask is None:
            return everything
        whole = as_tensor(
            resize(np.repeat(mask[..., None], 3, 2), (pixels.shape[2], pixels.shape[3])),
            torch.device("cpu"),
        )
        chosen = (F.avg_pool2d(whole[:, :1], PLACE_SIDE) > 0.5).float()
        # The grid of a turned picture may begin elsewhere; a place more or less is no harm.
        turned = [
            F.interpolate(torch.rot90(chosen, count, (2, 3)), grid)[0, 0] > 0.5
            for count, grid in enumerate(grids)
        ]
        # A mask too small to hold a place counts as none.
        return turned if any(bool(each.any()) for each in turned) else everything
