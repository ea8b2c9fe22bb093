"""Train the conditional network, from pictures to a weights file.

Everything a step draws at random follows from the seed and the step's number, so that a run that
was stopped and resumed goes the same way as one that was not.
"""

import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.allocator import keep_freed_memory
from vidnst.errors import TrainingError
from vidnst.motion.made_up import camera_noise, make_up_motion
from vidnst.style.code import code_encoder
from vidnst.style.losses import (
    SCENE_LAYERS,
    flat_variation,
    moments,
    scene_loss,
    style_loss,
    temporal_loss,
    total_variation,
)
from vidnst.style.network import StyleNetwork
from vidnst.style.perceptual import PerceptualEncoder
from vidnst.style.shape import NetworkShape
from vidnst.training.checkpoint import (
    averaged,
    open_losses,
    require_same_settings,
    restore_checkpoint,
    save_checkpoint,
)
from vidnst.training.pictures import as_float, load_squares, random_crops
from vidnst.training.settings import TrainingSettings
from vidnst.training.sheet import write_sheet
from vidnst.training.styles import Styles, read_styles

_HELD_OUT = 6
"""So many of the last photos and paintings are kept for the contact sheet."""

_RATES = {"modulate": 0.07, "experts": 0.15}
"""Of the rate, for these parts of the network: so many of their parameters act on each style at
once that at the full rate their noise drowns what a style has learned."""


@dataclass(frozen=True)
class TrainingStep:
    """What one step saw; handed to listeners."""

    step: int
    content: float
    style: float
    variation: float
    flat: float
    temporal: float
    total: float
    seconds: float


def train(
    settings: TrainingSettings,
    *,
    photos: Path,
    paintings: Sequence[Path],
    teachers: list[PerceptualEncoder],
    out: Path,
    device: torch.device,
    save_every: int = 500,
    on_note: Callable[[str], None] = lambda note: None,
    on_step: Callable[[TrainingStep], None] = lambda step: None,
) -> Path:
    """Train into the folder `out` and return the path of the weights file.

    `out` gets settings.json, losses.csv, checkpoint.pt, sheet.png and
    network.safetensors. Where it holds a checkpoint of the same settings, training goes on there.

    Raises TrainingError where pictures are missing or the folder holds a run of other settings.
    """
    keep_freed_memory()
    torch.manual_seed(settings.seed)
    out.mkdir(parents=True, exist_ok=True)
    require_same_settings(out / "settings.json", settings)
    on_note("reading pictures")
    photo_squares = load_squares(photos, 256)
    painting_squares = torch.cat([load_squares(source, 224) for source in paintings])
    if min(len(photo_squares), len(painting_squares)) <= _HELD_OUT:
        raise TrainingError(f"training needs more than {_HELD_OUT} photos and paintings")
    for teacher in teachers:
        teacher.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload]

    on_note("reading the paintings' styles")
    styles = read_styles(painting_squares, code_encoder(), teachers, device)
    photo_squares, painting_squares = photo_squares.to(device), painting_squares.to(device)

    shape = NetworkShape(**{f.name: getattr(settings, f.name) for f in fields(NetworkShape)})
    network = StyleNetwork(shape, code_length=styles.codes.shape[1])
    network.code_mean.copy_(styles.codes.mean(0))
    network.code_std.copy_(styles.codes.std(0).clamp_min(1e-3))
    network.to(device)
    groups = _groups(network)
    learned = [parameter for group in groups for parameter in group["params"]]
    optimizer = torch.optim.Adam(groups, lr=settings.rate, betas=(0.9, 0.99))
    average = [p.detach().clone() for p in learned]
    checkpoint = out / "checkpoint.pt"
    first_step = restore_checkpoint(checkpoint, network, optimizer, average, device)
    if first_step:
        on_note(f"going on at step {first_step} of {settings.steps}")

    def save(step: int) -> None:
        save_checkpoint(checkpoint, network, optimizer, average, step)
        with averaged(learned, average):
            described = {"steps": str(step), "settings": json.dumps(asdict(settings))}
            network.save(out / "network.safetensors", described)
            write_sheet(
                out / "sheet.png",
                network,
                as_float(photo_squares[-_HELD_OUT:]),
                as_float(painting_squares[-_HELD_OUT:]),
                styles.codes[-_HELD_OUT:],
            )

    names = [field.name for field in fields(TrainingStep)]
    with open_losses(out / "losses.csv", names, first_step) as file:
        rows = csv.writer(file, lineterminator="\n")
        for step in range(first_step, settings.steps):
            started = time.perf_counter()
            for group in optimizer.param_groups:
                group["lr"] = group["share"] * settings.rate * _rate_factor(step, settings.steps)
            losses = _losses(step, settings, network, styles, teachers, photo_squares)
            optimizer.zero_grad(set_to_none=True)
            losses["total"].backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(learned, 5.0)
            optimizer.step()
            decay = min(settings.average_decay, (1 + step) / (10 + step))
            with torch.no_grad():
                torch._foreach_lerp_(average, [p.detach() for p in learned], 1 - decay)
            if step % 10 == 0 or step + 1 == settings.steps:
                values = {name: loss.item() for name, loss in losses.items()}
                event = TrainingStep(step, **values, seconds=time.perf_counter() - started)
                rows.writerow([step, *(f"{getattr(event, f.name):.5g}" for f in fields(event)[1:])])
                on_step(event)
            if (step + 1) % save_every == 0 or step + 1 == settings.steps:
                file.flush()
                save(step + 1)
    return out / "network.safetensors"


def _groups(network: StyleNetwork) -> list[dict[str, Any]]:
    """The network's parameters by their share of the rate, for an optimizer."""
    groups: dict[float, list[torch.nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        start = name.partition(".")[0]
        groups.setdefault(_RATES.get(start, 1.0), []).append(parameter)
    return [{"params": parameters, "share": share} for share, parameters in groups.items()]


def _losses(
    step: int,
    settings: TrainingSettings,
    network: StyleNetwork,
    styles: Styles,
    teachers: list[PerceptualEncoder],
    photos: Tensor,
) -> dict[str, Tensor]:
    device = photos.device
    rng = np.random.default_rng([settings.seed, step])
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    batch, size = settings.batch, settings.size
    chosen_photos = rng.integers(0, len(photos) - _HELD_OUT, batch)
    frames = random_crops(photos, chosen_photos, size, rng)
    chosen_styles = torch.from_numpy(rng.integers(0, len(styles.codes) - _HELD_OUT, batch)).to(
        device
    )
    codes = styles.codes[chosen_styles]

    # The second half of the batch is painted again as the camera would see it a moment later.
    moving = max(1, batch // 2)
    motion = make_up_motion(moving, size, rng, device)
    later = camera_noise(motion.warp(frames[-moving:]), rng, generator)
    # Frames of one style side by side: those that move, each with what it becomes; then the rest.
    still = batch - moving
    pairs = torch.stack([frames[still:], later], 1).flatten(0, 1)
    with torch.autocast(device.type, torch.bfloat16):
        inputs = torch.cat([frames[:still], pairs]).contiguous(memory_format=torch.channels_last)
        painted = network(inputs, codes, [1] * still + [2] * moving).float()
    painted_pairs = painted[still:].unflatten(0, (moving, 2))
    result, result_later = torch.cat([painted[:still], painted_pairs[:, 0]]), painted_pairs[:, 1]
    temporal = temporal_loss(result_later, motion.warp(result[-moving:]), motion.visible)

    content_terms, mean_terms, covariance_terms = [], [], []
    for index, teacher in enumerate(teachers):
        # Each picture is judged by one of the teachers, turn and turn about.
        own = [i for i in range(batch) if (i + step) % len(teachers) == index]
        if not own:
            continue
        pair = _shifted(torch.cat([result[own], frames[own]]), rng)
        with torch.autocast(device.type, torch.bfloat16):
            seen = teacher(pair[: len(own)], {*teacher.style_layers, *SCENE_LAYERS})
            with torch.no_grad():
                scene = teacher(pair[len(own) :], SCENE_LAYERS)
        content_terms.append(scene_loss(seen, scene))
        of_result = {layer: moments(seen[layer]) for layer in teacher.style_layers}
        means, covariances = style_loss(of_result, styles.of(index, chosen_styles[own]))
        mean_terms.append(means)
        covariance_terms.append(covariances)
    content = torch.stack(content_terms).mean()
    style = (torch.stack(mean_terms).mean() + torch.stack(covariance_terms).mean()) / 2
    variation = total_variation(result)
    flat = flat_variation(result, frames)
    flat_weight = settings.flat_weight if step >= settings.flat_from * settings.steps else 0.0
    total = (
        settings.content_weight * content
        + settings.style_weight * style
        + settings.variation_weight * variation
        + flat_weight * flat
        + settings.temporal_weight * temporal
    )
    return {
        "content": content,
        "style": style,
        "variation": variation,
        "flat": flat,
        "temporal": temporal,
        "total": total,
    }


def _shifted(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Rescale by up to 15 % and cut off up to 15 px, alike for all.

    A teacher's pooling has a grid and its filters favor a scale; seen at another place each time,
    neither can leave a pattern in the network.
    """
    side = pictures.shape[-1]
    scaled = int(rng.integers(round(side * 0.85), round(side * 1.15) + 1))
    pictures = F.interpolate(pictures, (scaled, scaled), mode="bilinear", antialias=scaled < side)
    top, left = (int(n) for n in rng.integers(0, 16, 2))
    return pictures[:, :, top:, left:].contiguous(memory_format=torch.channels_last)


def _rate_factor(step: int, steps: int) -> float:
    """Warm up over 100 steps; fall linearly to 2 % over the second half."""
    return min(1.0, (step + 1) / 100, 0.02 + 0.98 * 2 * (steps - step) / steps)
