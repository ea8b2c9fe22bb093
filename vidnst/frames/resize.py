"""Resizing of pictures."""

import cv2
import numpy as np

from vidnst.frames.frame import Picture


def resize(picture: Picture, size_hw: tuple[int, int]) -> Picture:
    """Resize RGB uint8 (H, W, 3) to size_hw: area average when shrinking, else bicubic."""
    if picture.shape[:2] == size_hw:
        return picture
    shrinks = size_hw[0] * size_hw[1] < picture.shape[0] * picture.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size_hw[::-1], interpolation=method), np.uint8)
