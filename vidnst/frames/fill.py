"""Fill in missing colors from the surrounding ones."""

import cv2
import numpy as np

from vidnst.frames.frame import Floats


def filled(colors: Floats, weight: Floats) -> Floats:
    """Fill in the pixels of weight 0 from an image pyramid (push-pull, by recursion).

    colors: (H, W, 3) float32; weight: (H, W), 0 where there is no color.
    """
    if weight.all():
        return colors
    height, width = weight.shape
    half_wh = max(1, width // 2), max(1, height // 2)
    weighted = np.dstack([colors * weight[:, :, None], weight])
    small = np.asarray(cv2.resize(weighted, half_wh, interpolation=cv2.INTER_AREA), np.float32)
    seen = small[:, :, 3]
    mean = np.divide(small[:, :, :3], np.maximum(seen, 1e-6)[:, :, None], dtype=np.float32)
    coarse = filled(mean, seen)
    around = np.asarray(cv2.resize(coarse, (width, height)), np.float32)
    return np.where(weight[:, :, None] > 0, colors, around)
