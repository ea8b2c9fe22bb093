"""Teach a baked network from a few frames that an artist painted.

After Texler et al. 2020, "Interactive Video Stylization Using Few-Shot Patch-Based Training".
Unlike the lessons of teaching.py, each one of many acceptable results, a painting is matched pixel
by pixel; what does not follow from the scene is warped along its motion (motion/carry.py).
"""

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.nets.bake import BakedNetwork
from vidnst.nets.losses import lattice_energy
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.step import Step
from vidnst.nets.training.learning import learn
from vidnst.nets.training.teaching import (
    Lesson,
    features_apart,
    moments_apart,
    try_patch,
)

_RATE = 1.5e-3
_WEIGHTS = {
    **{"pixels": 20.0, "features": 2.0, "moments": 0.5},
    **{"temporal": 30.0, "lattice": 2000.0},
}


def teach_paintings(
    network: BakedNetwork,
    lessons: Sequence[Lesson],
    encoder: PerceptualEncoder,
    *,
    steps: int,
    dtype: torch.dtype,
    device: torch.device | str = "cpu",
    doing: str = "learning",
    on_step: Callable[[Step], None] = lambda step: None,
) -> BakedNetwork:
    """Teach a copy of the network to paint as the lessons are painted.

    encoder: its features are compared, besides pixels. The same arguments give the same network.
    device: to train on; arguments and result are on the CPU. doing: the name of the phase in the
    steps passed to on_step.
    """
    device = torch.device(device)
    encoder = copy.deepcopy(encoder).to(device)

    def losses_of(taught: BakedNetwork, rng: np.random.Generator) -> dict[str, Tensor]:
        trial = try_patch(taught, lessons, encoder, rng, device=device, dtype=dtype)
        painted, wanted, seen, shown = trial.painted, trial.wanted, trial.seen, trial.shown
        return {
            "pixels": F.l1_loss(painted, wanted),
            "features": features_apart(seen, shown),
            "moments": moments_apart(seen, shown, painted, wanted),
            "lattice": lattice_energy(painted),
            "temporal": trial.unsteadiness(),
        }

    return learn(
        network,
        losses_of,
        _WEIGHTS,
        steps=steps,
        rate=_RATE,
        seed=0,
        device=device,
        doing=doing,
        on_step=on_step,
    )
