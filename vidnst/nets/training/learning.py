"""Train a baked network for one purpose: Adam on a weighted sum of losses."""

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
"""Computes a step's losses of the network; all randomness comes from the generator."""


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
    """Train a copy of the network on the device; the result is on the CPU.

    weights: of each loss. doing: the name of the phase in the steps passed to on_step.
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
    """Pictures (B, 3, S, S) as the camera sees them a moment later, and the motion to them."""

    pictures: Tensor
    motion: MadeUpMotion

    def unsteadiness(self, painted: Tensor, painted_later: Tensor) -> Tensor:
        """The temporal loss: how far the later painting is from the earlier one, warped."""
        visible = self.motion.visible.to(painted.device)
        return temporal_loss(painted_later, _warped(painted, self.motion), visible)


def a_moment_later(pictures: Tensor, rng: np.random.Generator) -> Later:
    """Pictures (B, 3, S, S) after a small synthetic camera motion, with camera noise.

    The temporal loss on it helps still pictures as well: a pattern that is locked to the network's
    own grid does not move with the camera.
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
    """The factor on the learning rate: linear warm-up over `rise` steps, cosine decay to 0."""
    return min(1.0, (step + 1) / rise) * 0.5 * (1 + float(np.cos(np.pi * step / steps)))
