"""Synthetic motion: a second frame for a still picture, with exactly known flow.

Trained on it, a network is steady without ever having seen a video (ReReVST: Wang et al. 2020).
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class MadeUpMotion:
    """A sampling grid from the second frame into the first, and where it stays inside.

    Convention: grid (B, H, W, 2) holds (x, y) in [-1, 1] with align_corners=False, as
    torch.nn.functional.grid_sample takes it: the place in the first frame that each pixel of the
    second shows. visible (B, 1, H, W) is 1 where that place lies inside the first frame.
    """

    grid: Tensor
    visible: Tensor

    def warp(self, first: Tensor) -> Tensor:
        """Bring first (B, C, H, W) to where the second frame sees it."""
        return F.grid_sample(
            first, self.grid, mode="bilinear", padding_mode="reflection", align_corners=False
        )


def make_up_motion(
    count: int, size: int, rng: np.random.Generator, device: torch.device | str = "cpu"
) -> MadeUpMotion:
    """A camera's small turn, zoom and shift with a smooth wobble on top, for `count` frames.

    Shifts reach 5 % of the frame's side, turns 3 degrees, zooms 4 %, the wobble 1.5 %.
    """
    angle = rng.uniform(-0.05, 0.05, count)
    zoom = rng.uniform(0.96, 1.04, count)
    affine = np.zeros((count, 2, 3), np.float32)
    affine[:, 0, 0] = affine[:, 1, 1] = zoom * np.cos(angle)
    affine[:, 0, 1] = -zoom * np.sin(angle)
    affine[:, 1, 0] = zoom * np.sin(angle)
    affine[:, :, 2] = rng.uniform(-0.1, 0.1, (count, 2))
    grid = F.affine_grid(torch.from_numpy(affine), [count, 3, size, size], align_corners=False)
    knots = torch.from_numpy(rng.uniform(-0.03, 0.03, (count, 2, 4, 4)).astype(np.float32))
    wobble = F.interpolate(knots, (size, size), mode="bicubic", align_corners=True)
    grid = grid + wobble.permute(0, 2, 3, 1)
    visible = (grid.abs().amax(3) <= 1 - 1 / size).float()[:, None]
    return MadeUpMotion(grid.to(device), visible.to(device))


def camera_noise(frames: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    """Add sensor noise (standard deviation up to 0.03) and a change of exposure of up to 2 %."""
    shape = (len(frames), 1, 1, 1)
    deviation = torch.from_numpy(rng.uniform(0, 0.03, shape).astype(np.float32)).to(frames.device)
    gain = torch.from_numpy(rng.uniform(0.98, 1.02, shape).astype(np.float32)).to(frames.device)
    noise = torch.randn(frames.shape, generator=generator).to(frames.device)
    return (frames * gain + deviation * noise).clamp(0, 1)
