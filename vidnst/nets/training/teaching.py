"""Teaching: train a baked network on a few pairs of scene and painting.

After Texler et al. 2020, "Interactive Video Stylization Using Few-Shot Patch-Based Training":
random patches of the few pairs keep a network from memorizing the pairs. What a lesson shows
without a cause in its scene, such as strokes in a clear sky, cannot be learned from the pair;
there, losses against the style itself determine the marks.
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
from vidnst.nets.training.learning import Later, a_moment_later, channels_last, learn
from vidnst.nets.training.likeness import judge_style
from vidnst.nets.training.style_crops import crops_of

_PATCH_SIDE = 192
_MOVING = np.s_[:, :, :128, :128]
"""The corner of a patch on which steadiness is trained."""
_RATE = 1e-3
_WEIGHTS = {
    **{"color": 6.0, "palette": 10.0, "features": 2.0, "marks": 8.0, "moments": 2.5},
    **{"near": 0.0, "cover": 7.0, "fine": 2.0, "statistics": 1.5},
    **{"temporal": 30.0, "lattice": 6000.0},
}
"""First row: against the lesson's patch; second row: against the style. `near` is only reported,
not minimized: it is least where nothing is painted."""
_MOST_PLACES = 512
_LEAST_SPREAD = 0.1
"""The share of the features' mean square that is added to a lesson's variance, the unit of
distances: with a nearly flat lesson, gradients would explode otherwise."""
_COLOR_SIDE = 8
"""Colors are compared as means over squares of this side, in pixels: a loss per pixel would blur
whatever does not follow from the scene."""
COMPARED_LAYERS = ("relu1_2", "relu2_2", "relu3_3")
"""Where a painted patch is compared with the lesson's."""
_MARKS = ("relu2_2", "relu3_3")
"""Where its marks are compared, regardless of their position. Not finer: a network has no source of
noise, and would imitate a lesson's grain by checkerboard artifacts in flat regions."""


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

    style_side: the longer side of the style's pictures, in pixels, at which their marks are as
    large as in the lessons. encoder: its features measure the distance to the lesson's painting and
    to the style. The same arguments give the same network. device: to train on; arguments and
    result are on the CPU. doing: the name of the phase in the steps passed to on_step.
    """
    device = torch.device(device)
    encoder = copy.deepcopy(encoder).to(device)
    crops = crops_of(style, encoder, style_side, np.random.default_rng([seed, 0]), dtype)

    def losses_of(taught: BakedNetwork, rng: np.random.Generator) -> dict[str, Tensor]:
        trial = try_patch(taught, lessons, encoder, rng, device=device, dtype=dtype)
        painted, wanted, seen, shown = trial.painted, trial.wanted, trial.seen, trial.shown
        return {
            "color": F.l1_loss(_coarse(painted), _coarse(wanted)),
            "features": features_apart(seen, shown),
            "marks": _marks_apart(seen, shown),
            "palette": palette_loss(painted, colors_of(wanted), rng),
            "moments": moments_apart(seen, shown, painted, wanted),
            **judge_style(encoder, painted, crops.some(1, rng), rng, dtype=dtype),
            "lattice": lattice_energy(painted),
            "temporal": trial.unsteadiness(),
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


@dataclass(frozen=True, eq=False)
class Trial:
    """A patch as the network paints it, and as the lesson has it, (1, 3, S, S) each.

    seen, shown: the features of both at COMPARED_LAYERS. later: a corner of the patch after a
    camera motion, and painted_later: as the network paints that.
    """

    painted: Tensor
    wanted: Tensor
    seen: dict[str, Tensor]
    shown: dict[str, Tensor]
    later: Later
    painted_later: Tensor

    def unsteadiness(self) -> Tensor:
        """As Later.unsteadiness."""
        return self.later.unsteadiness(self.painted[_MOVING], self.painted_later)


def try_patch(
    taught: BakedNetwork,
    lessons: Sequence[Lesson],
    encoder: PerceptualEncoder,
    rng: np.random.Generator,
    *,
    device: torch.device,
    dtype: torch.dtype,
) -> Trial:
    """Paint a patch of a lesson, drawn at random, with a network in training."""
    scene, wanted = (part.to(device) for part in _patch(lessons, rng))
    later = a_moment_later(scene[_MOVING], rng)
    with autocast(device, dtype):
        painted = taught(scene).float()
        painted_later = taught(later.pictures).float()
        seen = encoder(channels_last(painted), COMPARED_LAYERS)
        with torch.no_grad():
            shown = encoder(wanted, COMPARED_LAYERS)
    return Trial(painted, wanted, seen, shown, later, painted_later)


def _patch(lessons: Sequence[Lesson], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
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

    The variance of a nearly flat lesson is close to 0, and gradients would explode; so a share of
    the features' mean square is added to it.
    """
    terms = []
    for layer in COMPARED_LAYERS:
        wanted = shown[layer].float()
        spread = wanted.var((0, 2, 3)).mean() + _LEAST_SPREAD * wanted.square().mean()
        terms.append((seen[layer].float() - wanted).square().mean() / spread)
    return torch.stack(terms).mean()


def _marks_apart(seen: dict[str, Tensor], shown: dict[str, Tensor]) -> Tensor:
    """Mean over layers and patches of the places' distances both ways (losses.place_distances).

    The other losses are least for a blur, the average of all plausible paintings; this one requires
    features that occur in the lesson, at any position.
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

    Where a scene does not determine which of two colors a pixel has, the other losses are least for
    the gray between them; this one requires both in the lesson's proportions.
    """
    own, lesson = (
        {layer: moments(features[layer]) for layer in _MARKS}
        | {"colors": moments(F.avg_pool2d(picture, 2))}
        for features, picture in ((seen, painted), (shown, wanted))
    )
    means, covariances = style_loss(own, lesson, least_spread=_LEAST_SPREAD)
    return (means + covariances) / 2
