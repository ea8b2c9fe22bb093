"""A maze of single pixels: what grows where a stabilizer feeds back what it sharpened."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Picture

Powers = npt.NDArray[np.float32]

_BLOCK = 32
_ROUNDING = 1 / 12
"""Power of what rounding to whole levels leaves, in levels squared."""
_PERCENTILE = 95
_MOST_GROUPS = 1024


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


class LastQuarter:
    """The mean over the last quarter of a shot, in memory that does not grow with its length.

    Of groups of frames their means are kept; where there are too many, every two become one. Up to
    1,024 frames each is a group of its own.
    """

    def __init__(self) -> None:
        self._groups: list[tuple[Powers, int]] = []
        self._group_frames = 1
        self._frames = 0

    def see(self, powers: Powers) -> None:
        """Take the next frame's."""
        self._frames += 1
        if self._groups and self._groups[-1][1] < self._group_frames:
            powers = _mean([self._groups.pop(), (powers, 1)])
            self._groups.append((powers, 1 + (self._frames - 1) % self._group_frames))
            return
        if len(self._groups) == _MOST_GROUPS:
            pairs = zip(self._groups[::2], self._groups[1::2], strict=True)
            self._group_frames *= 2
            self._groups = [(_mean(pair), self._group_frames) for pair in pairs]
        self._groups.append((powers, 1))

    @property
    def mean(self) -> Powers:
        """Of no less than a quarter of the frames, to whole groups."""
        wanted = max(1, self._frames // 4)
        first = len(self._groups)
        while wanted > 0:
            first -= 1
            wanted -= self._groups[first][1]
        return _mean(self._groups[first:])


def maze(shots: Sequence[Powers], baseline: Sequence[Powers]) -> float | None:
    """By how much the finest grid's power in the worst blocks exceeds the baseline's; 1 is none.

    Each: of every shot the mean over its last quarter. Told is the 95th percentile of all blocks;
    None where no frame has a whole block.
    """
    ratios = [
        (shot + _ROUNDING) / (raw + _ROUNDING) for shot, raw in zip(shots, baseline, strict=True)
    ]
    blocks = np.concatenate([ratio.ravel() for ratio in ratios]) if ratios else np.empty(0)
    return float(np.percentile(blocks, _PERCENTILE)) if blocks.size else None


def _mean(groups: Sequence[tuple[Powers, int]]) -> Powers:
    """Of groups' means, each with how many frames it stands for."""
    means, frames = zip(*groups, strict=True)
    return np.asarray(np.average(means, axis=0, weights=frames), np.float32)
