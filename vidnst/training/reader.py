"""Train the reader: a small perceptual encoder that learns to see what larger teachers see.

It starts from random weights. Per layer a 1x1 convolution, thrown away afterwards, translates its
features into each teacher's, so that the reader need not imitate one teacher's choice of channels.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from vidnst.style.network import READER_LAYERS
from vidnst.style.perceptual import PerceptualEncoder
from vidnst.training.pictures import random_crops

_CHANNELS = {
    "1_1": (3, 16),
    "1_2": (16, 16),
    "2_1": (16, 32),
    "2_2": (32, 32),
    "3_1": (32, 64),
    "3_2": (64, 64),
    "4_1": (64, 128),
}


def fresh_reader(generator: torch.Generator) -> PerceptualEncoder:
    """A reader with He-initialized weights (He et al. 2015) and average pooling."""
    weights = {}
    for name, (inputs, outputs) in _CHANNELS.items():
        spread = math.sqrt(2 / (9 * inputs))
        weights[f"conv{name}.weight"] = spread * torch.randn(
            outputs, inputs, 3, 3, generator=generator
        )
        weights[f"conv{name}.bias"] = torch.zeros(outputs)
    return PerceptualEncoder(weights, pooling="average")


def train_reader(
    squares: Sequence[Tensor],
    teachers: Sequence[PerceptualEncoder],
    *,
    steps: int,
    batch: int,
    size: int,
    rate: float,
    seed: int,
    device: torch.device,
    on_step: Callable[[int, float], None],
) -> PerceptualEncoder:
    """Distill the teachers into a fresh reader.

    squares: uint8 (N, 3, S, S) each, drawn from alike. on_step gets each step and its loss: the
    mean over layers and teachers of the squared error over the teacher features' variance (1 is
    no better than their mean).
    """
    reader = fresh_reader(torch.Generator().manual_seed(seed)).to(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        translators = nn.ModuleDict(
            {
                f"{t}_{layer}": nn.Conv2d(_CHANNELS[layer[4:]][1], teacher.channels(layer), 1)
                for t, teacher in enumerate(teachers)
                for layer in READER_LAYERS
            }
        ).to(device)
    learned = [*reader.parameters(), *translators.parameters()]
    optimizer = torch.optim.Adam(learned, lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for step in range(steps):
        rng = np.random.default_rng([seed, step])
        source = squares[step % len(squares)]
        crops = random_crops(source, rng.integers(0, len(source), batch), size, rng).to(device)
        crops = crops.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            seen = reader(crops, READER_LAYERS)
            losses = []
            for t, teacher in enumerate(teachers):
                with torch.no_grad():
                    target = teacher(crops, READER_LAYERS)
                for layer in READER_LAYERS:
                    wanted = target[layer].float()
                    got = translators[f"{t}_{layer}"](seen[layer]).float()
                    losses.append((got - wanted).square().mean() / (wanted.var() + 1e-6))
        loss = torch.stack(losses).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        on_step(step, loss.item())
    return reader.cpu().eval()
