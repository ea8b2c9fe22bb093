"""Tuning: fine-tune a baked network to one style and one clip, without example paintings.

A few hundred steps on the clip's own frames bring the trained network close to what an optimization
of each frame would give, at the run time of a network.
"""

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from vidnst.nets.bake import BakedNetwork
from vidnst.nets.losses import flat_variation, lattice_energy, palette_loss, tone_loss
from vidnst.nets.network import STRIDE
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.precision import autocast
from vidnst.nets.step import Step
from vidnst.nets.style_pictures import StylePictures
from vidnst.nets.training.learning import a_moment_later, channels_last, learn
from vidnst.nets.training.likeness import judge
from vidnst.nets.training.style_crops import crops_of
from vidnst.options.learning import TuneOptions

_WINDOW_PIXELS = 384 * 384
"""Of larger frames a step uses a crop of about as many pixels."""
_MOVING_SIDE = 192
"""The temporal loss is computed on squares of this side, in pixels."""


def loss_weights(options: TuneOptions) -> dict[str, float]:
    """The weight of each loss; more boldness lowers those that preserve the scene."""
    keep = 4.0 ** (0.5 - options.boldness) * options.tune_content_weight
    style = options.tune_style_weight
    return {
        "statistics": 10.0 * style,
        "near": 1.5 * style,
        "cover": 22.0 * style,
        "fine": 2.0 * style,
        "scene": 12.0 * keep,
        "content": 0.45 * keep,
        "detail": 0.2 * keep,
        "color": 40.0 * options.tune_color_weight,
        "tone": 8.0 * options.tune_color_weight,
        "flat": options.tune_flat_weight,
        "temporal": 30.0 * options.tune_temporal_weight,
        "lattice": 4000.0,
    }


def tune(
    network: BakedNetwork,
    style: StylePictures,
    frames: Sequence[Tensor],
    teacher: PerceptualEncoder,
    options: TuneOptions,
    *,
    style_side: int,
    dtype: torch.dtype,
    device: torch.device | str = "cpu",
    on_step: Callable[[Step], None] = lambda step: None,
) -> BakedNetwork:
    """Tune a copy of the network to a style and frames of a clip (1, 3, H, W) each.

    style_side: the longer side of the style's pictures, in pixels, at which their marks are as
    large as they shall be in the frames. The frames are RGB float in [0, 1], their sides multiples
    of STRIDE. teacher: its features measure the distance to scene and style. The same arguments
    give the same network. device: to train on; arguments and result are on the CPU.
    """
    device = torch.device(device)
    teacher = copy.deepcopy(teacher).to(device).requires_grad_(False)
    rng = np.random.default_rng([options.tune_seed, 0])
    wanted = crops_of(style, teacher, style_side, rng, dtype)
    weights = loss_weights(options)

    def losses_of(tuned: BakedNetwork, rng: np.random.Generator) -> dict[str, Tensor]:
        scene = _window(frames[int(rng.integers(len(frames)))], rng).to(device)
        square = _square(scene, rng)
        later = a_moment_later(scene[square], rng)
        with autocast(device, dtype):
            painted = tuned(scene).float()
            painted_later = tuned(later.pictures).float()
        return {
            **judge(teacher, painted, scene, wanted.some(1, rng), rng, dtype=dtype),
            "color": palette_loss(painted, wanted.colors, rng),
            "tone": tone_loss(painted, scene, wanted.sorted_tones),
            "flat": flat_variation(painted, scene),
            "temporal": later.unsteadiness(painted[square], painted_later),
            "lattice": lattice_energy(painted),
        }

    return learn(
        network,
        losses_of,
        weights,
        steps=options.tune_steps,
        rate=options.tune_rate,
        seed=options.tune_seed,
        device=device,
        doing="tuning",
        on_step=on_step,
    )


def _square(frame: Tensor, rng: np.random.Generator) -> tuple[slice, ...]:
    """A random square of the frame, for the temporal loss."""
    height, width = frame.shape[2:]
    side = min(_MOVING_SIDE, height, width) // STRIDE * STRIDE
    top, left = _corner((height, width), (side, side), rng)
    return np.s_[:, :, top : top + side, left : left + side]


def _window(frame: Tensor, rng: np.random.Generator) -> Tensor:
    """The frame, or a random crop of it of _WINDOW_PIXELS, mirrored half of the time."""
    height, width = frame.shape[2:]
    scale = min(1.0, (_WINDOW_PIXELS / (height * width)) ** 0.5)
    size_hw = tuple(max(STRIDE, int(side * scale) // STRIDE * STRIDE) for side in (height, width))
    top, left = _corner((height, width), (size_hw[0], size_hw[1]), rng)
    window = frame[:, :, top : top + size_hw[0], left : left + size_hw[1]]
    return channels_last(window.flip(3) if rng.random() < 0.5 else window)


def _corner(
    outer_hw: tuple[int, int], inner_hw: tuple[int, int], rng: np.random.Generator
) -> tuple[int, int]:
    """The top left corner of a window, on the network's grid: drawn anywhere it fits."""
    top, left = (
        int(rng.integers((outer - inner) // STRIDE + 1)) * STRIDE
        for outer, inner in zip(outer_hw, inner_hw, strict=True)
    )
    return top, left
