"""Bring a picture to where another frame sees it."""

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.motion.flow import Flow


def warp(picture: npt.NDArray[np.float32], flow: Flow) -> npt.NDArray[np.float32]:
    """Sample picture along flow: result(p) = picture(p + f).

    picture: float32 (H, W) or (H, W, C). flow: (H, W, 2) in pixels.

    Convention: with the flow from the current frame to the previous one, it brings the previous
    picture to the current frame. Bilinear; pixel centers are whole numbers; places outside take
    the nearest border pixel.
    """
    height, width = flow.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.asarray(
        cv2.remap(
            picture,
            x + flow[..., 0],
            y + flow[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )
