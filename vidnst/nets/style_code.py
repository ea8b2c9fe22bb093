"""Style codes: feature statistics of a style picture, which condition the network."""

from functools import lru_cache

import torch
from torch import Tensor

from vidnst.nets.losses import moments
from vidnst.nets.perceptual import PerceptualEncoder, load_encoder
from vidnst.nets.style_pictures import FINE_BLOCKS
from vidnst.nets.weights import shipped_weights

_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")


@lru_cache(maxsize=1)
def code_encoder() -> PerceptualEncoder:
    """The shipped slim encoder, which computes codes. Shared: callers must not modify it."""
    return load_encoder(shipped_weights("slim.safetensors")).requires_grad_(False)


def with_fine_texture(encoder: PerceptualEncoder, code: Tensor, fine: Tensor) -> Tensor:
    """A code (B, N) whose entries for the lower layers are replaced by those of `fine`."""
    lower = [encoder.channels(layer) for layer in _LAYERS if layer.startswith(FINE_BLOCKS)]
    pairs = lower[0] * (lower[0] - 1) // 2
    own = 2 * sum(lower) + pairs
    return torch.cat([fine[:, :own], code[:, own:]], 1)


def style_code(encoder: PerceptualEncoder, style: Tensor) -> Tensor:
    """Compute the codes (B, N) of style pictures (B, 3, H, W) in [0, 1].

    A code holds mean and standard deviation of the encoder's features in four layers, and
    the correlations of the first layer, which capture which colors occur together.
    """
    parts: list[Tensor] = []
    features = encoder(style, _LAYERS)
    for layer in _LAYERS:
        m = moments(features[layer])
        std = m.covariance.diagonal(dim1=1, dim2=2).clamp_min(0).sqrt()
        parts += [m.mean, std]
        if layer == _LAYERS[0]:
            scale = std[:, :, None] * std[:, None, :] + 1e-4
            row, column = torch.triu_indices(std.shape[1], std.shape[1], 1, device=std.device)
            parts.append((m.covariance / scale)[:, row, column])
    return torch.cat(parts, 1)
