"""Losses on features and pictures, each one small function."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

_SHORTEST = 1e-8
"""Of a feature vector that has a direction."""
_BLOCK = 1024
"""The number of places whose cosines are computed at once."""


@dataclass(frozen=True)
class Moments:
    """Mean (B, C) and centered covariance (B, C, C) of a feature map over its pixels."""

    mean: Tensor
    covariance: Tensor


def moments(features: Tensor) -> Moments:
    """Mean and centered covariance over the pixels of features (B, C, H, W), in float32."""
    mean, covariance = _Moments.apply(features)
    return Moments(mean, covariance)


def guided_moments(features: Tensor, guides: Tensor) -> Moments:
    """Mean (R, C) and centered covariance (R, C, C) of features (1, C, H, W) in each of R regions.

    guides (R, h, w), of any size, say how much a pixel counts. Gatys et al. 2017, equations 3 and
    4, where a Gram matrix is F' T^2 F; here it is F' T F over the sum of T, so that at soft edges
    a pixel is divided between regions. An empty region has 0 for both.
    """
    counts = F.adaptive_avg_pool2d(guides[:, None], (features.shape[2], features.shape[3]))
    counts = counts.flatten(1).float()
    counts = counts / counts.sum(1, keepdim=True).clamp_min(1e-6)
    pixels = _pixels(features)[0].float()
    mean = counts @ pixels
    second = torch.stack([(pixels * own[:, None]).T @ pixels for own in counts])
    return Moments(mean, second - mean[:, :, None] * mean[:, None, :])


class _Moments(torch.autograd.Function):
    """With a custom backward pass: one product instead of two, and no centered copy is kept."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(features)
        pixels = _pixels(features).float()
        mean = pixels.mean(1)
        second = pixels.transpose(1, 2) @ pixels / pixels.shape[1]
        ctx.mean = mean
        return mean, second - mean[:, :, None] * mean[:, None, :]

    @staticmethod
    def backward(ctx: Any, to_mean: Tensor, to_covariance: Tensor) -> Tensor:
        (features,) = ctx.saved_tensors
        pixels = _pixels(features)
        # For C = E[x x'] - m m' each pixel's gradient is (S (x - m) + dm) / n, S = dC + dC'.
        symmetric = (to_covariance + to_covariance.transpose(1, 2)) / pixels.shape[1]
        constant = to_mean[:, None] / pixels.shape[1] - ctx.mean[:, None] @ symmetric
        dtype = features.dtype
        gradient = torch.baddbmm(constant.to(dtype), pixels, symmetric.to(dtype))
        batch, channels, height, width = features.shape
        return gradient.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


def _pixels(features: Tensor) -> Tensor:
    """(B, C, H, W) as (B, H * W, C); no copy where channels come last in memory."""
    return features.permute(0, 2, 3, 1).flatten(1, 2)


def style_loss(
    result: Mapping[str, Moments], style: Mapping[str, Moments], *, least_spread: float = 0.0
) -> tuple[Tensor, Tensor]:
    """How far result's moments are from style's: relative distances of means and of covariances.

    Each is the mean over layers and pictures of |a - b| / |b| (Frobenius norms). Centered
    covariances replace Gram matrices (Gatys et al. 2015), which are dominated by the means and are
    matched by the right colors without the strokes. The relative norm gives each layer the same
    weight whatever the scale of its features.

    least_spread: this share of the squared norm of the mean is added to the covariances'
    denominator, so that the loss stays bounded where a style is nearly flat.
    """
    means, covariances = [], []
    for layer, r in result.items():
        s = style[layer]
        means.append((r.mean - s.mean).norm(dim=1) / (s.mean.norm(dim=1) + 1e-4))
        norm = s.covariance.flatten(1).norm(dim=1) + least_spread * s.mean.square().sum(1)
        covariances.append((r.covariance - s.covariance).flatten(1).norm(dim=1) / (norm + 1e-4))
    return torch.stack(means).mean(), torch.stack(covariances).mean()


def cosine_distance(features: Tensor, mean: Tensor, units: Tensor, share: Tensor) -> Tensor:
    """The sum of share * (1 - cos(features - mean, units)) over places.

    features, units: (..., C), the second of length 1; mean: (C,); share: (...).
    Differentiable once, with respect to features; a third of the time of F.cosine_similarity.
    """
    result: Tensor = _CosineDistance.apply(features, mean, units, share)
    return result


class _CosineDistance(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, mean: Tensor, units: Tensor, share: Tensor) -> Tensor:
        width, total = features.shape[-1], mean.new_zeros(())
        rows, wanted, weights = (
            features.reshape(-1, width),
            units.reshape(-1, width),
            share.flatten(),
        )
        slope = torch.empty_like(rows) if ctx.needs_input_grad[0] else None
        # Block by block, so that all passes but the first find a block in the processor's cache.
        for start in range(0, len(rows), _BLOCK):
            block = slice(start, start + _BLOCK)
            centered, unit, weight = rows[block] - mean, wanted[block], weights[block]
            inverse = 1 / torch.linalg.vector_norm(centered, dim=1).clamp_min(_SHORTEST)
            cosine = torch.linalg.vecdot(centered, unit) * inverse
            total += (weight * (1 - cosine)).sum()
            if slope is not None:
                scale = (weight * inverse)[:, None]
                torch.mul(centered, scale * (cosine * inverse)[:, None], out=slope[block])
                slope[block].addcmul_(unit, scale, value=-1)
        if slope is not None:
            ctx.save_for_backward(slope.view(features.shape))
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (slope,) = ctx.saved_tensors
        return slope * gradients[0], None, None, None


def place_distances(
    result: Tensor, style: Tensor, *, most_places: int = 1024
) -> tuple[Tensor, Tensor]:
    """How far places of the result are from the style's, and how far the style's from the result's.

    Features (C, H, W) each. The mean over the places of one side of the least cosine distance to a
    place of the other, both centered at the style's mean: the two halves of the relaxed earth
    mover's distance (Kolkin et al. 2019, equation 5). More places than most_places are subsampled
    evenly.
    """
    own, wanted = (
        found.flatten(1)[:, :: max(1, found[0].numel() // most_places)].T.float()
        for found in (result, style)
    )
    mean = wanted.mean(0)
    distances = 1 - F.normalize(own - mean, dim=1) @ F.normalize(wanted - mean, dim=1).T
    return distances.min(1)[0].mean(), distances.min(0)[0].mean()


def self_similarity_loss(result: Tensor, scene: Tensor) -> Tensor:
    """The difference between the self-similarities of two pictures; features (C, H, W) each.

    Kolkin et al. 2019, equation 7: cosine distances of all pairs of places, each row divided by its
    sum; the mean over rows of the sum of absolute differences. What a place looks like does not
    matter, only which others look like it.
    """
    own, wanted = (_row_distances(features) for features in (result, scene))
    return (own - wanted).abs().sum(1).mean()


def _row_distances(features: Tensor) -> Tensor:
    places = F.normalize(features.flatten(1).T.float(), dim=1)
    distances = 1 - places @ places.T
    return distances / distances.sum(1, keepdim=True).clamp_min(1e-6)


def content_loss(result: Tensor, content: Tensor) -> Tensor:
    """Mean squared difference of instance-normalized features (B, C, H, W), in float32.

    Normalized, because the scene should stay and its color statistics should not (Huang and
    Belongie 2017 motivate it for styles; here it is the content that is freed from them).
    """
    return F.mse_loss(F.instance_norm(result.float()), F.instance_norm(content.float()))


def flat_variation(picture: Tensor, content: Tensor) -> Tensor:
    """Total variation of picture where content is flat, both (B, 3, H, W) in [0, 1].

    Where a scene is flat, a network has no detail to place strokes by, and produces checkerboard
    artifacts of its strides instead. The weight exp(-g / 0.03), with g the content's mean absolute
    gradient in a window of 7x7, keeps these regions smooth and hardly affects others.
    """

    def steps(x: Tensor) -> Tensor:
        down = F.pad((x[:, :, 1:] - x[:, :, :-1]).abs(), (0, 0, 0, 1))
        right = F.pad((x[:, :, :, 1:] - x[:, :, :, :-1]).abs(), (0, 1))
        return (down + right).mean(1, keepdim=True)

    detail = F.avg_pool2d(steps(content), 7, 1, 3)
    return (torch.exp(-detail / 0.03) * steps(picture)).mean()


_LUMA = (0.299, 0.587, 0.114)
_TONE_PX = 8
_DIRECTIONS = 24


def luma(picture: Tensor) -> Tensor:
    """The luma (B, 1, H, W) of pictures (B, 3, H, W), by BT.601's weights."""
    return (picture * picture.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)


def colors_of(pictures: Tensor) -> Tensor:
    """The colors of pictures (B, 3, H, W) at a quarter of their size: (B, N, 3)."""
    return F.avg_pool2d(pictures, 4).flatten(2).transpose(1, 2)


def palette_loss(result: Tensor, colors: Tensor, rng: np.random.Generator) -> Tensor:
    """How far the colors of pictures (B, 3, H, W) are from other colors (B or 1, N, 3).

    The sliced Wasserstein distance of order 1 (Rabin et al. 2011): the projections of equally many
    colors of both on random directions are sorted and compared one by one. Pictures are compared at
    a quarter of their size.
    """
    own = colors_of(result)
    chosen = torch.from_numpy(np.resize(rng.permutation(colors.shape[1]), own.shape[1]))
    directions = F.normalize(torch.from_numpy(rng.normal(size=(3, _DIRECTIONS))).to(own), dim=0)
    wanted = colors[:, chosen.to(colors.device)]
    apart = (own @ directions).sort(1)[0] - (wanted @ directions).sort(1)[0]
    return apart.abs().mean()


def tones(picture: Tensor) -> Tensor:
    """The lightness of (B, 3, H, W) in squares of 8 px: (B, N), row by row."""
    return luma(F.avg_pool2d(picture, _TONE_PX)).flatten(1)


def tone_loss(result: Tensor, scene: Tensor, sorted_tones: Tensor) -> Tensor:
    """How far the lightness of paintings is from the scenes', histogram-matched to the styles'.

    result, scene: (B, 3, H, W). sorted_tones: the styles' tones (B or 1, N), sorted. The scene's
    darkest square should be as dark as the style's darkest, its median as the style's, and so on:
    else a dark coat may come out as bare paper.
    """
    ranks = tones(scene).argsort(1).argsort(1)
    places = ranks * (sorted_tones.shape[1] - 1) / max(1, ranks.shape[1] - 1)
    wanted = sorted_tones.expand(len(ranks), -1).gather(1, places.round().long())
    return (tones(result) - wanted).abs().mean()


def temporal_loss(current: Tensor, warped_previous: Tensor, visible: Tensor) -> Tensor:
    """Mean squared difference where the previous frame is still visible.

    Ruder et al. 2016, section 4.2: 1/D * sum c_k (x_k - w_k)^2. current and warped_previous are
    (B, 3, H, W); visible is (B, 1, H, W), 1 where the previous frame may be trusted.
    """
    return (visible * (current - warped_previous).square()).mean()


_LATTICES = ((8, 7), (4, 6), (2, 6))
"""Periods in pixels, and how many of them are averaged to separate artifacts from content."""


def lattice_energy(picture: Tensor) -> Tensor:
    """The energy of checkerboard artifacts in (B, C, H, W): of what repeats every 8, 4 or 2 pixels.

    In blocks of several cells, of one period each way, the cells are averaged: strokes and scene
    content average out, and what is locked to the strides of a network remains. A picture too small
    for a block with a border of one cell has 0.
    """
    return torch.stack([_repeated(picture, period, cells) for period, cells in _LATTICES]).sum()


def _repeated(picture: Tensor, period: int, cells: int) -> Tensor:
    height, width = (side // period * period for side in picture.shape[2:])
    block = cells * period
    down, across = ((side - 2 * period) // block for side in (height, width))
    if down < 1 or across < 1:
        return picture.new_zeros(())
    picture = picture[:, :, :height, :width]
    smooth = F.interpolate(F.avg_pool2d(picture, period), scale_factor=period, mode="bilinear")
    # The outermost cells are smoothed one-sidedly: a ramp would count there.
    rows, columns = (slice(period, period + count * block) for count in (down, across))
    fine = (picture - smooth)[:, :, rows, columns]
    parts = fine.reshape(*fine.shape[:2], down, cells, period, across, cells, period)
    return parts.mean((3, 6)).square().mean()
