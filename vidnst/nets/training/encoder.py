"""Train a small perceptual encoder by distilling larger teachers.

It starts from random weights. Per layer and teacher a 1x1 convolution, discarded afterwards, maps
its features to the teacher's, so that it need not imitate one teacher's choice of channels: where
that succeeds, equal statistics of its features mean equal statistics of the teacher's.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vidnst.errors import TrainingError
from vidnst.nets.losses import content_loss, moments, place_distances, style_loss
from vidnst.nets.perceptual import PerceptualEncoder, load_encoder
from vidnst.nets.places import LAYERS
from vidnst.nets.precision import autocast
from vidnst.nets.training.checkpoint import require_same_settings
from vidnst.nets.training.drifting import DriftingPictures
from vidnst.nets.training.gradients import teach_gradient
from vidnst.nets.training.pictures import load_squares, random_crops
from vidnst.nets.training.run import EncoderRun
from vidnst.nets.training.settings import EncoderSettings
from vidnst.nets.training.start import SLIM_CHANNELS, balance, fresh_encoder, widened

_CONTENT_LAYER = "relu4_1"

DISTILLED_LAYERS = (
    *("relu1_1", "relu1_2", "relu2_1", "relu2_2"),
    *("relu3_1", "relu3_3", "relu4_1", "relu4_3"),
)
"""Where encoder and teachers are compared: the layers that style losses use."""

MATCHED_LAYERS = ("relu2_2", "relu3_3", "relu4_3")
"""Where places of a picture are matched to places of a style."""


def train_encoder(
    settings: EncoderSettings,
    *,
    photos: Path,
    paintings: Sequence[Path],
    teachers: Sequence[PerceptualEncoder],
    out: Path,
    device: torch.device,
    start_from: Path | None = None,
    save_every: int = 500,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> Path:
    """Train the encoder that ships into the folder `out` and return the path of its weights.

    It is trained on the teachers' features (distill), then on the first teacher's gradient
    (gradients.py). start_from: an encoder that has been distilled already. Training resumes from a
    checkpoint of the same settings in the folder.

    Raises TrainingError where pictures are missing, the folder holds a run of other settings, the
    first teacher lacks a layer, or start_from is wider than what ships; WeightsError where it is no
    encoder.
    """
    if missing := sorted(set(LAYERS) - set(teachers[0].layer_names)):
        raise TrainingError(
            f"the first teacher has no layer {missing[0]}, where its gradient is taught"
        )
    begun = None if start_from is None else load_encoder(start_from)
    out.mkdir(parents=True, exist_ok=True)
    require_same_settings(out / "settings.json", settings)
    for teacher in teachers:
        teacher.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload]
    squares = [load_squares(photos, 256), *(load_squares(source, None) for source in paintings)]
    if begun is None:
        encoder = distill(
            SLIM_CHANNELS,
            squares,
            teachers,
            settings,
            device=device,
            checkpoint=out / "checkpoint.pt",
            save_every=save_every,
            on_step=on_step,
        )
    else:
        encoder = widened(begun, SLIM_CHANNELS, torch.Generator().manual_seed(settings.seed))
    before = settings.steps if begun is None else 0
    teach_gradient(
        encoder,
        squares,
        teachers[0],
        settings,
        device=device,
        checkpoint=out / "gradient.pt",
        save_every=save_every,
        on_step=lambda step, loss: on_step(before + step, loss),
    )
    path = out / "encoder.safetensors"
    encoder.save(path, dtype=torch.float16)
    return path


def distill(
    channels: Mapping[str, int],
    squares: Sequence[Tensor],
    teachers: Sequence[PerceptualEncoder],
    settings: EncoderSettings,
    *,
    device: torch.device,
    checkpoint: Path | None = None,
    save_every: int = 500,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> PerceptualEncoder:
    """Distill the teachers into a fresh encoder.

    channels: of each layer of the encoder. squares: uint8 (N, 3, S, S) each, used in turn; the last
    are paintings. checkpoint: the file that the state is saved to and resumed from.

    on_step gets each step and its loss: the mean over layers and teachers of the squared error over
    the teacher features' variance (1 is no better than their mean).
    """
    run = _Distillation(channels, squares, teachers, settings, device)
    return run.go(settings.steps, checkpoint=checkpoint, save_every=save_every, on_step=on_step)


class _Distillation(EncoderRun):
    def __init__(
        self,
        channels: Mapping[str, int],
        squares: Sequence[Tensor],
        teachers: Sequence[PerceptualEncoder],
        settings: EncoderSettings,
        device: torch.device,
    ) -> None:
        self._squares, self._teachers = squares, teachers
        self._settings, self._device = settings, device
        self.encoder = fresh_encoder(channels, torch.Generator().manual_seed(settings.seed))
        self.encoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._pairs = [
            (index, layer)
            for index, teacher in enumerate(teachers)
            for layer in DISTILLED_LAYERS
            if layer in self.encoder.layer_names and layer in teacher.layer_names
        ]
        self._seen = tuple(dict.fromkeys(layer for _, layer in self._pairs))
        self._matched = tuple(layer for layer in MATCHED_LAYERS if layer in self._seen)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._translators = nn.ModuleDict(
                {
                    f"{index}_{layer}": nn.Conv2d(
                        self.encoder.channels(layer), teachers[index].channels(layer), 1
                    )
                    for index, layer in self._pairs
                }
            ).to(device)
        rng = np.random.default_rng([settings.seed, 0])
        crops = [random_crops(s, rng.integers(0, len(s), 16), settings.size, rng) for s in squares]
        examples = self._ready(torch.cat(crops))
        balance(self.encoder, examples)
        self._spreads = _spreads(teachers, examples, self._taught)
        # The first layer must decorrelate neighboring pixels, and the translators should keep up
        # with the encoder: both train well at a learning rate too high for the other layers.
        convolutions = self.encoder.convolutions
        quick = [*convolutions["1_1"].parameters(), *self._translators.parameters()]
        others = [p for name in self.encoder.layers[1:] for p in convolutions[name].parameters()]
        self._learned = [*quick, *others]
        self._optimizer = torch.optim.Adam([{"params": quick}, {"params": others}])
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, [10 * settings.rate, settings.rate], total_steps=settings.steps
        )
        self._drifting = DriftingPictures(
            squares, settings.size, 16 * (settings.batch // 2), settings.seed
        )

    def step(self, step: int) -> float:
        """Train on one batch, half of it drifting pictures; return its loss."""
        rng = np.random.default_rng([self._settings.seed, 2, step])
        source = self._squares[step % len(self._squares)]
        half = self._settings.batch // 2
        indices = rng.integers(0, len(source), self._settings.batch - half)
        clean = random_crops(source, indices, self._settings.size, rng)
        chosen = torch.from_numpy(rng.choice(len(self._drifting.pictures), half, replace=False))
        sought = self._ready(self._drifting.pictures[chosen])
        moving = step % 2 == 0  # It suffices to move them every other step.
        sought.requires_grad_(moving)
        with autocast(self._device):
            pictures = torch.cat([self._ready(clean), sought])
            features = self.encoder(pictures, self._seen)
            with torch.no_grad():
                targets = [
                    teacher(pictures, self._taught(index))
                    for index, teacher in enumerate(self._teachers)
                ]
            losses = []
            for index, layer in self._pairs:
                wanted = targets[index][layer].float() / self._spreads[index][layer]
                got = self._translators[f"{index}_{layer}"](features[layer]).float()
                losses.append((got - wanted).square().mean())
            loss = torch.stack(losses).mean()
        if moving:
            painted = {layer: found[len(clean) :] for layer, found in features.items()}
            aim = self._aim(painted, chosen) + float(rng.random()) * self._away(painted, chosen)
            (gradient,) = torch.autograd.grad(aim, sought, retain_graph=True)
            self._drifting.move(chosen, gradient, rng)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._learned, 1.0)
        self._optimizer.step()
        self._schedule.step()
        return loss.item()

    def _taught(self, index: int) -> list[str]:
        """The layers that a teacher is compared at."""
        return [layer for of, layer in self._pairs if of == index]

    def _aim(self, painted: Mapping[str, Tensor], chosen: Tensor) -> Tensor:
        """Their loss: every other one is drawn to its style's statistics, the rest to places."""
        with torch.no_grad(), autocast(self._device):
            styles = self.encoder(self._ready(self._drifting.styles[chosen]), self._seen)
        means, covariances = style_loss(
            {layer: moments(found[::2]) for layer, found in painted.items()},
            {layer: moments(found[::2]) for layer, found in styles.items()},
        )
        aim = means + covariances
        for layer in self._matched:
            for own, style in zip(painted[layer][1::2], styles[layer][1::2], strict=True):
                near, cover = place_distances(own, style)
                aim = aim + near + cover
        return aim

    def _away(self, painted: Mapping[str, Tensor], chosen: Tensor) -> Tensor:
        """How far drifting pictures are from their scenes."""
        with torch.no_grad(), autocast(self._device):
            scenes = self.encoder(self._ready(self._drifting.scenes[chosen]), [_CONTENT_LAYER])
        return content_loss(painted[_CONTENT_LAYER], scenes[_CONTENT_LAYER])

    def _parts(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder,
            "translators": self._translators,
            "optimizer": self._optimizer,
            "schedule": self._schedule,
        }


@torch.no_grad()
def _spreads(
    teachers: Sequence[PerceptualEncoder], pictures: Tensor, taught: Callable[[int], list[str]]
) -> list[dict[str, Tensor]]:
    """The standard deviation of the teachers' features by layer: the scale they are compared at."""
    return [
        {layer: found.std() for layer, found in teacher(pictures, taught(index)).items()}
        for index, teacher in enumerate(teachers)
    ]
