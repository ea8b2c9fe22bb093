"""Weight maps: how much of each style, and of the source, each pixel shows."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.fill import filled
from vidnst.frames.frame import Floats, Picture, Weights

_COARSER = 4
_AROUND = np.ones((5, 5), np.uint8)


def in_floats(weights: npt.NDArray[Any]) -> Weights:
    """A frame's weights, float32 or uint8 in 1/255, as float32."""
    if weights.dtype == np.uint8:
        return np.asarray(weights * np.float32(1 / 255), np.float32).clip(0, 1)
    return np.asarray(weights, np.float32)


def in_bytes(weights: Weights) -> npt.NDArray[np.uint8]:
    """Weights as uint8 in 1/255; cumulative sums are rounded, so that a sum of 1 stays exact."""
    levels = np.rint(np.cumsum(weights, axis=0) * 255).clip(0, 255).astype(np.uint8)
    return np.diff(levels, axis=0, prepend=np.uint8(0))


def painted_share(weights: Weights) -> Floats:
    """The sum of weights (K, H, W) over all styles: (H, W) in 0..1, or (1, 1)."""
    share = weights.sum(0)
    # A sum that falls short of 1 by rounding alone is 1.
    return np.asarray(np.where(share > 1 - 1e-5, 1, share), np.float32)


def all_painted(weights: Weights) -> Weights:
    """The weights normalized to sum to 1, without the source.

    Pixels of weight 0 get the frame's mean weights: they are not shown, but lie in the receptive
    fields of their neighbors. If all weights are 0, the first style gets all of it.
    """
    share = weights.sum(0)
    mean = weights.mean((1, 2), keepdims=True)
    total = float(mean.sum())
    if total == 0:
        first = np.zeros((len(weights), 1, 1), np.float32)
        first[0] = 1
        return first
    shown = share > 0
    shares = np.where(shown, weights, mean / total) / np.where(shown, share, 1)
    return np.asarray(shares, np.float32)


def with_source(painted: Picture, source: Picture, share: Floats) -> Picture:
    """Blend painted over the source, by share (H, W) or (1, 1) in 0..1; RGB uint8 (H, W, 3).

    A share of 0 gives exactly the source, and one of 1 exactly painted.
    """
    if share.min() == 1:
        return painted
    change = painted.astype(np.float32) - source
    return np.rint(source + share[..., None] * change).astype(np.uint8)


def continued_from(picture: Picture, share: Floats) -> Picture:
    """The picture, RGB uint8 (H, W, 3), with a smooth fill where share (H, W) is at most 0.5.

    Without the fill, the stylizer would see the unpainted area, and draw its outline as a halo in
    the strokes beside it.
    """
    seen = cv2.erode(np.asarray(share > 0.5, np.uint8), _AROUND)
    if share.shape == (1, 1) or seen.all() or not seen.any():
        return picture
    small_wh = -(-picture.shape[1] // _COARSER), -(-picture.shape[0] // _COARSER)
    colors = cv2.resize(
        cv2.bitwise_and(picture, picture, mask=seen).astype(np.float32),
        small_wh,
        interpolation=cv2.INTER_AREA,
    )
    weight = cv2.resize(seen.astype(np.float32), small_wh, interpolation=cv2.INTER_AREA)
    mean = np.asarray(colors / np.maximum(weight, 1e-6)[..., None], np.float32)
    around = cv2.resize(filled(mean, np.asarray(weight, np.float32)), picture.shape[1::-1])
    smooth = np.asarray(np.rint(around), np.uint8)
    cv2.copyTo(picture, seen, smooth)
    return smooth


def fitted(weights: Weights, size_hw: tuple[int, int]) -> Weights:
    """Weights (K, H, W) resized to size_hw; (K, 1, 1) is returned as it is."""
    if weights.shape[1:] in ((1, 1), size_hw):
        return weights
    shrinks = size_hw[0] < weights.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    planes = [cv2.resize(plane, size_hw[::-1], interpolation=method) for plane in weights]
    return np.stack(planes).astype(np.float32)
