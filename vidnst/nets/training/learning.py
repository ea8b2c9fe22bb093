"""How a baked network learns one thing by heart: steps down a weighted sum of losses."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vidnst.motion.synthetic import MadeUpMotion, camera_noise, make_up_motion
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.losses import temporal_loss
from vidnst.nets.step import Step

Losses = Callable[[BakedNetwork, np.random.Generator], Mapping[str, Tensor]]
"""What a step sees of the network as it is; chance comes from the generator alone."""


def learn(
    network: BakedNetwork,
    losses_of: Losses,
    weights: Mapping[str, float],
    *,
    steps: int,
    rate: float,
    seed: int,
    device: torch.device,
    doing: str,
    on_step: Callable[[Step], None],
) -> BakedNetwork:
    """Let a copy of the network learn, on the device; what comes back is on the CPU.

    weights: of each loss. doing: what listeners are told of the steps.
    """
    learner = copy.deepcopy(network).float().to(device).requires_grad_(True)
    parameters = list(learner.parameters())
    optimizer = torch.optim.Adam(parameters, lr=rate, betas=(0.9, 0.99))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * rate_factor(step, steps)
        losses = losses_of(learner, np.random.default_rng([seed, step]))
        total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
        optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        values = {name: loss.item() for name, loss in losses.items()}
        on_step(Step(step + 1, steps, values, doing))
    return learner.requires_grad_(False).cpu()


@dataclass(frozen=True)
class Later:
    """Pictures (B, 3, S, S) as the camera sees them a moment later, and how they came there."""

    pictures: Tensor
    motion: MadeUpMotion

    def unsteadiness(self, painted: Tensor, painted_later: Tensor) -> Tensor:
        """How much what was painted of both changes otherwise than the camera moves."""
        visible = self.motion.visible.to(painted.device)
        return temporal_loss(painted_later, _warped(painted, self.motion), visible)


def a_moment_later(pictures: Tensor, rng: np.random.Generator) -> Later:
    """What a camera that moves a little, with its noise, sees next of pictures (B, 3, S, S).

    Still pictures need it as well: a pattern that is locked to the network's own grid does not move
    with the camera.
    """
    device, (count, _, _, side) = pictures.device, pictures.shape
    # Up to torch 2.11 grid_sample has no gradient on MPS (pytorch/pytorch#179756).
    motion = make_up_motion(count, side, rng, "cpu" if device.type == "mps" else device)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    later = camera_noise(_warped(pictures, motion), rng, generator)
    return Later(channels_last(later), motion)


def _warped(pictures: Tensor, motion: MadeUpMotion) -> Tensor:
    return motion.warp(pictures.to(motion.grid.device)).to(pictures.device)


def channels_last(pictures: Tensor) -> Tensor:
    return pictures.contiguous(memory_format=torch.channels_last)


def rate_factor(step: int, steps: int, *, rise: int = 20) -> float:
    """Warm up over so many steps; fall along a cosine to nothing."""
    return min(1.0, (step + 1) / rise) * 0.5 * (1 + float(np.cos(np.pi * step / steps)))
