"""The conditional network: paints any picture in any style, the style given as a code.

The way through it: pixel-unshuffle to half size, a strided convolution to quarter size, residual
blocks, and back up, with a skip from half size that keeps the scene readable. Every convolution but
the last is followed by an instance norm whose scale and shift come from the style code (conditional
instance norm: Dumoulin et al. 2017; predicted from a code: Ghiasi et al. 2017).

For use the network is baked (bake.py): with one style and frozen statistics, each norm is only a
scale and a shift, and folds into its convolution.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from vidnst.errors import WeightsError
from vidnst.style.losses import moments
from vidnst.style.perceptual import PerceptualEncoder, Pooling
from vidnst.weights import read_weights

READER_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
STRIDE = 4
"""Frame sides must be multiples of this: the network works at a quarter of the size."""

NORM_EPSILON = 1e-5

FoldedNorms = dict[str, tuple[Tensor, Tensor]]
"""For each norm the scale and shift (C,) that it amounts to with frozen statistics."""


@dataclass(frozen=True)
class NetworkShape:
    """Numbers of channels and blocks; stored inside the weights file."""

    half_channels: int = 32
    quarter_channels: int = 64
    residual_blocks: int = 5
    hidden: int = 256


def style_code(reader: PerceptualEncoder, style: Tensor) -> Tensor:
    """Read style pictures (B, 3, H, W) in [0, 1] into codes (B, N).

    A code holds mean and standard deviation of the reader's features in each of READER_LAYERS, and
    the correlations of the first layer, which know which colors go together.
    """
    parts: list[Tensor] = []
    features = reader(style, READER_LAYERS)
    for layer in READER_LAYERS:
        m = moments(features[layer])
        std = m.covariance.diagonal(dim1=1, dim2=2).clamp_min(0).sqrt()
        parts += [m.mean, std]
        if layer == READER_LAYERS[0]:
            scale = std[:, :, None] * std[:, None, :] + 1e-4
            row, column = torch.triu_indices(std.shape[1], std.shape[1], 1, device=std.device)
            parts.append((m.covariance / scale)[:, row, column])
    return torch.cat(parts, 1)


class StyleNetwork(nn.Module):
    """Paint frames in the style that a code describes.

    Input and output are RGB float (B, 3, H, W) in [0, 1]; H and W are multiples of STRIDE. `reader`
    turns style pictures into codes; code_mean and code_std (N,) bring codes to unit scale.
    """

    code_mean: Tensor
    code_std: Tensor

    def __init__(
        self,
        reader: PerceptualEncoder,
        shape: NetworkShape | None = None,
        *,
        code_length: int,
    ) -> None:
        super().__init__()
        self.shape = shape = shape or NetworkShape()
        self.reader = reader.requires_grad_(False)
        half, quarter = shape.half_channels, shape.quarter_channels

        def convolution(inputs: int, outputs: int, *, stride: int = 1, size: int = 3) -> nn.Conv2d:
            # Without bias: the norm that follows would take it away again.
            return nn.Conv2d(
                inputs, outputs, size, stride, size // 2, bias=False, padding_mode="reflect"
            )

        self.enter = convolution(12, half)
        self.shrink = convolution(half, quarter, stride=2)
        self.residual = nn.ModuleList(
            nn.ModuleList([convolution(quarter, quarter), convolution(quarter, quarter)])
            for _ in range(shape.residual_blocks)
        )
        self.grow = convolution(quarter, half)
        self.skip = convolution(half, half, size=1)
        self.mix = convolution(half, half)
        self.leave = nn.Conv2d(half, 12, 3, 1, 1, padding_mode="reflect")
        # The four pixels that one position of `leave` becomes start out alike: no grid to unlearn
        # (Aitken et al. 2017).
        with torch.no_grad():
            start = self.leave.weight[::4].repeat_interleave(4, 0)
            self.leave.weight.copy_(start)

        self.norm_channels = {"enter": half, "shrink": quarter}
        for block in range(shape.residual_blocks):
            self.norm_channels |= {f"residual{block}a": quarter, f"residual{block}b": quarter}
        self.norm_channels |= {"grow": half, "mix": half}
        self.register_buffer("code_mean", torch.zeros(code_length))
        self.register_buffer("code_std", torch.ones(code_length))
        self.modulate = nn.Sequential(
            nn.Linear(code_length, shape.hidden),
            nn.ReLU(),
            nn.Linear(shape.hidden, 2 * sum(self.norm_channels.values())),
        )
        with torch.no_grad():
            last = self.modulate[2]
            assert isinstance(last, nn.Linear)
            last.weight.mul_(0.3)

    def read(self, style: Tensor) -> Tensor:
        """Style pictures (B, 3, H, W) in [0, 1] -> codes (B, N)."""
        return style_code(self.reader, style)

    def modulations(self, code: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Codes (B, N) -> for each norm its scale and shift, each (B, C)."""
        unit = ((code - self.code_mean) / self.code_std).clamp(-5, 5)
        scales, shifts = self.modulate(unit).float().chunk(2, 1)
        sizes = list(self.norm_channels.values())
        pairs = zip(scales.split(sizes, 1), shifts.split(sizes, 1), strict=True)
        return {
            name: (1 + scale, shift)
            for name, (scale, shift) in zip(self.norm_channels, pairs, strict=True)
        }

    def forward(self, frame: Tensor, code: Tensor) -> Tensor:
        """Paint frames (B, 3, H, W) with codes (B, N), each with its own norm statistics."""
        modulations = self.modulations(code)

        def norm(name: str, x: Tensor) -> Tensor:
            normalized: Tensor = _InstanceNorm.apply(x, *modulations[name])
            return normalized

        return self.run(frame, norm)

    def fold_norms(self, frames: Tensor, code: Tensor) -> FoldedNorms:
        """Freeze the norms at one code (1, N) and their statistics over all frames (B, 3, H, W)."""
        modulations = self.modulations(code)
        folded: FoldedNorms = {}

        def norm(name: str, x: Tensor) -> Tensor:
            # By hand: torch.var_mean over these axes of channels-last takes three times as long.
            pixels = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1]).float()
            mean = pixels.mean(0)
            variance = (pixels - mean).square_().mean(0)
            scale, shift = (modulation[0] for modulation in modulations[name])
            scale = scale * torch.rsqrt(variance + NORM_EPSILON)
            shift = shift - mean * scale
            folded[name] = (scale, shift)
            return torch.addcmul(
                shift[:, None, None].to(x.dtype), x, scale[:, None, None].to(x.dtype)
            )

        self.run(frames, norm)
        return folded

    def run(self, frame: Tensor, norm: Callable[[str, Tensor], Tensor]) -> Tensor:
        """The network with its norms given as a function (name, features) -> features."""
        fine = F.relu(norm("enter", self.enter(F.pixel_unshuffle(frame, 2))))
        x = F.relu(norm("shrink", self.shrink(fine)))
        for index, block in enumerate(self.residual):
            first, second = block.children()
            y = F.relu(norm(f"residual{index}a", first(x)))
            x = x + norm(f"residual{index}b", second(y))
        grown = self.grow(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        x = F.relu(norm("grow", grown + self.skip(fine)))
        x = F.relu(norm("mix", self.mix(x)))
        return torch.sigmoid(F.pixel_shuffle(self.leave(x), 2))

    def save(self, path: Path, metadata: dict[str, str] | None = None) -> None:
        """Write network and reader to one safetensors file, in float16."""
        reader = {f"reader.{key}": tensor for key, tensor in self.reader.weights().items()}
        own = {
            key: tensor.detach().cpu()
            for key, tensor in self.state_dict().items()
            if not key.startswith("reader.")
        }
        tensors = {key: tensor.half().contiguous() for key, tensor in (own | reader).items()}
        described = {"shape": json.dumps(asdict(self.shape)), "pooling": self.reader.pooling}
        save_file(tensors, path, described | (metadata or {}))


class _InstanceNorm(torch.autograd.Function):
    """Instance norm with a scale and shift (B, C) per picture, for features (B, C, H, W).

    The same as addcmul(shift, F.instance_norm(x), scale). Written out because torch's own leaves
    channels-last, and its general gradient takes five times as long on a CPU.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2).float()
        pixels = pixels - pixels.mean(1, keepdim=True)
        inverse = torch.rsqrt(pixels.square().mean(1, keepdim=True) + NORM_EPSILON)
        normalized = pixels.mul_(inverse).to(x.dtype)
        ctx.save_for_backward(normalized, inverse, scale)
        y = torch.addcmul(shift[:, None].to(x.dtype), normalized, scale[:, None].to(x.dtype))
        return y.reshape(x.shape[0], *x.shape[2:], x.shape[1]).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        normalized, inverse, scale = ctx.saved_tensors
        (gradient,) = gradients
        height, width = gradient.shape[2:]
        pixels = gradient.permute(0, 2, 3, 1).flatten(1, 2).float()
        of_shift = pixels.sum(1)
        wide = normalized.float()
        of_scale = (pixels * wide).sum(1)
        count = height * width
        pixels = pixels - (of_shift / count)[:, None]
        pixels.addcmul_(wide, (of_scale / count)[:, None], value=-1).mul_(inverse * scale[:, None])
        of_x = pixels.to(normalized.dtype).reshape(len(pixels), height, width, -1)
        return of_x.permute(0, 3, 1, 2), of_scale, of_shift


def load_network(path: Path) -> StyleNetwork:
    """Read a network and its reader from a safetensors file that StyleNetwork.save wrote.

    Raises WeightsError where the file is missing, damaged or of another shape.
    """
    tensors, metadata = read_weights(path)
    try:
        shape = NetworkShape(**json.loads(metadata["shape"]))
        pooling: Pooling = "average" if metadata["pooling"] == "average" else "max"
        prefix = "reader."
        weights = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
        own = {k: v for k, v in tensors.items() if not k.startswith(prefix)}
        reader = PerceptualEncoder(weights, pooling=pooling)
        network = StyleNetwork(reader, shape, code_length=own["code_mean"].numel())
        missing, unexpected = network.load_state_dict(own, strict=False)
    except (KeyError, TypeError, ValueError, RuntimeError, WeightsError) as error:
        raise WeightsError(f"{path} holds no network of this version: {error}") from error
    wrong = [key for key in missing if not key.startswith(prefix)] + list(unexpected)
    if wrong:
        raise WeightsError(f"{path} holds no network of this version: {wrong[0]} does not fit")
    return network.eval()
