"""Perceptual encoders: networks whose features say what a picture shows and how it is painted.

One class serves the teachers a network is trained against and the slim encoder that reads a style.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidnst.errors import WeightsError
from vidnst.nets.channels_last import averaged, reflect
from vidnst.nets.weights import read_weights, shipped_weights, write_weights

Pooling = Literal["max", "average"]
Padding = Literal["reflect", "constant"]

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

_CONV = re.compile(r"conv(\d)_(\d)\.weight")
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


class PerceptualEncoder(nn.Module):
    """3x3 convolutions in blocks, each followed by ReLU, with pooling between the blocks.

    Layers are named as in VGG (Simonyan and Zisserman 2015): `relu{block}_{index}`. The
    architecture is inferred from the weights `conv{block}_{index}.weight`.

    Input: RGB float (B, 3, H, W) in [0, 1]. The first convolution takes it as it is: any mean and
    scale of the inputs is folded into its weights.
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        *,
        pooling: Pooling = "max",
        padding: Padding = "reflect",
    ) -> None:
        super().__init__()
        found = [match for key in weights if (match := _CONV.fullmatch(key))]
        layers = sorted((int(match[1]), int(match[2])) for match in found)
        if not layers or layers[0] != (1, 1):
            raise WeightsError(
                "these weights hold no perceptual encoder: no conv1_1.weight among them"
            )
        self.layers = [f"{block}_{index}" for block, index in layers]
        self.pooling: Pooling = pooling
        self.padding: Padding = padding
        self.convolutions = nn.ModuleDict()
        for name in self.layers:
            weight, bias = weights[f"conv{name}.weight"], weights[f"conv{name}.bias"]
            convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3)
            convolution.load_state_dict({"weight": weight, "bias": bias})
            self.convolutions[name] = convolution

    @property
    def layer_names(self) -> tuple[str, ...]:
        """All layers, shallow to deep, such as relu1_1."""
        return tuple(f"relu{name}" for name in self.layers)

    @property
    def style_layers(self) -> tuple[str, ...]:
        """The first layer of each block this encoder reaches: where styles are compared."""
        return tuple(layer for layer in STYLE_LAYERS if layer[4:] in self.layers)

    def channels(self, layer: str) -> int:
        """The number of channels of a layer such as relu3_1."""
        return len(self.convolutions[layer.removeprefix("relu")].get_parameter("bias"))

    def stride(self, layer: str) -> int:
        """The stride of a layer's feature map, in input pixels."""
        return 1 << (int(layer.removeprefix("relu")[0]) - 1)

    @property
    def bytes_per_pixel(self) -> int:
        """Approximate memory per input pixel to backpropagate a loss on the features."""
        # Convolution, ReLU and padding, kept in float32 in both directions.
        return sum(16 * self.channels(name) // self.stride(name) ** 2 for name in self.layers)

    def halo(self, layers: Iterable[str]) -> int:
        """The receptive field's radius at these layers in pixels, up to a multiple of 16."""
        deepest = max(self.layers.index(layer.removeprefix("relu")) for layer in layers)
        reach, stride = 0, 1
        for name in self.layers[: deepest + 1]:
            if self.stride(name) != stride:
                stride = self.stride(name)
                reach = -(-reach // 2)
            reach += 1
        return -(-reach * stride // 16) * 16

    def forward(self, x: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Return the named feature maps, each (B, C, H / 2^(block-1), W / 2^(block-1)).

        Raises WeightsError for a layer that this encoder does not have.
        """
        wanted = set(layers)
        if missing := wanted - {f"relu{name}" for name in self.layers}:
            reach = f"relu{self.layers[-1]}"
            raise WeightsError(f"no layer {min(missing)} in this encoder, which ends at {reach}")
        features: dict[str, Tensor] = {}
        for name, _, after in self._way(x):
            if f"relu{name}" in wanted:
                features[f"relu{name}"] = after
                if len(features) == len(wanted):
                    break
        return features

    def before_relu(self, x: Tensor, layer: str) -> Tensor:
        """The features of a layer such as relu3_1 before its ReLU."""
        return next(before for name, before, _ in self._way(x) if f"relu{name}" == layer)

    def _way(self, x: Tensor) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Each layer's name and its features before and after the ReLU."""
        block = "1"
        for name in self.layers:
            if name[0] != block:
                block = name[0]
                x = F.max_pool2d(x, 2) if self.pooling == "max" else averaged(x, 2)
            padded = reflect(x) if self.padding == "reflect" else F.pad(x, (1, 1, 1, 1))
            before = self.convolutions[name](padded)
            x = F.relu(before)
            yield name, before, x

    def weights(self) -> dict[str, Tensor]:
        """The weights under the names this class reads them from."""
        return {
            f"conv{name}.{part}": tensor.detach().cpu().contiguous()
            for name in self.layers
            for part, tensor in self.convolutions[name].state_dict().items()
        }

    def save(self, path: Path, *, dtype: torch.dtype = torch.float32) -> None:
        """Write weights, pooling and padding to a safetensors file, atomically."""
        described = {"pooling": self.pooling, "padding": self.padding}
        write_weights(path, self.weights(), described, dtype=dtype)


def load_encoder(path: Path) -> PerceptualEncoder:
    """Read an encoder from a safetensors file; pooling and padding come from its metadata.

    Raises WeightsError where the file is missing, damaged or holds something else.
    """
    weights, metadata = read_weights(path)
    pooling: Pooling = "average" if metadata.get("pooling") == "average" else "max"
    padding: Padding = "constant" if metadata.get("padding") == "constant" else "reflect"
    return PerceptualEncoder(weights, pooling=pooling, padding=padding)


def named_encoder(features: str, *, pooling: Pooling) -> PerceptualEncoder:
    """The encoder that `features` names: slim, vgg19, or a safetensors file.

    slim: the one that ships. pooling: of vgg19. Raises WeightsError if it cannot be loaded.
    """
    if features == "slim":
        return load_encoder(shipped_weights("slim-vgg16.safetensors"))
    if features == "vgg19":
        return torchvision_vgg19(pooling=pooling)
    return load_encoder(Path(features))


def torchvision_vgg19(*, pooling: Pooling = "max") -> PerceptualEncoder:
    """VGG-19 with torchvision's ImageNet weights, from torch's cache or the network.

    Raises WeightsError with instructions if neither has them.
    """
    from torchvision.models import VGG19_Weights, vgg19

    try:
        network = vgg19(weights=VGG19_Weights.IMAGENET1K_V1)
    except OSError as error:
        raise WeightsError(
            f"torchvision's VGG-19 weights are not in torch's cache and cannot be had ({error}): "
            f"put {VGG19_Weights.IMAGENET1K_V1.url.rsplit('/', 1)[1]} into "
            f"{torch.hub.get_dir()}/checkpoints, or use a slim encoder"
        ) from error
    return from_vgg(network.features, pooling=pooling)


def from_vgg(features: nn.Sequential, *, pooling: Pooling = "max") -> PerceptualEncoder:
    """Convert the convolutional part of a torchvision VGG to an encoder."""
    weights: dict[str, Tensor] = {}
    block, index = 1, 1
    for layer in features:
        if isinstance(layer, nn.MaxPool2d):
            block, index = block + 1, 1
        elif isinstance(layer, nn.Conv2d):
            assert layer.bias is not None
            weights[f"conv{block}_{index}.weight"] = layer.weight.detach()
            weights[f"conv{block}_{index}.bias"] = layer.bias.detach()
            index += 1
    # Fold the normalization (x - mean) / std into the first convolution. Its zero padding is then
    # black instead of the mean color, which affects a border of one pixel.
    mean, std = torch.tensor(_IMAGENET_MEAN), torch.tensor(_IMAGENET_STD)
    first = weights["conv1_1.weight"] / std[None, :, None, None]
    weights["conv1_1.bias"] = weights["conv1_1.bias"] - (first * mean[None, :, None, None]).sum(
        (1, 2, 3)
    )
    weights["conv1_1.weight"] = first
    return PerceptualEncoder(weights, pooling=pooling, padding="constant")
