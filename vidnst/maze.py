"""A maze of single pixels: what grows where a stabilizer feeds back what it sharpened."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames import Picture

Powers = npt.NDArray[np.float32]

_BLOCK = 32
_ROUNDING = 1 / 12
"""Power of what rounding to whole levels leaves, in levels squared."""
_PERCENTILE = 95


def finest_powers(picture: Picture) -> Powers:
    """Power of a grid of single pixels, of either axis or both, in each block of 32 pixels.

    picture: RGB uint8 (H, W, 3). Of the lightness, in levels squared, float32 (H // 32, W // 32);
    the mean over the bins at Nyquist's frequency and beside it, so that white noise has its
    variance. Hann's window keeps coarser marks at a block's border out.
    """
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    rows, columns = gray.shape[0] // _BLOCK, gray.shape[1] // _BLOCK
    blocks = gray[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    blocks = blocks.swapaxes(1, 2)
    hann = np.hanning(_BLOCK + 2)[1:-1]
    window = np.outer(hann, hann)
    window /= np.sqrt(np.square(window).sum())
    spectrum = np.square(
        np.abs(np.fft.fft2((blocks - blocks.mean((2, 3), keepdims=True)) * window))
    )
    far = np.minimum(np.arange(_BLOCK), _BLOCK - np.arange(_BLOCK))
    finest = np.maximum(far[:, None], far) >= _BLOCK // 2 - 1
    return np.asarray(spectrum[..., finest].mean(-1), np.float32)


def maze(shots: Sequence[Sequence[Powers]], baseline: Sequence[Sequence[Powers]]) -> float | None:
    """By how much the finest grid's power in the worst blocks exceeds the baseline's; 1 is none.

    Each: by shot, of every frame. Of the last quarter of each shot, the 95th percentile of all
    blocks; None where no frame has a whole block.
    """
    ratios = [
        (_last(shot) + _ROUNDING) / (_last(raw) + _ROUNDING)
        for shot, raw in zip(shots, baseline, strict=True)
    ]
    blocks = np.concatenate([ratio.ravel() for ratio in ratios]) if ratios else np.empty(0)
    return float(np.percentile(blocks, _PERCENTILE)) if blocks.size else None


def _last(shot: Sequence[Powers]) -> Powers:
    """Mean over the last quarter of its frames."""
    return np.asarray(np.mean(shot[-max(1, len(shot) // 4) :], axis=0), np.float32)
