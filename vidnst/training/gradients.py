"""Teach an encoder to pull pictures where its teacher pulls them.

A slim encoder that sees nearly what its teacher sees may still move a picture elsewhere when one
optimizes by it: the gradient is another function. Here the gradient itself is learned (Czarnecki
et al. 2017, "Sobolev Training for Neural Networks"), that of what the neighbor stylizer makes
small, on pictures that are under way; beside it, how alike the teacher finds places.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.errors import TrainingError
from vidnst.style.perceptual import PerceptualEncoder
from vidnst.style.places import LAYERS, place_features
from vidnst.style.precision import autocast
from vidnst.training.checkpoint import write_state
from vidnst.training.seekers import Seekers
from vidnst.training.settings import EncoderSettings

_BANDS = (1, 2, 4, 8)
"""The gradients are compared after averaging over squares of so many pixels."""
_PLACES = 256
"""So many of a picture and of its style are compared in how alike they are."""
_ALIKE_WEIGHT = 0.5
_WARM_UP = 100


def teach_gradient(
    encoder: PerceptualEncoder,
    squares: Sequence[Tensor],
    teacher: PerceptualEncoder,
    settings: EncoderSettings,
    *,
    device: torch.device,
    checkpoint: Path | None = None,
    save_every: int = 500,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> PerceptualEncoder:
    """Teach an encoder the teacher's gradient for settings.gradient_steps steps.

    squares: uint8 (N, 3, S, S) each; the last are paintings. checkpoint: where the state is saved
    and taken up again. on_step gets each step and its loss: one minus the cosine between the
    gradients, the mean over four bands and the batch, and a share of how differently places are
    alike, in units of the variance.
    """
    run = _Run(encoder, squares, teacher, settings, device)
    first_step = 0
    if checkpoint is not None and checkpoint.exists():
        first_step = run.restore(checkpoint)
    for step in range(first_step, settings.gradient_steps):
        on_step(step, run.step(step))
        if checkpoint is not None and (step + 1) % save_every == 0:
            run.save(checkpoint, step + 1)
    return encoder.cpu().eval()


class _Run:
    def __init__(
        self,
        encoder: PerceptualEncoder,
        squares: Sequence[Tensor],
        teacher: PerceptualEncoder,
        settings: EncoderSettings,
        device: torch.device,
    ) -> None:
        self._encoder = encoder.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self._teacher = teacher.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._settings, self._device = settings, device
        self._seekers = Seekers(squares, settings.gradient_size, 48, settings.seed)
        self._learned = [p for p in encoder.parameters() if p.requires_grad]
        self._optimizer = torch.optim.Adam(self._learned, settings.gradient_rate)

    def step(self, step: int) -> float:
        settings, seekers = self._settings, self._seekers
        rng = np.random.default_rng([settings.seed, 4, step])
        count = len(seekers.pictures)
        chosen = torch.from_numpy(rng.choice(count, settings.gradient_batch, replace=False))
        shares = torch.from_numpy(rng.dirichlet(np.ones(len(LAYERS)), len(chosen))).float()
        styles, scenes = (self._ready(each[chosen]) for each in (seekers.styles, seekers.scenes))
        pictures = self._ready(seekers.pictures[chosen]).requires_grad_()
        with torch.no_grad():
            aims = self._places(self._teacher, styles), self._places(self._teacher, scenes)
        seen = self._places(self._teacher, pictures)
        # Half of the pictures seek what is nearest to their scenes, half what they have become.
        fields = [
            [_nearest(asked[layer][k], aims[0][layer][k]) for layer in LAYERS]
            for k, asked in zip(range(len(chosen)), cycle((seen, aims[1])), strict=False)
        ]
        (wanted,) = torch.autograd.grad(_pull(seen, aims[0], fields, shares), pictures)
        seen = {layer: each.detach() for layer, each in seen.items()}
        own_styles = self._places(self._encoder, styles)
        own = self._places(self._encoder, pictures)
        pull = _pull(own, own_styles, fields, shares)
        (gradient,) = torch.autograd.grad(pull, pictures, create_graph=True)
        loss = _unlike(gradient, wanted) + _ALIKE_WEIGHT * _otherwise(
            (own, own_styles), (seen, aims[0]), rng
        )
        for group in self._optimizer.param_groups:
            group["lr"] = settings.gradient_rate * _schedule(step, settings.gradient_steps)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._learned, 1.0)
        self._optimizer.step()
        seekers.move(chosen, gradient.detach(), rng)
        return loss.item()

    def _ready(self, pictures: Tensor) -> Tensor:
        return pictures.to(self._device).contiguous(memory_format=torch.channels_last)

    def _places(self, encoder: PerceptualEncoder, pictures: Tensor) -> dict[str, Tensor]:
        """Features of the places of pictures, (B, N, C) of each layer."""
        with autocast(self._device):
            features = encoder(pictures, LAYERS)
        found = place_features(features)
        return {
            layer: each.flatten(2).transpose(1, 2)
            for layer, each in zip(LAYERS, found, strict=True)
        }

    def save(self, path: Path, step: int) -> None:
        """Write everything that going on needs."""
        state = {
            "encoder": self._encoder.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "seekers": self._seekers.state(),
            "step": step,
        }
        write_state(path, state)

    def restore(self, path: Path) -> int:
        """Take up a saved state and return the step to go on at.

        Raises TrainingError where the file is damaged or of another run.
        """
        try:
            state = torch.load(path, map_location=self._device, weights_only=True)
            self._encoder.load_state_dict(state["encoder"])
            self._optimizer.load_state_dict(state["optimizer"])
            for name, tensor in self._seekers.state().items():
                tensor.copy_(state["seekers"][name])
            return int(state["step"])
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            raise TrainingError(f"{path} does not fit this run: {error}") from error


def _schedule(step: int, steps: int) -> float:
    """The rate's share at a step: a short rise, then half a cosine."""
    rise = min(1.0, (step + 1) / _WARM_UP)
    return rise * 0.5 * (1 + float(np.cos(np.pi * step / steps)))


def _around(places: Tensor, style: Tensor) -> Tensor:
    """Unit vectors around the style's mean, (B, N, C)."""
    return F.normalize(places - style.mean(1, keepdim=True), dim=2)


@torch.no_grad()
def _nearest(queries: Tensor, places: Tensor) -> Tensor:
    """Which of the places (M, C) is nearest to each query (N, C), each around its own mean."""
    own, known = (F.normalize(each - each.mean(0), dim=1) for each in (queries, places))
    return (own @ known.T).argmax(1)


def _pull(
    own: Mapping[str, Tensor],
    styles: Mapping[str, Tensor],
    fields: Sequence[Sequence[Tensor]],
    shares: Tensor,
) -> Tensor:
    """How far places are from those they should become, layers weighed by shares (B, L)."""
    total = shares.new_zeros(())
    for index, layer in enumerate(LAYERS):
        found, known = (_around(each, styles[layer]) for each in (own[layer], styles[layer]))
        for k, field in enumerate(fields):
            # index_select, since what plain indexing hands back adds up in any order.
            alike = (found[k] * known[k].index_select(0, field[index])).sum(1).mean()
            total = total + shares[k, index].to(alike.device) * (1 - alike)
    return total


def _unlike(gradient: Tensor, wanted: Tensor) -> Tensor:
    """One minus the cosine of gradients (B, 3, H, W), the mean over bands and pictures."""
    found = []
    for side in _BANDS:
        a, b = (F.avg_pool2d(each, side).flatten(1) for each in (gradient, wanted))
        found.append(1 - F.cosine_similarity(a, b, dim=1, eps=1e-12))
    return torch.stack(found).mean()


def _otherwise(
    own: Sequence[Mapping[str, Tensor]],
    teachers: Sequence[Mapping[str, Tensor]],
    rng: np.random.Generator,
) -> Tensor:
    """How differently places of pictures are alike to styles', in units of the variance."""
    found = []
    for layer in LAYERS:
        count = own[0][layer].shape[1]
        most = min(count, _PLACES)
        rows, columns = (torch.from_numpy(rng.choice(count, most, False)) for _ in range(2))
        alike = [
            _around(picture[layer].index_select(1, rows), style[layer])
            @ _around(style[layer].index_select(1, columns), style[layer]).transpose(1, 2)
            for picture, style in (own, teachers)
        ]
        found.append((alike[0] - alike[1]).square().mean() / alike[1].var().clamp_min(1e-6))
    return torch.stack(found).mean()
