"""Checkpoints: saving and resuming the state of a training run."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import torch
from torch import Tensor

from vidnst.errors import TrainingError
from vidnst.media.whole import whole_file
from vidnst.nets.training.settings import Settings


def require_same_settings(path: Path, settings: Settings) -> None:
    """Write a new run's settings; raise TrainingError where an earlier run had others."""
    text = json.dumps(asdict(settings), indent=1)
    if path.exists() and json.loads(path.read_text()) != asdict(settings):
        raise TrainingError(
            f"{path.parent} holds a run of other settings: choose another folder or remove it"
        )
    path.write_text(text + "\n")


def open_losses(path: Path, names: list[str], first_step: int) -> TextIO:
    """Open losses.csv to append; drop what a stopped run wrote after its checkpoint."""
    kept = [",".join(names)]
    if first_step and path.exists():
        rows = path.read_text().splitlines()[1:]
        kept += [row for row in rows if int(row.split(",", 1)[0]) < first_step]
    path.write_text("\n".join(kept) + "\n")
    return path.open("a", newline="")


@contextmanager
def averaged(learned: list[torch.nn.Parameter], average: list[Tensor]) -> Iterator[None]:
    """While entered, the parameters hold their running averages (Polyak averaging)."""

    def swap() -> None:
        with torch.no_grad():
            for parameter, mean in zip(learned, average, strict=True):
                kept = parameter.detach().clone()
                parameter.copy_(mean)
                mean.copy_(kept)

    swap()
    try:
        yield
    finally:
        swap()


def save_checkpoint(
    path: Path,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    average: list[Tensor],
    step: int,
) -> None:
    """Write everything needed to resume."""
    state = {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "average": average,
        "step": step,
    }
    write_state(path, state)


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write a run's state, atomically."""
    with whole_file(path) as part:
        torch.save(state, part)


def restore_checkpoint(
    path: Path,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    average: list[Tensor],
    device: torch.device,
) -> int:
    """Restore a saved state and return the step to resume at; 0 where there is none.

    Raises TrainingError where the file is damaged or of another network.
    """
    if not path.exists():
        return 0
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        for mine, saved in zip(average, state["average"], strict=True):
            mine.copy_(saved)
        return int(state["step"])
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise TrainingError(f"{path} does not fit this run: {error}") from error
