"""Tuning: a baked network learns one style and one clip by heart.

The network starts where training left it, which is near, and a few hundred steps on the clip's own
frames bring it close to what an optimization of each frame would give, at a network's price.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vidnst.motion.made_up import camera_noise, make_up_motion
from vidnst.style.bake import BakedNetwork
from vidnst.style.losses import (
    SCENE_LAYERS,
    Moments,
    flat_variation,
    moments,
    scene_loss,
    style_loss,
    temporal_loss,
)
from vidnst.style.network import STRIDE
from vidnst.style.options import TuneOptions
from vidnst.style.perceptual import PerceptualEncoder

_MOST_PIXELS = 640 * 416
"""Larger frames are seen a window at a time."""
_MOVING_SIDE = 192
"""Steadiness is learned on squares of this side, in pixels."""


@dataclass(frozen=True)
class TuneStep:
    """What one step saw; handed to the listener. doing: what it is a step of."""

    step: int
    step_count: int
    losses: Mapping[str, float]
    doing: str = "tuning"


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
    tuned = copy.deepcopy(network).float().to(device).requires_grad_(True)
    encoder = copy.deepcopy(encoder).to(device)
    style = {
        layer: Moments(wanted.mean.to(device), wanted.covariance.to(device))
        for layer, wanted in style.items()
    }
    parameters = list(tuned.parameters())
    optimizer = torch.optim.Adam(parameters, lr=options.tune_rate, betas=(0.9, 0.99))
    layers = encoder.style_layers
    for step in range(options.tune_steps):
        rng = np.random.default_rng([options.tune_seed, step])
        for group in optimizer.param_groups:
            group["lr"] = options.tune_rate * rate_factor(step, options.tune_steps)
        frame = _window(frames[int(rng.integers(len(frames)))], rng).to(device)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            painted = tuned(frame)
            seen = encoder(channels_last(painted), {*layers, *SCENE_LAYERS})
            with torch.no_grad():
                scene = encoder(frame, SCENE_LAYERS)
        means, covariances = style_loss({la: moments(seen[la]) for la in layers}, style)
        losses = {
            "content": scene_loss(seen, scene),
            "style": (means + covariances) / 2,
            "flat": flat_variation(painted, frame),
            "temporal": unsteadiness(tuned, frame, painted, rng, dtype),
        }
        weighted = [getattr(options, f"tune_{name}_weight") * loss for name, loss in losses.items()]
        total = torch.stack(weighted).sum()
        optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        values = {name: loss.item() for name, loss in losses.items()}
        on_step(TuneStep(step + 1, options.tune_steps, values))
    return tuned.requires_grad_(False).cpu()


def unsteadiness(
    network: BakedNetwork,
    frame: Tensor,
    painted: Tensor,
    rng: np.random.Generator,
    dtype: torch.dtype,
) -> Tensor:
    """How much a square of the frame changes otherwise than the camera moves.

    Still pictures need it as well: a pattern that is locked to the network's own grid does not move
    with the camera.
    """
    height, width = frame.shape[2:]
    side = min(_MOVING_SIDE, height, width) // STRIDE * STRIDE
    top, left = _corner((height, width), (side, side), rng)
    square = np.s_[:, :, top : top + side, left : left + side]
    device = frame.device
    # Up to torch 2.11 grid_sample has no gradient on MPS (pytorch/pytorch#179756).
    motion = make_up_motion(1, side, rng, "cpu" if device.type == "mps" else device)

    def warp(picture: Tensor) -> Tensor:
        return motion.warp(picture[square].to(motion.grid.device)).to(device)

    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    later = channels_last(camera_noise(warp(frame), rng, generator))
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        painted_later = network(later)
    return temporal_loss(painted_later, warp(painted), motion.visible.to(device))


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


def channels_last(pictures: Tensor) -> Tensor:
    return pictures.contiguous(memory_format=torch.channels_last)


def rate_factor(step: int, steps: int) -> float:
    """Warm up over 20 steps; fall along a cosine to nothing."""
    return min(1.0, (step + 1) / 20) * 0.5 * (1 + float(np.cos(np.pi * step / steps)))
