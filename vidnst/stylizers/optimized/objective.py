"""The objective of the gatys method: a sum of content, style, smoothness and temporal losses.

Large pictures are encoded tile by tile with the exact gradient: statistics over a whole picture
follow from those of its tiles, and each tile's features are recomputed in the backward pass instead
of being kept (Chen et al. 2016, gradient checkpointing). So the memory for features is bounded, and
there are no seams.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from vidnst.nets.losses import Moments, content_loss, guided_moments, moments, temporal_loss
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.precision import autocast
from vidnst.options.optimizing import StyleStatistics

TILE_SIDE = 1024
MOST_UNTILED = 1_600_000
"""Pictures of more pixels are encoded in tiles."""


@dataclass(frozen=True)
class LossWeights:
    """How much each term counts; only their ratios matter to the result."""

    content: float
    style: float
    variation: float
    temporal: float


@dataclass(frozen=True)
class Anchor:
    """The temporal loss's target (1, 3, H, W), weighted by visible (1, 1, H, W) in 0..1."""

    picture: Tensor
    visible: Tensor


class PictureLoss:
    """The loss of a picture (1, 3, H, W) in [0, 1], as named terms, each already weighted."""

    def __init__(
        self,
        encoder: PerceptualEncoder,
        weights: LossWeights,
        *,
        content: Mapping[str, Tensor],
        style: Mapping[str, Moments],
        statistics: StyleStatistics = "covariance",
        anchor: Anchor | None = None,
        guides: Tensor | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """content and style: the wanted feature maps and moments, by layer, as `see` gives them.

        guides: (R, H, W), how much each pixel belongs to each of R regions; style then holds the
        moments of R styles, and each counts as its region's share of the picture.

        dtype: of the encoder's arithmetic; statistics and losses are float32 always.
        """
        self._encoder = encoder
        self._weights = weights
        self._content = content
        self._style = style
        self._statistics: StyleStatistics = statistics
        self._anchor = anchor
        self._guides = guides
        self._shares = None if guides is None else guides.mean((1, 2))
        self._dtype = dtype

    def terms(self, picture: Tensor) -> dict[str, Tensor]:
        """The weighted terms; `content` and `style` are means over their layers."""
        features, statistics = see(
            self._encoder,
            picture,
            self._content,
            self._style,
            guides=self._guides,
            dtype=self._dtype,
        )
        contents = [
            content_loss(features[layer], wanted) for layer, wanted in self._content.items()
        ]
        styles = [
            style_distance(statistics[layer], wanted, self._statistics, shares=self._shares)
            for layer, wanted in self._style.items()
        ]
        terms = {
            "content": self._weights.content * torch.stack(contents).mean(),
            "style": self._weights.style * torch.stack(styles).mean(),
            "variation": self._weights.variation * squared_variation(picture),
            "range": _RANGE_WEIGHT * self._weights.style * out_of_range(picture),
        }
        if self._anchor is not None:
            terms["temporal"] = self._weights.temporal * temporal_loss(
                picture, self._anchor.picture, self._anchor.visible
            )
        return terms

    def evaluate(self, picture: Tensor) -> tuple[dict[str, float], Tensor]:
        """The terms as numbers, and the gradient (1, 3, H, W) of their sum."""
        with torch.enable_grad():
            picture = picture.detach().requires_grad_()
            terms = self.terms(picture)
            (gradient,) = torch.autograd.grad(torch.stack(list(terms.values())).sum(), picture)
        return {name: term.item() for name, term in terms.items()}, gradient.contiguous()

    def terms_at(self, picture: Tensor) -> dict[str, float]:
        """The terms as numbers."""
        with torch.no_grad():
            return {name: term.item() for name, term in self.terms(picture).items()}


_RANGE_WEIGHT = 1.0
_COLOR_SHARE = 200.0


def see(
    encoder: PerceptualEncoder,
    picture: Tensor,
    map_layers: Sequence[str] | Mapping[str, object],
    moment_layers: Sequence[str] | Mapping[str, object],
    *,
    dtype: torch.dtype,
    guides: Tensor | None = None,
    tile_side: int | None = None,
) -> tuple[dict[str, Tensor], dict[str, Moments]]:
    """The encoder's feature maps of some layers and the moments of others, both float32.

    With guides (R, H, W) the moments are those of R regions (losses.py, guided_moments).

    Large pictures are encoded in tiles of about tile_side; the result and its gradient equal those
    of the whole up to rounding.
    """
    height, width = picture.shape[2:]
    layers = list(dict.fromkeys([*map_layers, *moment_layers]))

    def features_of(part: Tensor) -> dict[str, Tensor]:
        with autocast(part.device, dtype):
            features: dict[str, Tensor] = encoder(part, layers)
        return features

    if tile_side is None and height * width > MOST_UNTILED:
        tile_side = TILE_SIDE
    if tile_side is None:
        features = features_of(picture)
        return (
            {layer: features[layer].float() for layer in map_layers},
            {layer: _moments(features[layer], guides) for layer in moment_layers},
        )

    halo = encoder.halo(layers)
    rows, columns = tile_cores(height, tile_side), tile_cores(width, tile_side)
    maps: dict[str, list[list[Tensor]]] = {layer: [[] for _ in rows] for layer in map_layers}
    parts: dict[str, list[tuple[Moments, Tensor]]] = {layer: [] for layer in moment_layers}
    for r, (top, bottom) in enumerate(rows):
        for left, right in columns:
            y, x = max(0, top - halo), max(0, left - halo)

            def tile(
                part: Tensor,
                top: int = top - y,
                bottom: int = bottom - y,
                left: int = left - x,
                right: int = right - x,
                own: Tensor | None = None if guides is None else guides[:, top:bottom, left:right],
            ) -> tuple[Tensor, ...]:
                found = features_of(part)
                results: list[Tensor] = []
                for layer in layers:
                    stride = encoder.stride(layer)
                    # The last row and column reach to the end: pooling drops an odd remainder.
                    core = found[layer][
                        :, :, top // stride : bottom // stride, left // stride : right // stride
                    ]
                    if layer in map_layers:
                        results.append(core.float())
                    if layer in moment_layers:
                        m = _moments(core, own)
                        results += [m.mean, m.covariance]
                return tuple(results)

            part = picture[:, :, y : bottom + halo, x : right + halo]
            results = iter(checkpoint(tile, part, use_reentrant=False))
            for layer in layers:
                stride = encoder.stride(layer)
                pixels = picture.new_tensor(
                    (bottom // stride - top // stride) * (right // stride - left // stride)
                )
                if guides is not None:
                    pixels = pixels * guides[:, top:bottom, left:right].mean((1, 2))
                if layer in map_layers:
                    maps[layer][r].append(next(results))
                if layer in moment_layers:
                    parts[layer].append((Moments(next(results), next(results)), pixels))
    return (
        {layer: torch.cat([torch.cat(row, 3) for row in grid], 2) for layer, grid in maps.items()},
        {layer: pooled_moments(found) for layer, found in parts.items()},
    )


def tile_cores(side: int, tile_side: int) -> list[tuple[int, int]]:
    """Cut a side into about equal parts, (begin, end), that begin at multiples of 16.

    That is the stride of the deepest layer.
    """
    count = max(1, round(side / tile_side))
    starts = [round(side * index / count / 16) * 16 for index in range(count)]
    return list(zip(starts, [*starts[1:], side], strict=True))


def _moments(features: Tensor, guides: Tensor | None) -> Moments:
    return moments(features) if guides is None else guided_moments(features, guides)


def pooled_moments(parts: Sequence[tuple[Moments, Tensor]]) -> Moments:
    """The moments of a picture from those of its parts, each with its number of pixels.

    The number is a scalar or one for each region. Chan, Golub and LeVeque 1983, equation 2.1.
    """
    total = torch.stack([pixels for _, pixels in parts]).sum(0).clamp_min(1e-6)
    shares = [(pixels / total).reshape(-1, 1) for _, pixels in parts]
    mean = torch.stack([m.mean * own for (m, _), own in zip(parts, shares, strict=True)]).sum(0)
    covariance = torch.zeros_like(parts[0][0].covariance)
    for (m, _), own in zip(parts, shares, strict=True):
        away = m.mean - mean
        spread = m.covariance + away[:, :, None] * away[:, None, :]
        covariance = covariance + spread * own[:, :, None]
    return Moments(mean, covariance)


def style_distance(
    result: Moments,
    style: Moments,
    statistics: StyleStatistics,
    *,
    shares: Tensor | None = None,
) -> Tensor:
    """Squared relative distance of two pictures' statistics in one layer: 0 equal, 1 far.

    gram: ||G_r - G_s||^2 / ||G_s||^2, G the Gram matrix over the number of pixels (Gatys et al.
    2015, equation 5, with a weight per layer that makes layers alike). covariance: the same for the
    centered covariance, averaged with that for the mean; a Gram matrix is their sum, and mostly
    mean. Of several regions (R, ...) it is the sum weighted by shares (R,), or else the mean.
    """
    if statistics == "gram":
        apart = _relative(_gram(result), _gram(style))
    else:
        means = _relative(result.mean, style.mean)
        apart = (means + _relative(result.covariance, style.covariance)) / 2
    return apart.mean() if shares is None else (apart * shares).sum()


def _gram(m: Moments) -> Tensor:
    return m.covariance + m.mean[:, :, None] * m.mean[:, None, :]


def _relative(result: Tensor, wanted: Tensor) -> Tensor:
    squared = wanted.square().flatten(1).sum(1) + 1e-12
    return (result - wanted).square().flatten(1).sum(1) / squared


def squared_variation(picture: Tensor) -> Tensor:
    """Total variation, squared (Mahendran and Vedaldi 2015, beta = 2), with more weight on color.

    Brush strokes vary in lightness from pixel to pixel; color that varies as fast is noise to which
    encoders hardly react. So the difference from the channels' mean has the weight _COLOR_SHARE.
    """
    total = picture.new_zeros(())
    for axis in (2, 3):
        steps = picture.diff(dim=axis)
        color = steps - steps.mean(1, keepdim=True)
        total = total + steps.square().mean() + _COLOR_SHARE * color.square().mean()
    return total


def out_of_range(picture: Tensor) -> Tensor:
    """Mean squared excess over [0, 1], so that the final rounding loses nothing."""
    return (picture - picture.clamp(0, 1)).square().mean()
