"""Train the conditional network, from pictures to a weights file.

A step's random numbers depend only on the seed and the step's number, so that a resumed run gives
the same result.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.errors import TrainingError
from vidnst.nets.allocator import keep_freed_memory
from vidnst.nets.losses import lattice_energy, palette_loss, tone_loss, tones
from vidnst.nets.network import StyleNetwork, load_network
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.precision import autocast
from vidnst.nets.shape import NetworkShape
from vidnst.nets.style_code import code_encoder
from vidnst.nets.training.checkpoint import require_same_settings
from vidnst.nets.training.learning import a_moment_later, channels_last
from vidnst.nets.training.likeness import judge, seen_in
from vidnst.nets.training.loop import TrainingStep, descend
from vidnst.nets.training.pictures import PHOTO_SPANS, as_float, load_squares, random_crops
from vidnst.nets.training.settings import TrainingSettings
from vidnst.nets.training.sheet import write_sheet
from vidnst.nets.training.styles import Styles

_HELD_OUT = 6
"""The number of photos and paintings, the last ones, that are held out for the contact sheet."""

_RATES = {"modulate": 0.07, "experts": 0.15}
"""Factors on the learning rate of parts of the network: so many of their parameters act on each
style that at the full rate, gradient noise drowns what is learned of it."""

_COLOR_PX = 4
"""A style's palette consists of the mean colors of squares of this side, in pixels."""


def train(
    settings: TrainingSettings,
    *,
    photos: Path,
    paintings: Sequence[Path],
    teachers: list[PerceptualEncoder],
    out: Path,
    device: torch.device,
    start_from: Path | None = None,
    save_every: int = 500,
    on_note: Callable[[str], None] = lambda note: None,
    on_step: Callable[[TrainingStep], None] = lambda step: None,
) -> Path:
    """Train into the folder `out` and return the path of the weights file.

    `out` gets settings.json, losses.csv, checkpoint.pt, sheet.png and network.safetensors. Training
    resumes from a checkpoint of the same settings.

    start_from: weights of a network of the same shape to begin with, instead of random ones.

    Raises TrainingError where pictures are missing, the folder holds a run of other settings or
    start_from another shape.
    """
    keep_freed_memory()
    torch.manual_seed(settings.seed)
    out.mkdir(parents=True, exist_ok=True)
    require_same_settings(out / "settings.json", settings)
    on_note("reading pictures")
    photo_squares = load_squares(photos, 256)
    painting_squares = [load_squares(source, None) for source in paintings]
    if min(len(photo_squares), *map(len, painting_squares)) <= _HELD_OUT:
        raise TrainingError(f"training needs more than {_HELD_OUT} photos and paintings")
    for teacher in teachers:
        teacher.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload]
    photo_squares = photo_squares.to(device)
    painting_squares = [squares.to(device) for squares in painting_squares]
    styles = Styles(
        painting_squares, code_encoder().to(device), settings.style_size, held_out=_HELD_OUT
    )
    network = _first_network(settings, start_from, styles, on_note).to(device)
    sheet_styles = as_float(painting_squares[0][-_HELD_OUT:])
    sheet_codes = styles.codes(sheet_styles)

    def write(described: dict[str, str]) -> None:
        network.save(out / "network.safetensors", described)
        photos = as_float(photo_squares[-_HELD_OUT:])
        write_sheet(out / "sheet.png", network, photos, sheet_styles, sheet_codes)

    descend(
        network,
        _groups(network),
        lambda step: _losses(step, settings, network, styles, teachers, photo_squares),
        settings,
        out=out,
        save_every=save_every,
        device=device,
        write=write,
        on_note=on_note,
        on_step=on_step,
    )
    return out / "network.safetensors"


def _first_network(
    settings: TrainingSettings,
    start_from: Path | None,
    styles: Styles,
    on_note: Callable[[str], None],
) -> StyleNetwork:
    shape = NetworkShape(**{f.name: getattr(settings, f.name) for f in fields(NetworkShape)})
    if start_from is not None:
        network = load_network(start_from).train()
        if network.shape != shape:
            raise TrainingError(f"{start_from} is of another shape: {network.shape}")
        return network
    on_note("reading the paintings' styles")
    codes = styles.all_codes()
    network = StyleNetwork(shape, code_length=codes.shape[1])
    network.code_mean.copy_(codes.mean(0))
    network.code_std.copy_(codes.std(0).clamp_min(1e-3))
    return network


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
    batch, size = settings.batch, settings.size
    chosen = rng.integers(0, len(photos) - _HELD_OUT, batch)
    frames = random_crops(photos, chosen, size, rng, spans=PHOTO_SPANS)
    style, codes = styles.draw(batch, rng)

    # The second half of the batch is painted again as the camera would see it a moment later.
    moving = max(1, batch // 2)
    later = a_moment_later(frames[-moving:], rng)
    # Frames of one style must be adjacent: first the still ones, then each moving one followed by
    # its later version.
    still = batch - moving
    pairs = torch.stack([frames[still:], later.pictures], 1).flatten(0, 1)
    with autocast(device):
        inputs = channels_last(torch.cat([frames[:still], pairs]))
        painted = network(inputs, codes, [1] * still + [2] * moving).float()
    painted_pairs = painted[still:].unflatten(0, (moving, 2))
    result, result_later = torch.cat([painted[:still], painted_pairs[:, 0]]), painted_pairs[:, 1]

    # The teachers take turns.
    teacher = teachers[step % len(teachers)]
    losses = judge(teacher, result, frames, seen_in(teacher, style), rng)
    colors = F.avg_pool2d(style, _COLOR_PX).flatten(2).transpose(1, 2)
    losses["color"] = palette_loss(result, colors, rng)
    losses["tone"] = tone_loss(result, frames, tones(style).sort(1)[0])
    losses["temporal"] = later.unsteadiness(result[-moving:], result_later)
    losses["lattice"] = lattice_energy(result)
    return losses
