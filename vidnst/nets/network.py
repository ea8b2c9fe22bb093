"""The conditional network: paints any picture in any style, the style given as a code.

The encoder packs 2x2 pixels into channels at half size and goes by strided convolutions to a
quarter and an eighth of the size; residual blocks follow, then a decoder, with skip connections
that keep the scene readable. A style's code determines the scale and shift of the instance norms
after the convolutions (conditional instance norm: Dumoulin et al. 2017; predicted from a code:
Ghiasi et al. 2017), and in the decoder the kernels as well.

For inference the network is baked (bake.py): with one style and frozen statistics, each norm is
only a scale and a shift, and is folded into its convolution.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidnst.errors import WeightsError
from vidnst.nets.channels_last import (
    depth_to_space,
    doubled,
    instance_norm,
    reflect,
    space_to_depth,
)
from vidnst.nets.shape import Layer, NetworkShape, layers_of
from vidnst.nets.weights import read_weights, write_weights

ANY_STYLE = "any style"
"""The kind of a weights file that holds a StyleNetwork."""

STRIDE = 8
"""Frame sides must be multiples of this: the network works at an eighth of the size."""


Features = TypeVar("Features")
"""(B, C, H, W): a tensor, or a symbol for one in a graph."""


class Convolve(Protocol[Features]):
    """Evaluates a layer: its convolution and norm, then an optional addition and ReLU."""

    def __call__(
        self, name: str, x: Features, *, plus: Features | None = None, rectify: bool = False
    ) -> Features: ...


class Operations(Protocol[Features]):
    """The operations without parameters between the layers."""

    def unshuffled(self, x: Features) -> Features:
        """Space to depth, 2x2 pixels row by row: (B, 4 C, H / 2, W / 2)."""

    def doubled(self, x: Features) -> Features:
        """Height and width doubled by bilinear interpolation."""

    def plus(self, x: Features, y: Features) -> Features:
        """The sum."""

    def shuffled(self, x: Features) -> Features:
        """The sigmoid, then depth to space: (B, C / 4, 2 H, 2 W)."""


class _TensorOperations:
    def unshuffled(self, x: Tensor) -> Tensor:
        return space_to_depth(x)

    def doubled(self, x: Tensor) -> Tensor:
        return doubled(x)

    def plus(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y

    def shuffled(self, x: Tensor) -> Tensor:
        return depth_to_space(torch.sigmoid(x.float()))


TENSORS = _TensorOperations()


def paint(
    frame: Features,
    shape: NetworkShape,
    layer: Convolve[Features],
    operations: Operations[Features],
) -> Features:
    """The forward pass of frames (B, 3, H, W) in [0, 1]; `layer` evaluates each layer.

    The only definition of the architecture: for training, baking, inference and ONNX export.
    """

    def blocks(place: str, count: int, x: Features) -> Features:
        for index in range(count):
            y = layer(f"{place}{index}a", x, rectify=True)
            x = layer(f"{place}{index}b", y, plus=x)
        return x

    fine = layer("enter", operations.unshuffled(frame), rectify=True)
    x = layer("shrink", fine, rectify=True)
    x = blocks("before", shape.blocks_before, x)
    deep = blocks("deep", shape.blocks_deep, layer("down", x, rectify=True))
    x = operations.plus(x, operations.doubled(layer("up", deep)))
    x = blocks("after", shape.blocks_after, x)
    x = layer("skip", fine, plus=operations.doubled(layer("grow", x)), rectify=True)
    x = layer("mix", x, rectify=True)
    return operations.shuffled(layer("leave", x))


def normed(y: Tensor, layer: Layer, scale: Tensor, shift: Tensor) -> Tensor:
    """Normalize a convolution's output (B, C, H, W) if its layer has a norm; scale and shift."""
    if layer.normed:
        return instance_norm(y, scale, shift)
    return y * scale[:, :, None, None] + shift[:, :, None, None]


def finished(y: Tensor, plus: Tensor | None, rectify: bool) -> Tensor:
    """The end of a layer, after convolution and norm: an optional addition and ReLU."""
    y = y if plus is None else y + plus
    return F.relu(y) if rectify else y


class Modulation(NamedTuple):
    """A layer's parameters for G styles: expert weights (G, K), the norm's scale, shift (G, C)."""

    shares: Tensor
    scale: Tensor
    shift: Tensor


class StyledLayer(NamedTuple):
    """A layer for one style: its kernel (O, I, S, S), the norm's scale and shift (O,)."""

    kernel: Tensor
    scale: Tensor
    shift: Tensor


StyledLayers = dict[str, StyledLayer]
"""The network for one style: its layers by their names."""


class StyleNetwork(nn.Module):
    """Paint frames in the style that a code describes.

    Input and output are RGB float (B, 3, H, W) in [0, 1]; H and W are multiples of STRIDE. Codes
    come from style_code.py; code_mean and code_std (N,) standardize them.
    """

    code_mean: Tensor
    code_std: Tensor

    def __init__(self, shape: NetworkShape, *, code_length: int) -> None:
        super().__init__()
        self.shape = shape
        self.layers = layers_of(shape)
        # Without bias: the norm that follows would cancel it.
        self.kernels = nn.ParameterDict()
        self.experts = nn.ParameterDict()
        for name, layer in self.layers.items():
            fan_in = layer.inputs * layer.size**2
            kernel = torch.randn(layer.outputs, layer.inputs, layer.size, layer.size)
            self.kernels[name] = kernel / math.sqrt(fan_in)
            if layer.experts:
                self.experts[name] = torch.zeros(layer.experts, *kernel.shape)
        # The four pixels of each position of `leave` are equal at first, so that there are no
        # checkerboard artifacts to unlearn (Aitken et al. 2017).
        with torch.no_grad():
            leave = self.kernels.get_parameter("leave")
            leave.copy_(leave[:3].repeat(4, 1, 1, 1))
        self.register_buffer("code_mean", torch.zeros(code_length))
        self.register_buffer("code_std", torch.ones(code_length))
        self._sizes = [
            size
            for layer in self.layers.values()
            for size in (layer.experts, layer.outputs, layer.outputs)
        ]
        self.modulate = nn.Sequential(
            nn.Linear(code_length, shape.hidden),
            nn.ReLU(),
            nn.Linear(shape.hidden, sum(self._sizes)),
        )
        with torch.no_grad():
            last = self.modulate[2]
            assert isinstance(last, nn.Linear)
            for index, rows in enumerate(torch.split(last.weight, self._sizes)):
                rows.mul_(1.0 if index % 3 == 0 else 0.3)

    def modulations(self, code: Tensor) -> dict[str, Modulation]:
        """The parameters that codes (G, N) determine, of each layer by its name."""
        unit = ((code - self.code_mean) / self.code_std).clamp(-5, 5)
        parts = torch.split(self.modulate(unit).float(), self._sizes, 1)
        return {
            name: Modulation(parts[3 * i], 1 + parts[3 * i + 1], parts[3 * i + 2])
            for i, name in enumerate(self.layers)
        }

    def mixed(self, name: str, shares: Tensor) -> Tensor:
        """A layer's kernels (G, O, I, S, S) for expert weights (G, K)."""
        kernel = self.kernels.get_parameter(name)[None]
        if name not in self.experts:
            return kernel
        mixed: Tensor = kernel + torch.tensordot(shares, self.experts.get_parameter(name), 1)
        return mixed

    def styled(self, code: Tensor) -> StyledLayers:
        """The network's layers for one style code (1, N)."""
        return {
            name: StyledLayer(self.mixed(name, shares)[0], scale[0], shift[0])
            for name, (shares, scale, shift) in self.modulations(code).items()
        }

    def forward(self, frame: Tensor, code: Tensor, counts: Sequence[int] | None = None) -> Tensor:
        """Paint frames (B, 3, H, W) with codes (G, N), each frame with its own norm statistics.

        counts: how many consecutive frames each code is for; by default one.
        """
        modulations = self.modulations(code)
        counts = [1] * len(code) if counts is None else list(counts)
        owner = torch.tensor(
            [index for index, count in enumerate(counts) for _ in range(count)], device=code.device
        )

        def layer(
            name: str, x: Tensor, *, plus: Tensor | None = None, rectify: bool = False
        ) -> Tensor:
            shares, scale, shift = modulations[name]
            kernels = self.mixed(name, shares).to(x.dtype)
            stride = self.layers[name].stride
            x = reflect(x) if self.layers[name].size == 3 else x
            if len(kernels) == 1:
                y = F.conv2d(x, kernels[0], stride=stride)
            else:
                parts = zip(torch.split(x, counts), kernels, strict=True)
                y = torch.cat([F.conv2d(part, kernel, stride=stride) for part, kernel in parts])
            y = normed(y, self.layers[name], scale[owner], shift[owner])
            return finished(y, plus, rectify)

        return paint(frame, self.shape, layer, TENSORS)

    def save(self, path: Path, metadata: Mapping[str, str] | None = None) -> None:
        """Write a safetensors file in float16, atomically."""
        described = {"kind": ANY_STYLE, "shape": json.dumps(asdict(self.shape))}
        write_weights(path, self.state_dict(), described | dict(metadata or {}))


def load_network(path: Path) -> StyleNetwork:
    """Read a network from a safetensors file that StyleNetwork.save wrote.

    Raises WeightsError where the file is missing, damaged or of another kind or shape.
    """
    tensors, metadata = read_weights(path)
    with fitting(path, metadata, ANY_STYLE) as shape:
        network = StyleNetwork(shape, code_length=tensors["code_mean"].numel())
        network.load_state_dict(tensors)
    return network.eval()


@contextmanager
def fitting(path: Path, metadata: Mapping[str, str], kind: str) -> Iterator[NetworkShape]:
    """Yield the network shape of a weights file of this kind; load its tensors in the context.

    Raises WeightsError where the file or its tensors are of another kind or shape.
    """
    if metadata.get("kind") != kind:
        raise WeightsError(f"{path} holds no network for {kind} of this version")
    try:
        yield NetworkShape(**json.loads(metadata["shape"]))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{path} holds no network of this version: {error}") from error
