"""Text labels on pictures."""

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Picture

_FINER = 4
"""Supersampling: letters are drawn larger by this factor and scaled down."""


def label(text: str, height_px: int) -> npt.NDArray[np.uint8]:
    """White words on a dark translucent ground, RGBA uint8 (height_px, W, 4).

    OpenCV knows ASCII letters only; others become "?".
    """
    shown = text.encode("ascii", "replace").decode()
    face, tall = cv2.FONT_HERSHEY_DUPLEX, height_px * _FINER
    scale = 0.5 * tall / 21
    thickness = max(1, round(tall / 20))
    (width, height), below = cv2.getTextSize(shown, face, scale, thickness)
    margin = tall // 3
    letters = np.zeros((tall, width + 2 * margin), np.uint8)
    place = margin, (tall + height) // 2 - below // 6
    cv2.putText(letters, shown, place, face, scale, 255, thickness, cv2.LINE_AA)
    size = (max(1, letters.shape[1] // _FINER), height_px)
    white = cv2.resize(letters, size, interpolation=cv2.INTER_AREA)
    return np.dstack([white, white, white, np.maximum(white, 150)]).astype(np.uint8)


def labeled(picture: Picture, text: str, height_px: int) -> Picture:
    """RGB uint8 (H, W, 3) with a label in its lower left corner."""
    words = label(text, height_px)[: picture.shape[0], : picture.shape[1]]
    height, width = words.shape[:2]
    result = picture.copy()
    corner = result[-height:, :width]
    opacity = words[:, :, 3:].astype(np.float32) / 255
    blended = words[:, :, :3] * opacity + corner * (1 - opacity)
    corner[:] = np.rint(blended).astype(np.uint8)
    return result
