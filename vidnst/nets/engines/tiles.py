"""Paint large pictures in overlapping tiles, with bounded memory and without seams."""

import math
from collections.abc import Callable
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from vidnst.frames.frame import Picture
from vidnst.nets.engines.engine import Engine
from vidnst.nets.network import STRIDE, paint
from vidnst.nets.shape import NetworkShape, layers_of


class TilingEngine:
    """Paints with another engine, pictures of more than most_pixels in overlapping tiles.

    Of each tile only the part whose receptive field lies inside the tile is kept, so the result is
    the same as in one piece. All tiles of a picture have one size, so that an engine prepares for
    that size only.
    """

    def __init__(self, engine: Engine, shape: NetworkShape, *, most_pixels: int) -> None:
        """engine: runs a baked network of this shape; with per-frame norms, tiles would show.

        most_pixels: of a tile; at least 9 * halo_px(shape)^2.
        """
        self._engine = engine
        self._halo_px = halo_px(shape)
        self._most_pixels = most_pixels

    def run(self, picture: Picture) -> Picture:
        """Paint RGB uint8 (H, W, 3), H and W multiples of STRIDE."""
        return in_tiles(
            lambda rows, columns: self._engine.run(np.ascontiguousarray(picture[rows, columns])),
            (picture.shape[0], picture.shape[1]),
            halo_px=self._halo_px,
            most_pixels=self._most_pixels,
        )


def in_tiles(
    paint_tile: Callable[[slice, slice], Picture],
    size_hw: tuple[int, int],
    *,
    halo_px: int,
    most_pixels: int,
) -> Picture:
    """Paint a picture of size_hw in tiles of at most most_pixels, or in one piece where that fits.

    paint_tile: paints the rows and columns of a tile, RGB uint8.
    """
    height, width = size_hw
    if height * width <= most_pixels:
        return paint_tile(slice(None), slice(None))
    painted = np.empty((height, width, 3), np.uint8)
    rows, columns = _tiles(size_hw, halo_px, most_pixels)
    for y, x in product(rows, columns):
        kept = paint_tile(slice(y.start, y.stop), slice(x.start, x.stop))[
            y.kept_from - y.start : y.kept_to - y.start,
            x.kept_from - x.start : x.kept_to - x.start,
        ]
        painted[y.kept_from : y.kept_to, x.kept_from : x.kept_to] = kept
    return painted


class Span(NamedTuple):
    """A tile along one side of the picture, in pixels: from start to stop, and what is kept."""

    start: int
    stop: int
    kept_from: int
    kept_to: int


def spans(side: int, parts: int, halo_px: int) -> list[Span]:
    """Divide a side, a multiple of STRIDE, into overlapping parts of one length, the shortest.

    What is kept of a part lies halo_px or more from its ends, except at the ends of the side.
    """
    length = _length(side, parts, halo_px)
    starts = [i * (side - length) // max(1, parts - 1) // STRIDE * STRIDE for i in range(parts)]
    # In the middle of each overlap; it is no shorter than two halos.
    cuts = [0, *((a + b + length) // 2 for a, b in pairwise(starts)), side]
    return [
        Span(start, start + length, *kept)
        for start, kept in zip(starts, pairwise(cuts), strict=True)
    ]


def halo_px(shape: NetworkShape) -> int:
    """The receptive field's radius of a network, in pixels, rounded up to a multiple of STRIDE."""
    layers = layers_of(shape)

    def layer(name: str, x: _Sight, *, plus: _Sight | None = None, rectify: bool = False) -> _Sight:
        size, stride = layers[name].size, layers[name].stride
        y = _Sight(x.cell_px * stride, x.beyond_px + size // 2 * x.cell_px)
        return y if plus is None else max(y, plus)

    beyond_px = paint(_Sight(1, 0), shape, layer, _SightOperations()).beyond_px
    return beyond_px + -beyond_px % STRIDE


class _Sight(NamedTuple):
    """The receptive field of features: their stride, and how far it extends beyond that cell."""

    cell_px: int
    beyond_px: int


class _SightOperations:
    def unshuffled(self, x: _Sight) -> _Sight:
        return _Sight(2 * x.cell_px, x.beyond_px)

    def doubled(self, x: _Sight) -> _Sight:
        return _Sight(x.cell_px // 2, x.beyond_px + x.cell_px)

    def plus(self, x: _Sight, y: _Sight) -> _Sight:
        return max(x, y)

    def shuffled(self, x: _Sight) -> _Sight:
        return _Sight(x.cell_px // 2, x.beyond_px + x.cell_px // 2)


def _length(side: int, parts: int, halo_px: int) -> int:
    length = -(-(side + 2 * halo_px * (parts - 1)) // parts)
    return length + -length % STRIDE


def _tiles(
    size_hw: tuple[int, int], halo_px: int, most_pixels: int
) -> tuple[list[Span], list[Span]]:
    """Rows and columns of tiles, of most_pixels at most, that overlap the least."""

    def counts(side: int) -> range:
        return range(1, max(1, side // halo_px) + 1)

    def tile_hw(parts: tuple[int, int]) -> tuple[int, int]:
        return _length(size_hw[0], parts[0], halo_px), _length(size_hw[1], parts[1], halo_px)

    fitting = (
        parts
        for parts in product(counts(size_hw[0]), counts(size_hw[1]))
        if math.prod(tile_hw(parts)) <= most_pixels
    )
    rows, columns = min(fitting, key=lambda parts: math.prod((*parts, *tile_hw(parts))))
    return spans(size_hw[0], rows, halo_px), spans(size_hw[1], columns, halo_px)
