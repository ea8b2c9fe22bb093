"""Train a network of one style's own: from what the conditional network is for it.

What a step draws at random follows from the seed and the step's number, so that a run that was
stopped goes on as if it had not been.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.allocator import keep_freed_memory
from vidnst.errors import TrainingError
from vidnst.frames import Picture
from vidnst.style.code import code_encoder, style_code
from vidnst.style.learning import a_moment_later, channels_last
from vidnst.style.losses import Moments, lattice_energy, palette_loss, tone_loss, tones
from vidnst.style.network import load_network
from vidnst.style.perceptual import PerceptualEncoder
from vidnst.style.single import SingleNetwork, load_single, trained_for
from vidnst.training.checkpoint import require_same_settings
from vidnst.training.loop import TrainingStep, descend
from vidnst.training.objective import Seen, judge, judged_layers, seen_in
from vidnst.training.pictures import PHOTO_SPANS, load_squares, random_crops
from vidnst.training.settings import SingleSettings
from vidnst.weights import shipped_weights

_CROPS = 48
"""Of the style, seen once before the first step; each step compares to some of them."""
_PALETTE_SIDE = 96
_TONED_SIDE = 600


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
    checkpoint.pt and style.safetensors; where it holds a checkpoint of the same settings, training
    goes on there.

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
    wanted = _Wanted(_as_tensor(style).to(device), teacher, settings)
    path = out / "style.safetensors"

    def losses_of(step: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([settings.seed, 1, step])
        chosen = rng.integers(0, len(squares), settings.batch)
        frames = random_crops(squares, chosen, settings.size, rng, spans=PHOTO_SPANS)
        later = a_moment_later(frames[-1:], rng)
        with torch.autocast(device.type, torch.bfloat16):
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
    code = style_code(code_encoder(), _at_size(_as_tensor(style), 512, 32))
    return SingleNetwork(general.shape, general.styled(code))


class _Wanted:
    """What the style's paintings are compared to."""

    def __init__(self, style: Tensor, teacher: PerceptualEncoder, settings: SingleSettings) -> None:
        """style: (1, 3, H, W) in [0, 1]."""
        rng = np.random.default_rng([settings.seed, 0])
        size = settings.style_size
        self._crops = []
        for _ in range(_CROPS):
            side = int(rng.integers(settings.style_low, settings.style_high + 1))
            picture = _at_size(style, side, size)
            top, left = (int(rng.integers(0, n - size + 1)) for n in picture.shape[2:])
            crop = picture[:, :, top : top + size, left : left + size]
            self._crops.append(seen_in(teacher, crop.flip(3) if rng.random() < 0.5 else crop))
        self._layers = judged_layers(teacher)
        small = F.interpolate(
            style, (_PALETTE_SIDE, _PALETTE_SIDE), mode="bilinear", antialias=True
        )
        self.colors = small.flatten(2).transpose(1, 2)
        self.sorted_tones = tones(_at_size(style, _TONED_SIDE, size)).sort(1)[0]

    def some(self, count: int, rng: np.random.Generator) -> Seen:
        """Crops of the style, as the teacher sees them."""
        chosen = [self._crops[int(i)] for i in rng.integers(0, len(self._crops), count)]
        return Seen(
            {la: torch.cat([one.features[la] for one in chosen]) for la in self._layers},
            {
                la: Moments(
                    torch.cat([one.moments[la].mean for one in chosen]),
                    torch.cat([one.moments[la].covariance for one in chosen]),
                )
                for la in self._layers
            },
        )


def _as_tensor(style: Picture) -> Tensor:
    return torch.from_numpy(style.copy()).permute(2, 0, 1)[None].float() / 255


def _at_size(style: Tensor, long_side: int, least: int) -> Tensor:
    """A style (1, 3, H, W) with such a longer side, and its shorter one not below the least."""
    scale = long_side / max(style.shape[2:])
    size_hw = [max(least, round(side * scale)) for side in style.shape[2:]]
    return F.interpolate(style, size_hw, mode="bicubic", antialias=scale < 1).clamp(0, 1)
