"""The losses of paintings against a style and a scene, for training networks.

The style is compared by a teacher's features, matched place by place, and by their statistics; the
scene by the self-similarity of features, which is independent of colors and marks. Kolkin et al.
2019, "Style Transfer by Relaxed Optimal Transport and Self-Similarity".
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.nets.losses import (
    Moments,
    content_loss,
    moments,
    place_distances,
    self_similarity_loss,
    style_loss,
)
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.precision import autocast
from vidnst.nets.training.learning import channels_last

_STATISTICS_SHARES = (0.6, 0.8, 1.2, 1.4)
"""How much each block's statistics count: deep ones are shapes, shallow ones grain."""
_MOST_PLACES = 768
_COMPARED_PLACES = 400


class Seen(NamedTuple):
    """A teacher's features (B, C, H, W) of styles by layer, and their moments.

    Of the first layer there are only moments: its features are not matched.
    """

    features: dict[str, Tensor]
    moments: dict[str, Moments]


def judged_layers(teacher: PerceptualEncoder) -> tuple[str, ...]:
    """The last layer of each of a teacher's first four blocks, such as relu3_3."""
    ends = {layer[4]: layer for layer in teacher.layer_names}
    return tuple(layer for block, layer in ends.items() if block in "1234")


@torch.no_grad()
def seen_in(
    teacher: PerceptualEncoder, styles: Tensor, *, dtype: torch.dtype | None = None
) -> Seen:
    """What paintings are compared to: styles (B, 3, T, T) in [0, 1] as the teacher sees them.

    dtype: of the teacher's arithmetic.
    """
    layers = judged_layers(teacher)
    with autocast(styles.device, dtype):
        features = teacher(channels_last(styles), layers)
    found = {layer: moments(features[layer]) for layer in layers}
    return Seen({layer: features[layer] for layer in layers[1:]}, found)


def judge(
    teacher: PerceptualEncoder,
    result: Tensor,
    scene: Tensor,
    wanted: Seen,
    rng: np.random.Generator,
    *,
    dtype: torch.dtype | None = None,
) -> dict[str, Tensor]:
    """The losses of paintings of scenes, (B, 3, H, W) in [0, 1] each, in B styles.

    Those of judge_style, and scene: self_similarity_loss in the deepest block; content, detail:
    content_loss in the deepest block and in the one before. dtype: of the teacher's arithmetic.
    """
    layers = judged_layers(teacher)
    own, others = torch.split(_shifted(torch.cat([result, scene]), rng), len(result))
    with autocast(result.device, dtype):
        seen = teacher(own, layers)
        with torch.no_grad():
            scenes = teacher(others, layers[-2:])
    of_style = _apart(seen, wanted, layers, rng)
    similar = [
        self_similarity_loss(*_sampled(torch.stack(pair), _COMPARED_PLACES, rng))
        for pair in zip(seen[layers[-1]], scenes[layers[-1]], strict=True)
    ]
    return of_style | {
        "scene": torch.stack(similar).mean(),
        "content": content_loss(seen[layers[-1]], scenes[layers[-1]]),
        "detail": content_loss(seen[layers[-2]], scenes[layers[-2]]),
    }


def judge_style(
    teacher: PerceptualEncoder,
    result: Tensor,
    wanted: Seen,
    rng: np.random.Generator,
    *,
    dtype: torch.dtype | None = None,
) -> dict[str, Tensor]:
    """How far paintings (B, 3, H, W) in [0, 1] are from B styles.

    near, cover: distances of a painting's places to the nearest of its style, and of the style's to
    the nearest of the painting, in the two deepest blocks. fine: both in the second block.
    statistics: distances of the moments in all. dtype: of the teacher's arithmetic.
    """
    layers = judged_layers(teacher)
    with autocast(result.device, dtype):
        seen = teacher(_shifted(result, rng), layers)
    return _apart(seen, wanted, layers, rng)


def _apart(
    seen: dict[str, Tensor], wanted: Seen, layers: Sequence[str], rng: np.random.Generator
) -> dict[str, Tensor]:
    """The losses of judge_style, from the teacher's features of the paintings."""

    def distances(layer: str) -> list[tuple[Tensor, Tensor]]:
        return [
            place_distances(*(_sampled(each, _MOST_PLACES, rng) for each in pair))
            for pair in zip(seen[layer], wanted.features[layer], strict=True)
        ]

    deep = [each for layer in layers[-2:] for each in distances(layer)]
    fine = [distance for both in distances(layers[1]) for distance in both]
    return {
        "statistics": _statistics(seen, wanted.moments, layers),
        "near": torch.stack([near for near, _ in deep]).mean(),
        "cover": torch.stack([cover for _, cover in deep]).mean(),
        "fine": torch.stack(fine).mean(),
    }


def _statistics(
    seen: dict[str, Tensor], wanted: dict[str, Moments], layers: Sequence[str]
) -> Tensor:
    terms = []
    for layer, share in zip(layers, _STATISTICS_SHARES, strict=True):
        means, covariances = style_loss({layer: moments(seen[layer])}, {layer: wanted[layer]})
        terms.append(share * (means + covariances) / 2)
    return torch.stack(terms).mean()


def _sampled(maps: Tensor, most: int, rng: np.random.Generator) -> Tensor:
    """Features (..., C, H, W) at random positions, the same in all: (..., C, N, 1)."""
    flat = maps.flatten(-2)
    chosen = torch.from_numpy(rng.permutation(flat.shape[-1])[:most]).to(flat.device)
    return flat[..., chosen, None]


def _shifted(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Rescale by up to 15 % and crop by up to 15 px or a third, all in the same random way.

    Otherwise the teacher's pooling grid and the scale of its filters could leave a pattern in the
    network.
    """
    height, width = pictures.shape[2:]
    wide = int(rng.integers(round(width * 0.85), round(width * 1.15) + 1))
    size_hw = round(height * wide / width), wide
    pictures = F.interpolate(pictures, size_hw, mode="bilinear", antialias=wide < width)
    most = [min(16, max(1, side // 3)) for side in size_hw]
    top, left = (int(n) for n in rng.integers(0, most))
    return channels_last(pictures[:, :, top:, left:])
