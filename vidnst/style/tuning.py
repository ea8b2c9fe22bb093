"""Tuning: a baked network learns one style and one clip by heart.

The network starts where training left it, which is near, and a few hundred steps on the clip's own
frames bring it close to what an optimization of each frame would give, at a network's price.
"""

import copy
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from vidnst.style.bake import BakedNetwork
from vidnst.style.learning import TuneStep, a_moment_later, channels_last, learn
from vidnst.style.losses import (
    SCENE_LAYERS,
    Moments,
    flat_variation,
    moments,
    scene_loss,
    style_loss,
)
from vidnst.style.network import STRIDE
from vidnst.style.options import TuneOptions
from vidnst.style.perceptual import PerceptualEncoder

_MOST_PIXELS = 640 * 416
_MOVING_SIDE = 192
"""Steadiness is learned on squares of this side, in pixels."""
"""Larger frames are seen a window at a time."""
_LOSSES = ("content", "style", "flat", "temporal")


def tune(
    network: BakedNetwork,
    style: Mapping[str, Moments],
    frames: Sequence[Tensor],
    encoder: PerceptualEncoder,
    options: TuneOptions,
    *,
    dtype: torch.dtype,
    device: torch.device | str = "cpu",
    on_step: Callable[[TuneStep], None] = lambda step: None,
) -> BakedNetwork:
    """Tune a copy of the network to a style and frames of a clip (1, 3, H, W) each.

    style: the moments wanted in the encoder's style_layers. The frames are RGB float in [0, 1],
    their sides multiples of STRIDE. The encoder's features say how near scene and style are. The
    same arguments give the same network. device: where is computed; what is given and what comes
    back are on the CPU.
    """
    device = torch.device(device)
    encoder = copy.deepcopy(encoder).to(device)
    style = {
        layer: Moments(wanted.mean.to(device), wanted.covariance.to(device))
        for layer, wanted in style.items()
    }
    layers = encoder.style_layers

    def losses_of(tuned: BakedNetwork, rng: np.random.Generator) -> dict[str, Tensor]:
        frame = _window(frames[int(rng.integers(len(frames)))], rng).to(device)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            painted = tuned(frame)
            seen = encoder(channels_last(painted), {*layers, *SCENE_LAYERS})
            with torch.no_grad():
                scene = encoder(frame, SCENE_LAYERS)
        means, covariances = style_loss({la: moments(seen[la]) for la in layers}, style)
        return {
            "content": scene_loss(seen, scene),
            "style": (means + covariances) / 2,
            "flat": flat_variation(painted, frame),
            "temporal": _unsteadiness(tuned, frame, painted, rng, dtype),
        }

    return learn(
        network,
        losses_of,
        {name: getattr(options, f"tune_{name}_weight") for name in _LOSSES},
        steps=options.tune_steps,
        rate=options.tune_rate,
        seed=options.tune_seed,
        device=device,
        doing="tuning",
        on_step=on_step,
    )


def _unsteadiness(
    tuned: BakedNetwork,
    frame: Tensor,
    painted: Tensor,
    rng: np.random.Generator,
    dtype: torch.dtype,
) -> Tensor:
    """How unsteady the network is on a square of the frame."""
    height, width = frame.shape[2:]
    side = min(_MOVING_SIDE, height, width) // STRIDE * STRIDE
    top, left = _corner((height, width), (side, side), rng)
    square = np.s_[:, :, top : top + side, left : left + side]
    later = a_moment_later(frame[square], rng)
    with torch.autocast(frame.device.type, dtype, enabled=dtype != torch.float32):
        painted_later = tuned(later.pictures)
    return later.unsteadiness(painted[square], painted_later)


def _window(frame: Tensor, rng: np.random.Generator) -> Tensor:
    """The frame, mirrored or not, or as large a part of it as one step looks at."""
    height, width = frame.shape[2:]
    scale = min(1.0, (_MOST_PIXELS / (height * width)) ** 0.5)
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
