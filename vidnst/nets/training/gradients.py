"""Train an encoder to match its teacher's gradients.

An encoder whose features are close to its teacher's may still have different gradients with respect
to the picture, and lead an optimization elsewhere. Here the gradient itself is trained (Czarnecki
et al. 2017, "Sobolev Training for Neural Networks"): that of the neighbor stylizer's loss, on
partly optimized pictures. A second loss term compares similarities between places with the
teacher's.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.places import LAYERS, nearest, place_features
from vidnst.nets.precision import autocast
from vidnst.nets.training.drifting import DriftingPictures
from vidnst.nets.training.learning import rate_factor
from vidnst.nets.training.run import EncoderRun
from vidnst.nets.training.settings import EncoderSettings

_BANDS = (1, 2, 4, 8)
"""The gradients are compared after averaging over squares of these sides, in pixels."""
_PLACES = 256
"""How many places of a picture and of its style have their similarities compared."""
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

    squares: uint8 (N, 3, S, S) each; the last are paintings. checkpoint: the file that the state is
    saved to and resumed from. on_step gets each step and its loss: one minus the cosine between the
    gradients, the mean over four bands and the batch, plus the weighted squared difference of the
    similarities between places, in units of their variance.
    """
    return _Teaching(encoder, squares, teacher, settings, device).go(
        settings.gradient_steps, checkpoint=checkpoint, save_every=save_every, on_step=on_step
    )


class _Teaching(EncoderRun):
    def __init__(
        self,
        encoder: PerceptualEncoder,
        squares: Sequence[Tensor],
        teacher: PerceptualEncoder,
        settings: EncoderSettings,
        device: torch.device,
    ) -> None:
        self.encoder = encoder.to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self._teacher = teacher.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._settings, self._device = settings, device
        self._drifting = DriftingPictures(squares, settings.gradient_size, 48, settings.seed)
        self._learned = [p for p in encoder.parameters() if p.requires_grad]
        self._optimizer = torch.optim.Adam(self._learned, settings.gradient_rate)

    def step(self, step: int) -> float:
        settings, drifting = self._settings, self._drifting
        rng = np.random.default_rng([settings.seed, 4, step])
        count = len(drifting.pictures)
        chosen = torch.from_numpy(rng.choice(count, settings.gradient_batch, replace=False))
        shares = torch.from_numpy(rng.dirichlet(np.ones(len(LAYERS)), len(chosen))).float()
        styles, scenes = (self._ready(each[chosen]) for each in (drifting.styles, drifting.scenes))
        pictures = self._ready(drifting.pictures[chosen]).requires_grad_()
        with torch.no_grad():
            aims = self._places(self._teacher, styles), self._places(self._teacher, scenes)
        seen = self._places(self._teacher, pictures)
        # Half of the pictures are matched by their current features, half by their scenes'.
        fields = [
            [_nearest(asked[layer][k], aims[0][layer][k]) for layer in LAYERS]
            for k, asked in zip(range(len(chosen)), cycle((seen, aims[1])), strict=False)
        ]
        (wanted,) = torch.autograd.grad(_pull(seen, aims[0], fields, shares), pictures)
        seen = {layer: each.detach() for layer, each in seen.items()}
        own_styles = self._places(self.encoder, styles)
        own = self._places(self.encoder, pictures)
        pull = _pull(own, own_styles, fields, shares)
        (gradient,) = torch.autograd.grad(pull, pictures, create_graph=True)
        loss = _unlike(gradient, wanted) + _ALIKE_WEIGHT * _otherwise(
            (own, own_styles), (seen, aims[0]), rng
        )
        for group in self._optimizer.param_groups:
            group["lr"] = settings.gradient_rate * rate_factor(
                step, settings.gradient_steps, rise=_WARM_UP
            )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._learned, 1.0)
        self._optimizer.step()
        drifting.move(chosen, gradient.detach(), rng)
        return loss.item()

    def _places(self, encoder: PerceptualEncoder, pictures: Tensor) -> dict[str, Tensor]:
        """Features of the places of pictures, (B, N, C) of each layer."""
        with autocast(self._device):
            features = encoder(pictures, LAYERS)
        found = place_features(features)
        return {
            layer: each.flatten(2).transpose(1, 2)
            for layer, each in zip(LAYERS, found, strict=True)
        }

    def _parts(self) -> dict[str, Any]:
        return {"encoder": self.encoder, "optimizer": self._optimizer}


def _around(places: Tensor, style: Tensor) -> Tensor:
    """Unit vectors around the style's mean, (B, N, C)."""
    return F.normalize(places - style.mean(1, keepdim=True), dim=2)


@torch.no_grad()
def _nearest(queries: Tensor, places: Tensor) -> Tensor:
    """Which of the places (M, C) is nearest to each query (N, C), each around its own mean."""
    own, known = (F.normalize(each - each.mean(0), dim=1) for each in (queries, places))
    return nearest(own, known, torch.float32)[0]


def _pull(
    own: Mapping[str, Tensor],
    styles: Mapping[str, Tensor],
    fields: Sequence[Sequence[Tensor]],
    shares: Tensor,
) -> Tensor:
    """The cosine distance of places to those they are matched to; shares: of layers, (B, L)."""
    total = shares.new_zeros(())
    for index, layer in enumerate(LAYERS):
        found, known = (_around(each, styles[layer]) for each in (own[layer], styles[layer]))
        for k, field in enumerate(fields):
            # index_select: plain indexing sums its gradient in a nondeterministic order.
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
    """The squared difference of the similarities of pictures' places to styles', over variance."""
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
