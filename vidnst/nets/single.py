"""A network for a single style, trained further from the conditional network.

The conditional network's capacity is shared by all styles; one trained for a single style
reproduces more of its marks (Johnson et al. 2016 trained one for each). Its layers are those of the
conditional network, so that the weights of both can be interpolated to set its strength.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from vidnst.frames.frame import Picture
from vidnst.nets.channels_last import reflect
from vidnst.nets.network import (
    TENSORS,
    StyledLayer,
    StyledLayers,
    finished,
    fitting,
    normed,
    paint,
)
from vidnst.nets.shape import NetworkShape, layers_of
from vidnst.nets.weights import SHA256, read_metadata, read_weights, shipped_weights, write_weights
from vidnst.options.shipped import shipped

SINGLE_STYLE = "a style of its own"
"""The kind of a weights file that holds a SingleNetwork."""

_GLANCE_SIDE = 16
_SAME_GLANCE = 2.0
"""In 1/255: the most that thumbnails of one picture differ by after scaling and compression."""
_SAME_SHARE = 0.15
"""The same as a share of the thumbnail's standard deviation, for pictures of little contrast."""
_SAME_ASPECT = 0.03


class SingleNetwork(nn.Module):
    """Paint RGB frames (B, 3, H, W) in [0, 1] in one style; H and W are multiples of STRIDE.

    Each frame is normalized by its own statistics; for inference they are frozen (bake.py).
    """

    def __init__(self, shape: NetworkShape, styled: StyledLayers) -> None:
        """styled: the initial parameters; copied."""
        super().__init__()
        self.shape = shape
        self.layers = layers_of(shape)
        self.parts = nn.ParameterDict(
            {
                f"{name}_{part}": tensor.detach().clone()
                for name in self.layers
                for part, tensor in styled[name]._asdict().items()
            }
        )

    def styled(self) -> StyledLayers:
        """Its layers, in the form that the conditional network has for one style."""
        return {
            name: StyledLayer(*(self.parts[f"{name}_{part}"] for part in StyledLayer._fields))
            for name in self.layers
        }

    def forward(self, frame: Tensor) -> Tensor:
        styled = self.styled()

        def layer(
            name: str, x: Tensor, *, plus: Tensor | None = None, rectify: bool = False
        ) -> Tensor:
            kernel, scale, shift = styled[name]
            form = self.layers[name]
            x = reflect(x) if form.size == 3 else x
            y = F.conv2d(x, kernel.to(x.dtype), stride=form.stride)
            y = normed(y, form, scale.expand(len(y), -1), shift.expand(len(y), -1))
            return finished(y, plus, rectify)

        return paint(frame, self.shape, layer, TENSORS)

    def save(self, path: Path, style: Picture, metadata: Mapping[str, str] | None = None) -> None:
        """Write a safetensors file in float16, atomically.

        style: the picture that it was trained for; its thumbnail is stored to recognize it.
        """
        described = {
            "kind": SINGLE_STYLE,
            "shape": json.dumps(asdict(self.shape)),
            "glance": _glance(style).tobytes().hex(),
            "aspect": f"{_aspect(style):.4f}",
        }
        write_weights(path, dict(self.parts), described | dict(metadata or {}))


def load_single(path: Path) -> SingleNetwork:
    """Read a network that SingleNetwork.save wrote.

    Raises WeightsError where the file is missing, damaged or of another kind or shape.
    """
    tensors, metadata = read_weights(path)
    with fitting(path, metadata, SINGLE_STYLE) as shape:
        styled = {
            name: StyledLayer(*(tensors[f"{name}_{part}"] for part in StyledLayer._fields))
            for name in layers_of(shape)
        }
        network = SingleNetwork(shape, styled)
    return network.requires_grad_(False).eval()


def is_single(weights: Path) -> bool:
    """Whether a file holds a network of a style's own. Raises WeightsError where unreadable."""
    return read_metadata(weights).get("kind") == SINGLE_STYLE


def trained_for(weights: Path, style: Picture) -> bool:
    """Whether a file's network was trained for this picture, whatever its size and compression.

    Raises WeightsError where it cannot be read.
    """
    return _shows(read_metadata(weights), _glance(style), _aspect(style))


def _shows(metadata: Mapping[str, str], glance: Picture, aspect: float) -> bool:
    """Whether metadata describe a picture of this thumbnail and aspect ratio."""
    try:
        wanted = np.frombuffer(bytes.fromhex(metadata["glance"]), np.uint8).astype(int)
        same_shape = abs(aspect / float(metadata["aspect"]) - 1) < _SAME_ASPECT
        apart = np.abs(wanted - glance.ravel()).mean()
    except (KeyError, ValueError):
        return False
    return bool(same_shape and apart <= min(_SAME_GLANCE, _SAME_SHARE * wanted.std()))


def own_network(style: Picture) -> SingleNetwork | None:
    """The network that ships for this picture, RGB uint8 (H, W, 3), where there is one."""
    glance, aspect = _glance(style), _aspect(style)
    for name in (name for name in SHA256 if name.startswith("styles/")):
        if _shows(read_metadata(shipped(f"weights/{name}")), glance, aspect):
            return load_single(shipped_weights(name))
    return None


def plus_difference(layers: StyledLayers, difference: StyledLayers, share: float) -> StyledLayers:
    """layers + share * difference."""
    return {
        name: StyledLayer(
            *(
                own + share * other
                for own, other in zip(layers[name], difference[name], strict=True)
            )
        )
        for name in layers
    }


def difference(layers: StyledLayers, others: StyledLayers) -> StyledLayers:
    """layers - others."""
    return plus_difference(layers, others, -1.0)


def _aspect(style: Picture) -> float:
    return float(style.shape[1] / style.shape[0])


def _glance(style: Picture) -> Picture:
    """A small thumbnail of a picture, RGB uint8, by which it is recognized."""
    side = _GLANCE_SIDE
    return np.asarray(cv2.resize(style, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
