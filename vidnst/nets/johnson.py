"""The image transformation network of Johnson et al. 2016, for existing weights files.

Written from the paper's supplementary material, table 1, with the usual later changes: instance
norm in place of batch norm, and nearest-neighbor upsampling and convolution in place of strided
transposed convolution. PyTorch's fast_neural_style example trains this network.
"""

import re
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidnst.errors import WeightsError


def _layer(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ReflectionPad2d(size // 2),
        nn.Conv2d(inputs, outputs, size, stride),
        nn.InstanceNorm2d(outputs, affine=True),
    )


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = _layer(channels, channels, 3), _layer(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.second(F.relu(self.first(x)))
        return y


class JohnsonNetwork(nn.Module):
    """RGB (B, 3, H, W) to RGB: 9x9-32, 3x3-64/2, 3x3-128/2, five residual blocks, and back."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([_layer(3, 32, 9), _layer(32, 64, 3, 2), _layer(64, 128, 3, 2)])
        self.residual = nn.Sequential(*(_Residual(128) for _ in range(5)))
        self.up = nn.ModuleList([_layer(128, 64, 3), _layer(64, 32, 3)])
        self.out = nn.Sequential(nn.ReflectionPad2d(4), nn.Conv2d(32, 3, 9))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.down:
            x = F.relu(layer(x))
        x = self.residual(x)
        for layer in self.up:
            x = F.relu(layer(F.interpolate(x, scale_factor=2.0, mode="nearest")))
        painted: Tensor = self.out(x)
        return painted


class ScaledNetwork(nn.Module):
    """Wraps a network for values in 0..255 as one for [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor) -> Tensor:
        painted: Tensor = self.network(frame * 255)
        return (painted / 255).clamp(0, 1)


_HALVES = {"1": "first", "2": "second"}
_PLACES: list[tuple[str, Callable[[re.Match[str]], str]]] = [
    (r"conv([123])\.conv2d\.", lambda m: f"down.{int(m[1]) - 1}.1."),
    (r"in([123])\.", lambda m: f"down.{int(m[1]) - 1}.2."),
    (r"res(\d)\.conv([12])\.conv2d\.", lambda m: f"residual.{int(m[1]) - 1}.{_HALVES[m[2]]}.1."),
    (r"res(\d)\.in([12])\.", lambda m: f"residual.{int(m[1]) - 1}.{_HALVES[m[2]]}.2."),
    (r"deconv([12])\.conv2d\.", lambda m: f"up.{int(m[1]) - 1}.1."),
    (r"in([45])\.", lambda m: f"up.{int(m[1]) - 4}.2."),
    (r"deconv3\.conv2d\.", lambda m: "out.1."),
]
"""Prefixes of parameter names in the example's files, and the prefixes to replace them by."""


def load_johnson(path: Path) -> ScaledNetwork:
    """Read the state dict that PyTorch's examples write, for frames (B, 3, H, W) in [0, 1].

    No code in the file is executed. Raises WeightsError where it holds something else.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        tensors = {
            _renamed(name): tensor.float()
            for name, tensor in state.items()
            if not re.search(r"running_|num_batches", name)
        }
        network = JohnsonNetwork()
        network.load_state_dict(tensors)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    except (AttributeError, EOFError, KeyError, RuntimeError, TypeError, UnpicklingError) as error:
        raise WeightsError(
            f"{path} holds no state dict of PyTorch's fast_neural_style example"
        ) from error
    return ScaledNetwork(network).requires_grad_(False).eval()


def _renamed(name: str) -> str:
    for pattern, place in _PLACES:
        found = re.match(pattern, name)
        if found:
            return place(found) + name[found.end() :]
    return name
