"""Teaching: a baked network learns from a few pairs of scene and painting to paint the like.

After Texler et al. 2020, "Interactive Video Stylization Using Few-Shot Patch-Based Training":
patches of the few pairs, in an order drawn anew, keep a network from learning the pairs by heart
instead of what was done in them. What a lesson shows without a cause in its scene, such as strokes
in a clear sky, it cannot teach; there the style itself says what marks there are.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.nets.bake import BakedNetwork
from vidnst.nets.losses import (
    colors_of,
    lattice_energy,
    moments,
    palette_loss,
    place_distances,
    style_loss,
)
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.precision import autocast
from vidnst.nets.step import Step
from vidnst.nets.style_pictures import StylePictures
from vidnst.nets.training.learning import a_moment_later, channels_last, learn
from vidnst.nets.training.likeness import judge_style
from vidnst.nets.training.style_crops import crops_of

_PATCH_SIDE = 192
_MOVING_SIDE = 128
"""Steadiness is learned on squares of this side, in pixels."""
_RATE = 1e-3
_WEIGHTS = {
    **{"color": 6.0, "palette": 10.0, "features": 2.0, "marks": 8.0, "moments": 2.5},
    **{"near": 0.0, "cover": 7.0, "fine": 2.0, "statistics": 1.5},
    **{"temporal": 30.0, "lattice": 6000.0},
}
"""In the first row how like the lesson a patch is, in the second how like the style; near is told,
not sought: it is least where nothing is painted."""
_MOST_PLACES = 512
_LEAST_SPREAD = 0.1
"""Of the features' power, that a lesson's spread counts as at least: distances are told in units of
it, and a lesson that is all but flat would throw the network off its feet."""
_COLOR_SIDE = 8
"""Colors are compared over squares of this side, in pixels: pixel by pixel, what is painted without
regard to the scene would average out to a blur."""
COMPARED_LAYERS = ("relu1_2", "relu2_2", "relu3_3")
"""Where a painted patch is compared with the lesson's."""
_MARKS = ("relu2_2", "relu3_3")
"""Where its marks are, wherever in the patch they lie. Not finer: a network has no noise of its own
and would fill flat places with the lattice of its strides, to be as grainy as the lesson."""


@dataclass(frozen=True)
class Lesson:
    """A scene and its painting, (1, 3, H, W) each, in [0, 1]; sides are multiples of STRIDE."""

    scene: Tensor
    painting: Tensor


def teach(
    network: BakedNetwork,
    lessons: Sequence[Lesson],
    style: StylePictures,
    encoder: PerceptualEncoder,
    *,
    style_side: int,
    steps: int,
    seed: int = 0,
    dtype: torch.dtype,
    device: torch.device | str = "cpu",
    doing: str = "learning",
    on_step: Callable[[Step], None] = lambda step: None,
) -> BakedNetwork:
    """Teach a copy of the network what the lessons show, with the style's marks.

    style_side: of the style's pictures, the longer one in pixels, at which their marks are as large
    as in the lessons. The encoder's features say how near a painting is to the lesson's and to the
    style. The same arguments give the same network. device: where is computed; what is given and
    what comes back are on the CPU. doing: what listeners are told of the steps.
    """
    device = torch.device(device)
    encoder = copy.deepcopy(encoder).to(device)
    crops = crops_of(style, encoder, style_side, np.random.default_rng([seed, 0]), dtype)

    def losses_of(taught: BakedNetwork, rng: np.random.Generator) -> dict[str, Tensor]:
        scene, wanted = (part.to(device) for part in patch_of(lessons, rng))
        moving = np.s_[:, :, :_MOVING_SIDE, :_MOVING_SIDE]
        later = a_moment_later(scene[moving], rng)
        with autocast(device, dtype):
            painted = taught(scene).float()
            painted_later = taught(later.pictures).float()
            seen = encoder(channels_last(painted), COMPARED_LAYERS)
            with torch.no_grad():
                shown = encoder(wanted, COMPARED_LAYERS)
        return {
            "color": F.l1_loss(_coarse(painted), _coarse(wanted)),
            "features": features_apart(seen, shown),
            "marks": _marks_apart(seen, shown),
            "palette": palette_loss(painted, colors_of(wanted), rng),
            "moments": moments_apart(seen, shown, painted, wanted),
            **judge_style(encoder, painted, crops.some(1, rng), rng, dtype=dtype),
            "lattice": lattice_energy(painted),
            "temporal": later.unsteadiness(painted[moving], painted_later),
        }

    return learn(
        network,
        losses_of,
        _WEIGHTS,
        steps=steps,
        rate=_RATE,
        seed=seed,
        device=device,
        doing=doing,
        on_step=on_step,
    )


def patch_of(lessons: Sequence[Lesson], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A patch of a scene and of its painting, from anywhere in the lessons."""
    lesson = lessons[int(rng.integers(len(lessons)))]
    side = min(_PATCH_SIDE, *lesson.scene.shape[2:])
    top, left = (int(rng.integers(0, (size - side) + 1)) for size in lesson.scene.shape[2:])
    there = np.s_[:, :, top : top + side, left : left + side]
    return channels_last(lesson.scene[there]), channels_last(lesson.painting[there])


def _coarse(pictures: Tensor) -> Tensor:
    return F.avg_pool2d(pictures, _COLOR_SIDE)


def features_apart(seen: dict[str, Tensor], shown: dict[str, Tensor]) -> Tensor:
    """Mean over layers of the squared difference in units of the lesson's variance.

    Of a lesson that is all but flat that is next to nothing, and its slope would throw the network
    off its feet; so part of the features' own power counts as well.
    """
    terms = []
    for layer in COMPARED_LAYERS:
        wanted = shown[layer].float()
        spread = wanted.var((0, 2, 3)).mean() + _LEAST_SPREAD * wanted.square().mean()
        terms.append((seen[layer].float() - wanted).square().mean() / spread)
    return torch.stack(terms).mean()


def _marks_apart(seen: dict[str, Tensor], shown: dict[str, Tensor]) -> Tensor:
    """Mean over layers and patches of the places' distances both ways (losses.place_distances).

    What is only near on average to all that a scene might become is a blur; this wants places such
    as the lessons have, wherever they lie.
    """
    terms: list[Tensor] = []
    for layer in _MARKS:
        for own, wanted in zip(seen[layer], shown[layer], strict=True):
            terms += place_distances(own, wanted, most_places=_MOST_PLACES)
    return torch.stack(terms).mean()


def moments_apart(
    seen: dict[str, Tensor], shown: dict[str, Tensor], painted: Tensor, wanted: Tensor
) -> Tensor:
    """Mean relative distance of the moments of marks and colors, patch by patch.

    Where a scene does not tell which of two colors a place has, the other losses are content with
    the gray between them; this one wants as much of both as the lesson has.
    """
    own, lesson = (
        {layer: moments(features[layer]) for layer in _MARKS}
        | {"colors": moments(F.avg_pool2d(picture, 2))}
        for features, picture in ((seen, painted), (shown, wanted))
    )
    means, covariances = style_loss(own, lesson, least_spread=_LEAST_SPREAD)
    return (means + covariances) / 2
