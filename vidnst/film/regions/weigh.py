"""The weights of each style at each pixel, from the masks of regions."""

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.errors import MediaError
from vidnst.frames.shares import in_bytes
from vidnst.media.masks import MARKED, Mask
from vidnst.options.regions import REST, RegionOptions

Planes = npt.NDArray[np.uint8]
"""Weights of K styles in 1/255, uint8 (K, H, W); at no pixel do they sum to more than 255."""


class Weigher:
    """Computes the weights of each frame, and records which regions have appeared."""

    def __init__(self, options: RegionOptions, size_hw: tuple[int, int]) -> None:
        self._options, self._size_hw = options, size_hw
        self._width_px = options.softness / 100 * size_hw[0]
        self._marked: set[str] = set()
        self._shown: set[str] = set()

    def weigh(self, masks: Mapping[str, Mask]) -> Planes:
        """The styles' weights on a frame, from the masks of its regions, uint8 (H, W) each.

        A region gets what those before it leave; where each covers half of a pixel at a common
        edge, both keep their half. Then each style's weights are blurred to soften edges.
        """
        styles = self._options.styles
        planes = np.zeros((len(styles), *self._size_hw), np.float32)
        left = np.full(self._size_hw, 255, np.uint8)
        ordered = sorted(self._options.regions, key=lambda region: region.name == REST)
        for region in ordered:
            mask = left if region.mask is None else masks[region.name]
            own = np.minimum(mask, left)
            left = left - own
            if mask.max() >= MARKED:
                self._marked.add(region.name)
            if own.max() >= MARKED:
                self._shown.add(region.name)
            if region.painted_in is not None:
                planes[styles.index(region.painted_in)] += own
        if self._width_px > 0.5:
            planes = np.stack([self._softened(plane) for plane in planes])
        return in_bytes(planes / np.float32(255))

    def check(self) -> None:
        """Raises MediaError where a region has appeared on no frame."""
        for region in self._options.regions:
            if region.mask is not None and region.name not in self._marked:
                raise MediaError(f"{region.mask} is empty: nothing in it is white")
            if region.name not in self._shown:
                raise MediaError(
                    f"region {region.name}: nothing is left of it, those before it cover it all"
                )

    def _softened(self, plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        # A blurred edge spans -2 to 2 standard deviations.
        soft = cv2.GaussianBlur(plane, (0, 0), self._width_px / 4, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(soft, np.float32)
