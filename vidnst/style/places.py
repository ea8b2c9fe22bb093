"""Places of styles and of pictures in deep features, and which of them are nearest to each other.

A place is a square of 4 pixels. Kolkin et al. 2022, "Neural Neighbor Style Transfer"
(arXiv 2203.13215), section 3: features of several layers, the style's at four turns, compared by
the cosine of the angle between them once their mean is taken away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.frames import Picture
from vidnst.media.pictures import resize
from vidnst.style.color import Palette
from vidnst.style.losses import luma
from vidnst.style.objective import TILE_SIDE, tile_cores
from vidnst.style.perceptual import PerceptualEncoder
from vidnst.style.pictures import StylePictures
from vidnst.style.targets import Mask, MatchedStyles, as_tensor

LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
PLACE_SIDE = 4
"""Of a place, in pixels; the finest layers are averaged over it."""
SMALLEST_SIDE = 16

_TONE_WEIGHT = 0.5
"""How much a place's lightness counts beside a layer's features where all are one vector.

By features alone a dark calm place is as near to a light calm one as to any, and a black coat comes
out as bare paper.
"""
_LEAST_TONE_SPREAD = 8 / 255
_MOST_PLACES = 16_000
"""Of a style: more add little, and each costs time in every search."""
_BLOCK = 4096
"""So many places are compared with all of a style's at once."""


def place_features(features: dict[str, Tensor]) -> list[Tensor]:
    """The feature maps of LAYERS on the grid of places, (1, C, H // 4, W // 4), float32."""
    height, width = features["relu3_3"].shape[2:]
    found = []
    for layer, pool in zip(LAYERS, (4, 2, 1, 0), strict=True):
        each = features[layer].float()
        if pool > 1:
            each = F.avg_pool2d(each, pool)
        elif not pool:
            each = F.interpolate(each, scale_factor=2, mode="bilinear", align_corners=False)
            # Pooling drops an odd last row and column.
            missing = (0, width - each.shape[3], 0, height - each.shape[2])
            each = F.pad(each, missing, mode="replicate")
        found.append(each)
    return found


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
        with torch.autocast(part.device.type, self._dtype, enabled=self._dtype != torch.float32):
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

    features: of each layer (N, C), unit vectors around the mean (C,). spread: how far from it they
    lie, one number a layer. joint: all layers and the tone in one unit vector (N, sum of C + 1).
    """

    features: list[Tensor]
    means: list[Tensor]
    spreads: list[float]
    joint: Tensor

    def together(self, centered: Sequence[Tensor], tone: Tensor) -> Tensor:
        """Centered features of all layers (M, C) and tones (M, 1) as one vector each."""
        return _together(centered, self.spreads, tone)


def _together(centered: Sequence[Tensor], spreads: Sequence[float], tone: Tensor) -> Tensor:
    """No layer is louder than another."""
    scaled = [each / spread for each, spread in zip(centered, spreads, strict=True)]
    return torch.cat([*scaled, _TONE_WEIGHT * tone], 1)


def places_from(layers: Sequence[Tensor], tone: Tensor) -> Places:
    """The places whose features these are, (N, C) of each layer, and whose tones, (N, 1)."""
    means = [each.mean(0) for each in layers]
    centered = [each - mean for each, mean in zip(layers, means, strict=True)]
    spreads = [float(each.square().sum(1).mean().sqrt().clamp_min(1e-6)) for each in centered]
    joint = _together(centered, spreads, tone)
    units = [F.normalize(each, dim=1) for each in centered]
    return Places(units, means, spreads, F.normalize(joint, dim=1))


@torch.no_grad()
def nearest(queries: Tensor, places: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Which of the unit vectors places (N, C) is nearest to each query (M, C), and its cosine.

    Every place is compared with every query, block by block, in the reduced precision of dtype.
    """
    found, known = [], places.to(dtype).T.contiguous()
    for block in F.normalize(queries, dim=1).to(dtype).tensor_split(-(-len(queries) // _BLOCK)):
        cosine, index = (block @ known).max(1)
        found.append((index, cosine.float()))
    return torch.cat([index for index, _ in found]), torch.cat([cosine for _, cosine in found])


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
            rows = self._rows(picture, mask, size_hw)
            most = max(1, round(_MOST_PLACES * share))
            if len(rows[0]) > most:
                kept = torch.randperm(len(rows[0]), generator=generator)[:most].to(self._device)
                rows = [each[kept] for each in rows]
            for layer, each in zip(layers, rows, strict=True):
                layer.append(each)
        *features, light = (torch.cat(layer) for layer in layers)
        return places_from(features, tones(light))

    def _rows(self, picture: Picture, mask: Mask | None, size_hw: tuple[int, int]) -> list[Tensor]:
        """A picture's places at four turns: (N, C) of each layer, and their lightness (N, 1)."""
        pixels = self._resized(picture, size_hw)
        chosen = None
        if mask is not None:
            height, width = pixels.shape[2:]
            whole = as_tensor(
                resize(np.repeat(mask[..., None], 3, 2), (height, width)), self._device
            )
            chosen = F.avg_pool2d(whole[:, :1], PLACE_SIDE) > 0.5
        found: list[list[Tensor]] = [[] for _ in (*LAYERS, "lightness")]
        for turns in range(4):
            turned = torch.rot90(pixels, turns, (2, 3))
            maps = [*self._reader.read(turned), lightness(turned)]
            if chosen is not None:
                # The grid of a turned picture may begin elsewhere; a place more or less is no harm.
                inside = torch.rot90(chosen, turns, (2, 3)).float()
                keep = F.interpolate(inside, maps[0].shape[:2])[0, 0] > 0.5
            for layer, each in zip(found, maps, strict=True):
                layer.append(each.flatten(0, 1) if chosen is None else each[keep])
        rows = [torch.cat(layer) for layer in found]
        if len(rows[0]) == 0:  # A mask too small to hold a place counts as none.
            return self._rows(picture, None, size_hw)
        return rows
