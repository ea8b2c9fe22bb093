"""The initial weights of an encoder's training."""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.errors import TrainingError
from vidnst.nets.perceptual import PerceptualEncoder

SLIM_CHANNELS = {
    **{"1_1": 16, "1_2": 24, "2_1": 32, "2_2": 80, "3_1": 128, "3_2": 96, "3_3": 160},
    **{"4_1": 160, "4_2": 160, "4_3": 320},
}
"""Of the encoder that ships: VGG-16's layers, wide where losses use them, narrow between."""


def fresh_encoder(channels: Mapping[str, int], generator: torch.Generator) -> PerceptualEncoder:
    """An encoder with He-initialized weights (He et al. 2015) and average pooling.

    channels: of each layer, in order, such as {"1_1": 16, "1_2": 16, "2_1": 32}.
    """
    weights = {}
    inputs = 3
    for name, outputs in channels.items():
        weights[f"conv{name}.weight"] = _random(outputs, inputs, generator)
        weights[f"conv{name}.bias"] = torch.zeros(outputs)
        inputs = outputs
    return PerceptualEncoder(weights, pooling="average")


def widened(
    encoder: PerceptualEncoder, channels: Mapping[str, int], generator: torch.Generator
) -> PerceptualEncoder:
    """Widen an encoder to these layers and channels, with the same features in the old channels.

    New channels have random weights (He et al. 2015); old ones have weight 0 for them.

    Raises TrainingError where channels are fewer than the encoder's or a layer is new.
    """
    old, weights = encoder.weights(), {}
    inputs = 3
    for name, outputs in channels.items():
        weight, bias = old.get(f"conv{name}.weight"), old.get(f"conv{name}.bias")
        if weight is None or bias is None or len(weight) > outputs or weight.shape[1] > inputs:
            raise TrainingError(f"conv{name} of the encoder to start from does not fit in here")
        wide = _random(outputs, inputs, generator)
        wide[: len(weight)] = 0
        wide[: len(weight), : weight.shape[1]] = weight
        weights[f"conv{name}.weight"] = wide
        weights[f"conv{name}.bias"] = F.pad(bias, (0, outputs - len(bias)))
        inputs = outputs
    return PerceptualEncoder(weights, pooling=encoder.pooling, padding=encoder.padding)


def _random(outputs: int, inputs: int, generator: torch.Generator) -> Tensor:
    """Initial weights of a 3x3 convolution (He et al. 2015)."""
    spread = math.sqrt(2 / (9 * inputs))
    return spread * torch.randn(outputs, inputs, 3, 3, generator=generator)


@torch.no_grad()
def balance(encoder: PerceptualEncoder, pictures: Tensor) -> None:
    """Bring the fresh encoder's features to mean 0 and deviation 1 before each ReLU.

    After Mishkin and Matas 2016. In the first layer, each filter's response to a constant color is
    also reduced by nine tenths: neighboring pixels are so alike that it would dominate.
    """
    first = encoder.convolutions["1_1"].get_parameter("weight")
    first.sub_(0.9 * first.mean((2, 3), keepdim=True))
    for layer, name in zip(encoder.layer_names, encoder.layers, strict=True):
        weight, bias = (encoder.convolutions[name].get_parameter(p) for p in ("weight", "bias"))
        found = encoder.before_relu(pictures, layer)
        spread, mean = found.std((0, 2, 3)), found.mean((0, 2, 3))
        weight.div_(spread[:, None, None, None])
        bias.copy_(-mean / spread)
