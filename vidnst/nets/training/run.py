"""The training loop of encoders, resumable from its last checkpoint."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidnst.errors import TrainingError
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.training.checkpoint import write_state
from vidnst.nets.training.drifting import DriftingPictures
from vidnst.nets.training.learning import channels_last


class EncoderRun(ABC):
    """An encoder in training, and the drifting pictures that it is trained on."""

    encoder: PerceptualEncoder
    _drifting: DriftingPictures
    _device: torch.device

    @abstractmethod
    def step(self, step: int) -> float:
        """Train on one batch; return its loss."""

    @abstractmethod
    def _parts(self) -> dict[str, Any]:
        """The objects whose state_dict to checkpoint, by name."""

    def go(
        self,
        steps: int,
        *,
        checkpoint: Path | None,
        save_every: int,
        on_step: Callable[[int, float], None],
    ) -> PerceptualEncoder:
        """Take the steps that remain after the checkpoint; return the encoder, on the CPU."""
        first_step = 0
        if checkpoint is not None and checkpoint.exists():
            first_step = self.restore(checkpoint)
        for step in range(first_step, steps):
            on_step(step, self.step(step))
            if checkpoint is not None and ((step + 1) % save_every == 0 or step + 1 == steps):
                self.save(checkpoint, step + 1)
        return self.encoder.cpu().eval()

    def save(self, path: Path, step: int) -> None:
        """Write everything needed to resume."""
        state = {name: part.state_dict() for name, part in self._parts().items()}
        write_state(path, state | {"drifting": self._drifting.state(), "step": step})

    def restore(self, path: Path) -> int:
        """Restore a saved state and return the step to resume at.

        Raises TrainingError where the file is damaged or of another run.
        """
        try:
            state = torch.load(path, map_location=self._device, weights_only=True)
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            for name, tensor in self._drifting.state().items():
                tensor.copy_(state["drifting"][name])
            return int(state["step"])
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            raise TrainingError(f"{path} does not fit this run: {error}") from error

    def _ready(self, pictures: Tensor) -> Tensor:
        return channels_last(pictures.to(self._device))
