"""The training loop: Adam on a weighted sum of losses, with checkpoints in a folder."""

import csv
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidnst.nets.training.checkpoint import (
    averaged,
    open_losses,
    restore_checkpoint,
    save_checkpoint,
)
from vidnst.nets.training.settings import SingleSettings, TrainingSettings, loss_weights


@dataclass(frozen=True)
class TrainingStep:
    """The losses of one step, unweighted; passed to `on_step` callbacks."""

    step: int
    losses: Mapping[str, float]
    total: float
    seconds: float


def descend(
    network: nn.Module,
    groups: Sequence[dict[str, Any]],
    losses_of: Callable[[int], Mapping[str, Tensor]],
    settings: TrainingSettings | SingleSettings,
    *,
    out: Path,
    save_every: int,
    device: torch.device,
    write: Callable[[dict[str, str]], None],
    on_note: Callable[[str], None],
    on_step: Callable[[TrainingStep], None],
) -> None:
    """Train the network with Adam; resume from the checkpoint in the folder `out`, if any.

    groups: its parameters ("params"), each group with a factor on the learning rate ("share").
    losses_of: computes the losses of a step, by the names that settings have weights for. write:
    called every save_every steps and at the end, with metadata on the run, while the network holds
    the running averages of its parameters.

    `out` gets checkpoint.pt and losses.csv.
    """
    weights, steps, rate = loss_weights(settings), settings.steps, settings.rate
    learned = [parameter for group in groups for parameter in group["params"]]
    optimizer = torch.optim.Adam(groups, lr=rate, betas=(0.9, 0.99))
    average = [p.detach().clone() for p in learned]
    checkpoint = out / "checkpoint.pt"
    first_step = restore_checkpoint(checkpoint, network, optimizer, average, device)
    if first_step:
        on_note(f"going on at step {first_step} of {steps}")
    names = ["step", *weights, "total", "seconds"]
    with open_losses(out / "losses.csv", names, first_step) as file:
        rows = csv.writer(file, lineterminator="\n")
        for step in range(first_step, steps):
            started = time.perf_counter()
            for group in optimizer.param_groups:
                group["lr"] = group["share"] * rate * _rate_factor(step, steps)
            losses = losses_of(step)
            total = torch.stack([weight * losses[name] for name, weight in weights.items()]).sum()
            optimizer.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(learned, 5.0)
            optimizer.step()
            decay = min(settings.average_decay, (1 + step) / (10 + step))
            with torch.no_grad():
                torch._foreach_lerp_(average, [p.detach() for p in learned], 1 - decay)
            if step % 10 == 0 or step + 1 == steps:
                values = {name: losses[name].item() for name in weights}
                event = TrainingStep(step, values, total.item(), time.perf_counter() - started)
                numbers = (*values.values(), event.total, event.seconds)
                rows.writerow([step, *(f"{number:.5g}" for number in numbers)])
                on_step(event)
            if (step + 1) % save_every == 0 or step + 1 == steps:
                file.flush()
                save_checkpoint(checkpoint, network, optimizer, average, step + 1)
                with averaged(learned, average):
                    write({"steps": str(step + 1), "settings": json.dumps(asdict(settings))})


def _rate_factor(step: int, steps: int) -> float:
    """Warm up over 100 steps; fall linearly to 2 % over the second half."""
    return min(1.0, (step + 1) / 100, 0.02 + 0.98 * 2 * (steps - step) / steps)
