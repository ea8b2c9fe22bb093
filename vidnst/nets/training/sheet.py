"""A contact sheet of photos (rows) and styles (columns), to inspect a training by eye."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from vidnst.media.whole import whole_file
from vidnst.nets.network import StyleNetwork


@torch.no_grad()
def write_sheet(
    path: Path, network: StyleNetwork, photos: Tensor, styles: Tensor, codes: Tensor
) -> None:
    """Write a PNG: the first column the photos, the first row the styles, painted where they cross.

    photos and styles: float RGB (N, 3, H, W) in [0, 1]; codes (N, C) are those of the styles.
    """
    tile = 192

    def cells(pictures: Tensor) -> list[np.ndarray]:
        resized = torch.nn.functional.interpolate(
            pictures.float(), (tile, tile), mode="bilinear", antialias=True
        )
        rgb = (resized.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        return list(rgb)

    rows = [np.hstack([np.zeros((tile, tile, 3), np.uint8), *cells(styles)])]
    for photo in photos:
        painted = network(photo[None].expand(len(styles), -1, -1, -1), codes)
        rows.append(np.hstack([*cells(photo[None]), *cells(painted)]))
    with whole_file(path) as part:
        cv2.imwrite(str(part), np.vstack(rows)[:, :, ::-1])
