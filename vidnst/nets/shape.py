"""How a network is built: its channels, blocks and layers. Needs no torch."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class NetworkShape:
    """Numbers of channels and blocks; stored inside the weights file."""

    half_channels: int = 32
    quarter_channels: int = 64
    eighth_channels: int = 128
    blocks_before: int = 1
    blocks_deep: int = 3
    blocks_after: int = 1
    experts: int = 16
    hidden: int = 512


class Layer(NamedTuple):
    """A convolution; whether a norm follows; and its number of expert kernels (layers_of)."""

    inputs: int
    outputs: int
    size: int = 3
    stride: int = 1
    normed: bool = True
    experts: int = 0


def layers_of(shape: NetworkShape) -> dict[str, Layer]:
    """Every layer of a network of this shape, in order.

    The decoder's kernels depend on the style: each is a fixed kernel plus a sum of others, the
    experts, with weights predicted from the style. Once baked, the experts cost nothing.
    """
    half, quarter, eighth = shape.half_channels, shape.quarter_channels, shape.eighth_channels
    layers = {"enter": Layer(12, half), "shrink": Layer(half, quarter, stride=2)}

    def blocks(place: str, count: int, channels: int, experts: int = 0) -> None:
        for index in range(count):
            for letter in "ab":
                layers[f"{place}{index}{letter}"] = Layer(channels, channels, experts=experts)

    blocks("before", shape.blocks_before, quarter)
    layers["down"] = Layer(quarter, eighth, stride=2)
    blocks("deep", shape.blocks_deep, eighth)
    layers["up"] = Layer(eighth, quarter, size=1)
    blocks("after", shape.blocks_after, quarter, shape.experts)
    layers["grow"] = Layer(quarter, half, experts=shape.experts)
    layers["skip"] = Layer(half, half, size=1)
    layers["mix"] = Layer(half, half, experts=shape.experts)
    layers["leave"] = Layer(half, 12, normed=False, experts=shape.experts)
    return layers
