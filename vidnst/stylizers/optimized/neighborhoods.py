"""Descriptors of 3x3 neighborhoods of places, reduced by principal component analysis.

Places matched by their own features alone come from anywhere in a style, and adjacent matches do
not fit each other. If the eight places around each are compared as well (Li and Wand 2016,
"Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis"), adjacent
places tend to match adjacent places of the style, and whole marks are reproduced.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_COMPONENTS = 128
_FITTED = 2048
"""The number of a style's places that the components are fitted to."""


def neighborhoods(places: Tensor, chosen: Tensor) -> Tensor:
    """The features of chosen places and of those around them: (N, C, 3, 3), from (h, w, C).

    chosen: indices in the grid, row by row, (N,). Beyond its edges the nearest place is repeated.
    """
    height, width = places.shape[:2]
    y, x = chosen // width, chosen % width
    steps = (-1, 0, 1)
    found = [
        places[(y + down).clamp(0, height - 1), (x + right).clamp(0, width - 1)]
        for down in steps
        for right in steps
    ]
    return torch.stack(found, 2).reshape(len(chosen), -1, 3, 3)


def principal_components(around: Tensor, seed: int) -> Tensor:
    """The principal components (K, C, 3, 3) of neighborhoods (N, C, 3, 3) of mean 0.

    By randomized projections (Halko et al. 2011); seed: of those.
    """
    rows = around[:: -(-len(around) // _FITTED)].flatten(1).cpu()
    count = min(_COMPONENTS, *rows.shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        directions = torch.svd_lowrank(rows, count, niter=2)[2]
    return directions.T.reshape(-1, *around.shape[1:]).to(around.device)


def described(around: Tensor, components: Tensor) -> Tensor:
    """Project neighborhoods (N, C, 3, 3) on the components: (N, K)."""
    return around.flatten(1) @ components.flatten(1).T


def described_grid(places: Tensor, components: Tensor) -> Tensor:
    """Project the neighborhoods of all places of a grid (h, w, C) on the components: (h w, K)."""
    padded = F.pad(places.permute(2, 0, 1)[None], (1, 1, 1, 1), mode="replicate")
    return F.conv2d(padded, components)[0].flatten(1).T
