"""Matches a frame's places to those of the styles; the loss of a picture against the matches.

Kolkin et al. 2022, "Neural Neighbor Style Transfer" (arXiv 2203.13215), sections 3.2 and 3.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.frames.frame import Weights
from vidnst.nets.losses import cosine_distance, temporal_loss
from vidnst.nets.places import LAYERS, PLACE_SIDE, nearest
from vidnst.stylizers.optimized.objective import Anchor, out_of_range
from vidnst.stylizers.optimized.places import PlaceReader, StylePlaces, Tile, lightness, tones
from vidnst.stylizers.optimized.pyramid import Pyramid
from vidnst.stylizers.optimized.targets import as_guides

_MATCH_WEIGHT = 1e5
"""The default style weight of gatys, so that `temporal_weight` has the same effect in both."""
_RANGE_WEIGHT = 1e6
_SOUGHT = 2048
"""The number of a style's places that a picture is required to contain."""
_HYSTERESIS = 0.05
"""By how much a new match's cosine must exceed that of the last frame's match to replace it."""


@dataclass(frozen=True)
class Wanted:
    """Target features: unit vectors (h, w, C) after subtraction of means (C,), of each layer.

    share: the weight map over places, (h, w).
    """

    units: list[Tensor]
    means: list[Tensor]
    share: Tensor


@dataclass(frozen=True)
class Sought:
    """Places of a style that the picture should contain, and the picture's nearest to each.

    rows: indices in the picture's grid, row by row, (N,) of each layer. units, means: as in Wanted,
    (N, C) and (C,). share: the weight of the style, averaged over the grid.
    """

    rows: list[Tensor]
    units: list[Tensor]
    means: list[Tensor]
    share: float


class PlacesLoss:
    """How far a picture's places are from the wanted ones; the point is a picture's pyramid."""

    def __init__(
        self,
        reader: PlaceReader,
        pyramid: Pyramid,
        wanted: Sequence[Wanted],
        anchor: Anchor | None,
        temporal_weight: float,
        sought: Sequence[Sought] = (),
    ) -> None:
        self._reader, self._pyramid = reader, pyramid
        self._wanted, self._sought = wanted, sought
        self._anchor, self._temporal_weight = anchor, temporal_weight

    def evaluate(self, point: Tensor) -> tuple[dict[str, float], Tensor]:
        """The terms, and the gradient of their sum with respect to the pyramid."""
        with torch.enable_grad():
            point = point.detach().requires_grad_()
            picture = self._pyramid.picture(point)
            terms, slope = self._terms(picture.detach(), differentiate=True)
            (gradient,) = torch.autograd.grad(picture, point, slope)
        return terms, gradient

    def terms_at(self, point: Tensor) -> dict[str, float]:
        """The terms alone."""
        with torch.no_grad():
            return self._terms(self._pyramid.picture(point), differentiate=False)[0]

    def _terms(self, picture: Tensor, *, differentiate: bool) -> tuple[dict[str, float], Tensor]:
        slope = torch.zeros_like(picture)
        height, width = picture.shape[2:]
        count = (height // PLACE_SIDE) * (width // PLACE_SIDE)
        matching = 0.0
        # The loss is a sum over places, so that each tile can be differentiated separately.
        for tile in self._reader.tiles((height, width)):
            t, b, l, r = tile.outer  # noqa: E741
            part = picture[:, :, t:b, l:r].detach().requires_grad_(differentiate)
            found = self._reader.read_tile(part, tile)
            top, bottom, left, right = (side // PLACE_SIDE for side in tile.own)
            loss = part.new_zeros(())
            for wanted in self._wanted:
                share = wanted.share[top:bottom, left:right]
                for has, unit, mean in zip(found, wanted.units, wanted.means, strict=True):
                    here = unit[top:bottom, left:right]
                    loss = loss + cosine_distance(has, mean, here, share)
            for sought in self._sought:
                loss = loss + count * _missed(sought, found, tile, width // PLACE_SIDE)
            loss = loss * (_MATCH_WEIGHT / (count * len(LAYERS)))
            matching += float(loss.detach())
            if differentiate:
                (gradient,) = torch.autograd.grad(loss, part)
                slope[:, :, t:b, l:r] += gradient
        whole = picture.detach().requires_grad_(differentiate)
        terms = {"range": _RANGE_WEIGHT * out_of_range(whole)}
        if self._anchor is not None:
            away = temporal_loss(whole, self._anchor.picture, self._anchor.visible)
            terms["temporal"] = self._temporal_weight * away
        if differentiate:
            (gradient,) = torch.autograd.grad(torch.stack(list(terms.values())).sum(), whole)
            slope += gradient
        return {"match": matching} | {name: term.item() for name, term in terms.items()}, slope


def _missed(sought: Sought, found: Sequence[Tensor], tile: Tile, width: int) -> Tensor:
    """A tile's contribution to the loss of `sought`; width: of the whole grid."""
    top, bottom, left, right = (side // PLACE_SIDE for side in tile.own)
    missed = found[0].new_zeros(())
    for rows, has, unit, mean in zip(sought.rows, found, sought.units, sought.means, strict=True):
        y, x = rows // width, rows % width
        here = (y >= top) & (y < bottom) & (x >= left) & (x < right)
        own_rows = (y[here] - top) * (right - left) + x[here] - left
        # index_select: plain indexing sums its gradient in a nondeterministic order.
        picked = has.flatten(0, 1).index_select(0, own_rows)
        share = picked.new_full((len(picked),), sought.share / max(1, len(rows)))
        missed = missed + cosine_distance(picked, mean, unit[here], share)
    return missed


class Matching:
    """Matches one frame's places to those of the styles, at one size."""

    def __init__(
        self,
        scene: Tensor,
        weights: Weights | None,
        strength: float,
        *,
        styles: StylePlaces,
        reader: PlaceReader,
        dtype: torch.dtype,
    ) -> None:
        """scene: (1, 3, H, W) in [0, 1]. weights: of each style, as for Stylizer.paint.

        dtype: of the search.
        """
        self._reader, self._dtype = reader, dtype
        self._scene, self._means = _centered(reader.read(scene))
        self._tones = _tones(scene)
        self.grid = (self._scene[0].shape[0], self._scene[0].shape[1])
        size_hw = (scene.shape[2], scene.shape[3])
        count = 1 if weights is None else len(weights)
        self._places = [styles.at(size_hw, index) for index in range(count)]
        guides = as_guides(weights, size_hw, scene.device)
        shares = (
            torch.ones(1, *self.grid, device=scene.device)
            if guides is None
            else F.adaptive_avg_pool2d(guides[None].float(), self.grid)[0]
        )
        self._shares = strength * shares

    def joint(self, picture: Tensor, own_share: float, asked: Tensor | None = None) -> Tensor:
        """The nearest places by all layers jointly, indices (K, L, h, w).

        own_share: the weight of the picture's features in the queries, against the scene's. asked:
        where to search, bool (h, w); the indices elsewhere are meaningless.
        """
        own = self.see(picture)
        tone = torch.lerp(self._tones, _tones(picture), own_share)
        rows = slice(None) if asked is None else asked.flatten()
        index = torch.zeros(len(tone), dtype=torch.int64, device=tone.device)
        fields = []
        for places in self._places:
            # Lazily, one layer at a time, to limit memory.
            mixed = (torch.lerp(a, b, own_share) for a, b in zip(self._scene, own, strict=True))
            queries = places.together(places.look(mixed), tone)[rows]
            if len(queries):
                index[rows], _ = nearest(queries, places.joint, self._dtype)
            fields.append(index.reshape(1, *self.grid).repeat(len(LAYERS), 1, 1))
        return torch.stack(fields)

    def see(self, picture: Tensor) -> list[Tensor]:
        """Features of a picture's places minus their mean, (h, w, C) of each layer."""
        return _centered(self._reader.read(picture))[0]

    def apart(self, own: Sequence[Tensor], carried: Tensor | None = None) -> Tensor:
        """The places nearest to the current picture's, layer by layer: indices (K, L, h, w).

        own: the picture's features from `see`. carried: indices to keep unless others are clearly
        nearer; -1 is none.
        """
        fields = []
        for k, places in enumerate(self._places):
            layers = []
            for layer, (query, known) in enumerate(
                zip(places.look(own), places.looks, strict=True)
            ):
                index, cosine = nearest(query, known, self._dtype)
                if carried is not None and k < len(carried):
                    before = carried[k, layer].flatten()
                    kept = before.clamp(0, len(known) - 1)
                    alike = F.cosine_similarity(query, known[kept], dim=1)
                    keep = (before >= 0) & (alike >= cosine - _HYSTERESIS)
                    index = torch.where(keep, kept, index)
                layers.append(index.reshape(self.grid))
            fields.append(torch.stack(layers))
        return torch.stack(fields)

    def sought(self, own: Sequence[Tensor], seed: int) -> list[Sought]:
        """Random places of each style, drawn by the seed, and the picture's place nearest to each.

        own: the picture's features from `see`.

        Matching each place of the picture leaves much of a style unused; this matches the other
        way: the other half of the relaxed earth mover's distance (Kolkin et al. 2019, equation 5).
        """
        found: list[Sought] = []
        generator = torch.Generator().manual_seed(seed)
        for places, share in zip(self._places, self._shares.flatten(1), strict=True):
            # Only where this style's weight is high.
            open_rows = (share >= 0.5 * share.max()).nonzero()[:, 0]
            drawn = torch.randperm(len(places.joint), generator=generator)[:_SOUGHT]
            drawn = drawn.to(own[0].device)
            rows = []
            for look, known in zip(places.look(own), places.looks, strict=True):
                there = F.normalize(look[open_rows], dim=1)
                rows.append(open_rows[nearest(known[drawn], there, self._dtype)[0]])
            units = [each[drawn] for each in places.features]
            found.append(Sought(rows, units, places.means, float(share.mean())))
        return found

    def wanted(self, field: Tensor) -> list[Wanted]:
        """The features of matched places, and the scene's where the weights sum to less than 1."""
        found = [
            Wanted(
                [known[index] for known, index in zip(places.features, indices, strict=True)],
                places.means,
                share,
            )
            for places, indices, share in zip(self._places, field, self._shares, strict=True)
        ]
        left = 1 - self._shares.sum(0)
        if bool((left > 1e-3).any()):
            units = [F.normalize(each, dim=2) for each in self._scene]
            found.append(Wanted(units, self._means, left))
        return found


def _centered(layers: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Subtract the mean from features (h, w, C) of each layer, in place; also return it, (C,)."""
    means = [each.mean((0, 1)) for each in layers]
    return [each.sub_(mean) for each, mean in zip(layers, means, strict=True)], means


def _tones(picture: Tensor) -> Tensor:
    """The tones of a picture's places, (h w, 1)."""
    return tones(lightness(picture)).flatten(0, 1)
