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
from vidnst.nets.precision import autocast
from vidnst.nets.step import Step
from vidnst.nets.training.learning import a_moment_later, channels_last, learn
from vidnst.nets.training.teaching import (
    COMPARED_LAYERS,
    Lesson,
    features_apart,
    moments_apart,
    patch_of,
)

_RATE = 1.5e-3
_WEIGHTS = {
    **{"pixels": 20.0, "features": 2.0, "moments": 0.5},
    **{"temporal": 30.0, "lattice": 2000.0},
}
_MOVING_SIDE = 128


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
            "pixels": F.l1_loss(painted, wanted),
            "features": features_apart(seen, shown),
            "moments": moments_apart(seen, shown, painted, wanted),
            "lattice": lattice_energy(painted),
            "temporal": later.unsteadiness(painted[moving], painted_later),
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
