"""Warp a picture along optical flow."""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.motion.flow import Flow


def warp(picture: npt.NDArray[np.float32], flow: Flow) -> npt.NDArray[np.float32]:
    """Sample picture along flow: result(p) = picture(p + f).

    picture: float32 (H, W) or (H, W, C). flow: (H, W, 2) in pixels.

    Convention: with the flow from the current frame to the previous one, it brings the previous
    picture to the current frame. Bilinear; pixel centers are at whole numbers; places outside
    take the nearest border pixel.
    """
    places = np.asarray(flow + pixel_grid(*flow.shape[:2]), np.float32)
    return sampled(picture, places)


def sampled(
    picture: npt.NDArray[np.float32], places: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Sample picture, float32 (H, W) or (H, W, C), at places: x and y in it, float32 (H, W, 2)."""
    warped = cv2.remap(  # type: ignore[call-overload]
        picture, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.float32)


def sampled_cubic(
    picture: npt.NDArray[np.float32], places: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """As sampled, but bicubic: sharper between pixels, and it may overshoot a little at edges."""
    warped = cv2.remap(  # type: ignore[call-overload]
        picture, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.float32)


@lru_cache(maxsize=8)
def pixel_grid(height: int, width: int) -> npt.NDArray[np.float32]:
    """x and y of every pixel center, float32 (H, W, 2); not to be written to."""
    y, x = np.mgrid[:height, :width]
    grid = np.stack([x, y], -1).astype(np.float32)
    grid.flags.writeable = False
    return grid
