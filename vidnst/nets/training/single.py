"""Train a network for a single style, starting from the conditional network.

A step's random numbers depend only on the seed and the step's number, so that a resumed run gives
the same result.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidnst.errors import TrainingError
from vidnst.frames.frame import Picture
from vidnst.nets.allocator import keep_freed_memory
from vidnst.nets.losses import lattice_energy, palette_loss, tone_loss
from vidnst.nets.network import load_network
from vidnst.nets.perceptual import PerceptualEncoder
from vidnst.nets.precision import autocast
from vidnst.nets.single import SingleNetwork, load_single, trained_for
from vidnst.nets.style_code import code_encoder, style_code
from vidnst.nets.style_pictures import style_pictures
from vidnst.nets.tensors import as_tensor
from vidnst.nets.training.checkpoint import require_same_settings
from vidnst.nets.training.learning import a_moment_later, channels_last
from vidnst.nets.training.likeness import judge
from vidnst.nets.training.loop import TrainingStep, descend
from vidnst.nets.training.pictures import PHOTO_SPANS, load_squares, random_crops
from vidnst.nets.training.settings import SingleSettings
from vidnst.nets.training.style_crops import StyleCrops, at_size
from vidnst.nets.weights import shipped_weights


def train_single(
    settings: SingleSettings,
    style: Picture,
    *,
    photos: Path,
    teacher: PerceptualEncoder,
    out: Path,
    device: torch.device,
    start_from: Path | None = None,
    save_every: int = 100,
    on_note: Callable[[str], None] = lambda note: None,
    on_step: Callable[[TrainingStep], None] = lambda step: None,
) -> Path:
    """Train a network for a style, RGB uint8 (H, W, 3), and return the path of its weights.

    photos: a folder or tar of scenes. start_from: the network of an earlier run for this picture,
    instead of the shipped network for any style. `out` gets settings.json, losses.csv,
    checkpoint.pt and style.safetensors; training resumes from a checkpoint of the same settings.

    Raises TrainingError where pictures are missing, the folder holds a run of other settings or
    start_from is for another picture, WeightsError for unfit weights.
    """
    keep_freed_memory()
    torch.manual_seed(settings.seed)
    first = _first_network(style, start_from)
    out.mkdir(parents=True, exist_ok=True)
    require_same_settings(out / "settings.json", settings)
    on_note("reading pictures")
    squares = load_squares(photos, 256).to(device)
    on_note("reading the style")
    teacher.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload]
    network = first.train().requires_grad_(True).to(device)
    wanted = StyleCrops(
        style_pictures(style),
        teacher,
        size=settings.style_size,
        sides=(settings.style_low, settings.style_high),
        rng=np.random.default_rng([settings.seed, 0]),
    )
    path = out / "style.safetensors"

    def losses_of(step: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([settings.seed, 1, step])
        chosen = rng.integers(0, len(squares), settings.batch)
        frames = random_crops(squares, chosen, settings.size, rng, spans=PHOTO_SPANS)
        later = a_moment_later(frames[-1:], rng)
        with autocast(device):
            painted = network(channels_last(torch.cat([frames, later.pictures]))).float()
        result = painted[:-1]
        return {
            **judge(teacher, result, frames, wanted.some(settings.batch, rng), rng),
            "color": palette_loss(result, wanted.colors, rng),
            "tone": tone_loss(result, frames, wanted.sorted_tones),
            "temporal": later.unsteadiness(result[-1:], painted[-1:]),
            "lattice": lattice_energy(result),
        }

    descend(
        network,
        [{"params": list(network.parameters()), "share": 1.0}],
        losses_of,
        settings,
        out=out,
        save_every=save_every,
        device=device,
        write=lambda described: network.save(path, style, described),
        on_note=on_note,
        on_step=on_step,
    )
    return path


def _first_network(style: Picture, start_from: Path | None) -> SingleNetwork:
    if start_from is not None:
        if not trained_for(start_from, style):
            raise TrainingError(f"{start_from} was trained for another style picture than this one")
        return load_single(start_from)
    general = load_network(shipped_weights("fast.safetensors")).requires_grad_(False)
    code = style_code(code_encoder(), at_size(as_tensor(style, torch.device("cpu")), 512, 32))
    return SingleNetwork(general.shape, general.styled(code))
