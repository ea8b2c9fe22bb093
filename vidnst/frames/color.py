"""Colors of a painting: the style's, the source's, or the style's matched to the source's.

Gatys et al. 2017, "Controlling Perceptual Factors in Neural Style Transfer", on color control.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Picture
from vidnst.options.styles import Color

_LEAST_CHROMA = 0.5
"""Share of its chroma that each pixel keeps at least, whatever its painted lightness."""
_LEAST_SPREAD = 2 / 255
"""Lower bound of the standard deviation of a style's colors in any direction: less is noise, which
matching would amplify."""
_MOST_PIXELS = 100_000


@dataclass(frozen=True, eq=False)
class Palette:
    """Mean (3,) and covariance (3, 3), float64, of the colors of pictures, RGB in [0, 1]."""

    mean: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]


def palette_of(pictures: Sequence[Picture]) -> Palette:
    """The palette of pictures, RGB uint8 (H, W, 3), each weighted by its number of pixels.

    Large pictures are subsampled. The result does not depend on the number of threads, as sums of
    whole numbers are exact.
    """
    total, products, count = np.zeros(3), np.zeros((3, 3)), 0
    step = max(1, sum(p.shape[0] * p.shape[1] for p in pictures) // _MOST_PIXELS)
    for picture in pictures:
        pixels = picture.reshape(-1, 3)[::step].astype(np.float64)
        total += pixels.sum(0)
        products += pixels.T @ pixels
        count += len(pixels)
    mean = total / count
    return Palette(mean / 255, (products / count - np.outer(mean, mean)) / 255**2)


def matched(style: Picture, wanted: Palette) -> Picture:
    """A style, RGB uint8 (H, W, 3), with its colors matched to the wanted palette.

    Each color becomes A (x - m_s) + m_c with A = C_c^(1/2) C_s^(-1/2), m and C mean and covariance:
    the paper's color matching, which takes this root from Hertzmann et al. 2001.
    """
    own = palette_of([style])
    change = _power(wanted.covariance, 0.5, 0.0) @ _power(own.covariance, -0.5, _LEAST_SPREAD)
    shift = 255 * (wanted.mean - change @ own.mean)
    map_rgb = np.concatenate([change, shift[:, None]], 1)
    mapped = cv2.transform(style.astype(np.float32), map_rgb.astype(np.float32))
    return np.rint(np.clip(mapped, 0, 255)).astype(np.uint8)


def _power(
    covariance: npt.NDArray[np.float64], exponent: float, least_spread: float
) -> npt.NDArray[np.float64]:
    """A symmetric power of a covariance, its standard deviations raised to least_spread or more."""
    values, vectors = np.linalg.eigh(covariance)
    raised = np.maximum(values, max(least_spread, 1e-9) ** 2) ** exponent
    return np.asarray((vectors * raised) @ vectors.T)


def colored(painted: Picture, source: Picture, color: Color) -> Picture:
    """A painted frame in the colors asked for; painted, source: RGB uint8 (H, W, 3)."""
    return with_chroma_of(source, painted) if color == "luminance" else painted


def with_chroma_of(source: Picture, painted: Picture) -> Picture:
    """The lightness of painted with the chroma of source, all RGB uint8 (H, W, 3).

    The paper's luminance-only transfer, in YCbCr (BT.601, full range), where a color is its luma Y
    and the differences of R, G and B from it. Where a channel would leave 0..255, the chroma is
    reduced at constant hue, but to no less than half of it; beyond that, the luma is changed.
    """
    own, wanted = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (source, painted))
    channels = cv2.split(source)
    below = own - cv2.min(cv2.min(channels[0], channels[1]), channels[2])
    above = cv2.max(cv2.max(channels[0], channels[1]), channels[2]) - own
    shift = cv2.subtract(wanted, own, dtype=cv2.CV_16S)
    result = cv2.add(source, cv2.merge([shift] * 3), dtype=cv2.CV_8U)
    leaves = (wanted < below) | (cv2.bitwise_not(wanted) < above)
    if leaves.any():
        few = [plane[leaves].astype(np.float32) for plane in (wanted, own, below, above)]
        result[leaves] = _in_range(source[leaves], *few)
    return np.asarray(result, np.uint8)


def _in_range(
    source: Picture,
    wanted: npt.NDArray[np.float32],
    own: npt.NDArray[np.float32],
    below: npt.NDArray[np.float32],
    above: npt.NDArray[np.float32],
) -> Picture:
    """Colors (N, 3) of the wanted luma in 0..255, with the chroma of source (N, 3).

    own: the luma of source; below, above: how far its channels reach below and above that.
    """
    below, above = np.maximum(below, 1), np.maximum(above, 1)
    luma = np.clip(wanted, _LEAST_CHROMA * below, 255 - _LEAST_CHROMA * above)
    kept = np.minimum(1, np.minimum(luma / below, (255 - luma) / above))
    colors = luma[:, None] + kept[:, None] * (source - own[:, None])
    return np.asarray(np.rint(np.clip(colors, 0, 255)), np.uint8)
