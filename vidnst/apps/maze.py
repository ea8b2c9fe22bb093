"""Measure mazes: pixel-level patterns that grow where a stabilizer feeds back sharpened frames."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Picture

Powers = npt.NDArray[np.float32]

_BLOCK = 32
_ROUNDING = 1 / 12
"""The variance of rounding to whole levels, in levels squared."""
_PERCENTILE = 95
_MOST_GROUPS = 1024


def finest_powers(picture: Picture) -> Powers:
    """Power of a grid of single pixels, of either axis or both, in each block of 32 pixels.

    picture: RGB uint8 (H, W, 3). Of the lightness, in levels squared, float32 (H // 32, W // 32);
    the mean over the bins at Nyquist's frequency and beside it, so that white noise has its
    variance. A Hann window suppresses leakage from coarser marks at a block's border.
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
    """The mean over the last quarter of a shot, in constant memory.

    It keeps the means of groups of frames, and merges them in pairs where there are too many. Up to
    1,024 frames, each is its own group.
    """

    def __init__(self) -> None:
        self._groups: list[tuple[Powers, int]] = []
        self._group_frames = 1
        self._frames = 0

    def see(self, powers: Powers) -> None:
        """Add the next frame's powers."""
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
        """The mean over at least the last quarter of the frames, in whole groups."""
        wanted = max(1, self._frames // 4)
        first = len(self._groups)
        while wanted > 0:
            first -= 1
            wanted -= self._groups[first][1]
        return _mean(self._groups[first:])


def maze(shots: Sequence[Powers], baseline: Sequence[Powers]) -> float | None:
    """The ratio of the finest grid's power in the worst blocks to the baseline's; 1 is no maze.

    Both: the mean over the last quarter of each shot. Returns the 95th percentile over all blocks;
    None where no frame has a whole block.
    """
    ratios = [
        (shot + _ROUNDING) / (raw + _ROUNDING) for shot, raw in zip(shots, baseline, strict=True)
    ]
    blocks = np.concatenate([ratio.ravel() for ratio in ratios]) if ratios else np.empty(0)
    return float(np.percentile(blocks, _PERCENTILE)) if blocks.size else None


def _mean(groups: Sequence[tuple[Powers, int]]) -> Powers:
    """The mean of group means, weighted by their numbers of frames."""
    means, frames = zip(*groups, strict=True)
    return np.asarray(np.average(means, axis=0, weights=frames), np.float32)
