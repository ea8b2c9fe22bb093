"""What a place and those around it look like, in few numbers.

Places that are alike by themselves may lie anywhere in a style, and what is then wanted of a
picture are scraps that do not fit each other. Compared with the eight around them (Li and Wand
2016, "Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis"),
neighbors come to want what are neighbors in the style too: whole marks of it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

_COMPONENTS = 128
_FITTED = 2048
"""So many of a style's places say which components matter."""


def neighborhoods(places: Tensor, chosen: Tensor) -> Tensor:
    """The features of chosen places and of those around them: (N, C, 3, 3), from (h, w, C).

    chosen: rows of the grid in reading order, (N,). Beyond its edges the grid repeats itself.
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
    """The directions in which neighborhoods (N, C, 3, 3), around 0, differ most: (K, C, 3, 3).

    By randomized projections (Halko et al. 2011); seed: of those.
    """
    rows = around[:: -(-len(around) // _FITTED)].flatten(1).cpu()
    count = min(_COMPONENTS, *rows.shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        directions = torch.svd_lowrank(rows, count, niter=2)[2]
    return directions.T.reshape(-1, *around.shape[1:]).to(around.device)


def described(around: Tensor, components: Tensor) -> Tensor:
    """Neighborhoods (N, C, 3, 3) by their components: (N, K)."""
    return around.flatten(1) @ components.flatten(1).T


def described_grid(places: Tensor, components: Tensor) -> Tensor:
    """The neighborhoods of all places of a grid (h, w, C) by their components: (h w, K)."""
    padded = F.pad(places.permute(2, 0, 1)[None], (1, 1, 1, 1), mode="replicate")
    return F.conv2d(padded, components)[0].flatten(1).T
