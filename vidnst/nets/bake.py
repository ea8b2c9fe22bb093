"""Baking: fold the network for one style into convolutions without norms.

With the style known and the norms' statistics measured on some frames and then frozen, every norm
is a scale and a shift, and folds into the convolution before it. The result is faster, paints the
same in tiles as in one piece, and does not pump in brightness as per-frame statistics do (ReReVST:
Wang et al. 2020, section III).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidnst.nets.channels_last import NORM_EPSILON, reflect
from vidnst.nets.fusion import fused_convolution, fuses
from vidnst.nets.network import TENSORS, StyledLayers, finished, fitting, paint
from vidnst.nets.shape import NetworkShape, layers_of
from vidnst.nets.weights import read_weights, write_weights

ONE_STYLE = "one style"
"""The kind of a weights file that holds a BakedNetwork."""

_LEAST_SPREAD = 3 / 255
_GRAIN_PX = 8

Statistics = dict[str, tuple[Tensor, Tensor]]
"""Mean and variance, (C,) each, of the features of each layer with a norm, by its name."""


class BakedNetwork(nn.Module):
    """Paint RGB frames (B, 3, H, W) in [0, 1] in one style; H and W are multiples of STRIDE."""

    def __init__(self, shape: NetworkShape, weights: Mapping[str, Tensor]) -> None:
        """weights: of each layer NAME.weight (O, I, S, S) and NAME.bias (O,)."""
        super().__init__()
        self.shape = shape
        self.convolutions = nn.ModuleDict()
        for name, layer in layers_of(shape).items():
            self.convolutions[name] = nn.Conv2d(
                layer.inputs, layer.outputs, layer.size, layer.stride
            )
        self.convolutions.load_state_dict(weights)

    def forward(self, frame: Tensor) -> Tensor:
        return paint(frame, self.shape, self._layer, TENSORS)

    def _layer(
        self, name: str, x: Tensor, *, plus: Tensor | None = None, rectify: bool = False
    ) -> Tensor:
        convolution = self.convolutions[name]
        assert isinstance(convolution, nn.Conv2d)
        x = reflect(x) if convolution.kernel_size == (3, 3) else x
        if x.is_cpu and not torch.is_grad_enabled() and fuses(x.dtype):
            return fused_convolution(x, convolution, plus=plus, rectify=rectify)
        return finished(convolution(x), plus, rectify)

    def save(self, path: Path, metadata: Mapping[str, str]) -> None:
        """Write a safetensors file in float16, atomically."""
        described = {"kind": ONE_STYLE, "shape": json.dumps(asdict(self.shape))}
        write_weights(path, self.convolutions.state_dict(), described | dict(metadata))


def load_baked(path: Path) -> tuple[BakedNetwork, dict[str, str]]:
    """Read a network that BakedNetwork.save wrote, and the metadata it was saved with.

    Raises WeightsError where the file is missing, damaged or of another kind or shape.
    """
    tensors, metadata = read_weights(path)
    with fitting(path, metadata, ONE_STYLE) as shape:
        network = BakedNetwork(shape, tensors)
    return network.requires_grad_(False).eval(), metadata


@torch.no_grad()
def bake(
    shape: NetworkShape,
    styled: StyledLayers,
    frames: Tensor,
    *,
    followed: Statistics | None = None,
    share: float = 1.0,
) -> BakedNetwork:
    """Freeze the network for one style at the statistics over all frames (B, 3, H, W).

    followed: running statistics, updated in place toward those of the frames by a share in (0, 1];
    empty at first.
    """
    layers = layers_of(shape)
    weights: dict[str, Tensor] = {}

    def layer(name: str, x: Tensor, *, plus: Tensor | None = None, rectify: bool = False) -> Tensor:
        kernel, scale, shift = styled[name]
        _, _, size, stride, normed, _ = layers[name]
        x = F.conv2d(reflect(x) if size == 3 else x, kernel.to(x.dtype), stride=stride)
        pixels = x.permute(0, 2, 3, 1).to(torch.float32, copy=True)
        if normed:
            # By hand: torch.var_mean over these axes of channels-last takes three times as long.
            flat = pixels.view(-1, x.shape[1])
            mean = flat.mean(0)
            variance = (flat - mean).square_().mean(0)
            if followed is not None:
                mean_before, variance_before = followed.get(name, (mean, variance))
                mean = torch.lerp(mean_before, mean, share)
                variance = torch.lerp(variance_before, variance, share)
                followed[name] = mean, variance
            scale = scale * torch.rsqrt(variance + NORM_EPSILON)
            shift = shift - mean * scale
        weights[f"{name}.weight"] = kernel * scale[:, None, None, None]
        weights[f"{name}.bias"] = shift
        # In float32: scale and shift subtract large numbers from each other.
        y = pixels.mul_(scale).add_(shift).permute(0, 3, 1, 2).to(x.dtype)
        return finished(y, plus, rectify)

    paint(_with_least_spread(frames), shape, layer, TENSORS)
    return BakedNetwork(shape, weights).requires_grad_(False).eval()


def is_flat(frames: Tensor) -> bool:
    """Whether frames (B, 3, H, W) in [0, 1] are nearly of a single color.

    Norms divide by the standard deviation, which is nearly 0 for a flat picture: it would come out
    black, and its noise as strokes.
    """
    return _spread(frames) < _LEAST_SPREAD


def _spread(frames: Tensor) -> float:
    return float(frames.float().std((0, 2, 3), correction=0).max())


def _with_least_spread(frames: Tensor) -> Tensor:
    """Frames (B, 3, H, W) in [0, 1] with grain added where they are flat."""
    if not is_flat(frames):
        return frames
    coarse = [max(2, side // _GRAIN_PX) for side in frames.shape[2:]]
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(frames.shape[0], 3, *coarse, generator=generator)
    texture = F.interpolate(noise, list(frames.shape[2:]), mode="bilinear")
    amount = math.sqrt(_LEAST_SPREAD**2 - _spread(frames) ** 2) / float(texture.std())
    return frames + amount * texture.to(frames)
