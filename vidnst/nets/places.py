"""Places: features of squares of 4x4 pixels, and the search for their nearest neighbors.

Kolkin et al. 2022, "Neural Neighbor Style Transfer" (arXiv 2203.13215), section 3: features of
several layers, compared by cosine similarity after their mean has been subtracted.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.nets.channels_last import averaged

LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
PLACE_SIDE = 4
"""Of a place, in pixels; finer feature maps are average-pooled to it."""

_BLOCK = 4096
"""The number of queries that are compared with all places at once."""


def place_features(features: dict[str, Tensor]) -> list[Tensor]:
    """The feature maps of LAYERS on the grid of places, (1, C, H // 4, W // 4), float32."""
    height, width = features["relu3_3"].shape[2:]
    found = []
    for layer, pool in zip(LAYERS, (4, 2, 1, 0), strict=True):
        each = features[layer].float()
        if pool > 1:
            each = averaged(each, pool)
        elif not pool:
            each = F.interpolate(each, scale_factor=2, mode="bilinear", align_corners=False)
            # Pooling dropped an odd last row or column: the one before it stands for it.
            if each.shape[2] < height:
                each = torch.cat([each, each[:, :, -1:]], 2)
            if each.shape[3] < width:
                each = torch.cat([each, each[:, :, :, -1:]], 3)
        found.append(each)
    return found


@torch.no_grad()
def nearest(queries: Tensor, places: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The index of the unit vector in places (N, C) nearest to each query (M, C), and the cosine.

    An exhaustive search, block by block, in the precision of dtype.
    """
    found, known = [], places.to(dtype).T.contiguous()
    for block in F.normalize(queries, dim=1).to(dtype).tensor_split(-(-len(queries) // _BLOCK)):
        cosine, index = (block @ known).max(1)
        found.append((index, cosine.float()))
    return torch.cat([index for index, _ in found]), torch.cat([cosine for _, cosine in found])
