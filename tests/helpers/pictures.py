"""Pictures made by code."""

import numpy as np

from vidnst.frames.frame import Picture


def gradient_picture(height: int, width: int) -> Picture:
    """A picture without symmetry: red grows rightward, green downward, a blue disc off center."""
    y, x = np.mgrid[0:height, 0:width]
    blue = np.hypot(y - height * 0.3, x - width * 0.7) < min(height, width) * 0.2
    channels = (x * 255 // max(1, width - 1), y * 255 // max(1, height - 1), blue * 255)
    return np.stack(channels, -1).astype(np.uint8)


def brushwork(height: int = 90, width: int = 110) -> Picture:
    """A style made by code: short strokes of few colors."""
    y, x = np.mgrid[:height, :width]
    stroke = np.sin(x / 3 + 4 * np.sin(y / 17)) * np.sin(y / 7 + x / 29) > 0
    colors = np.array([[30, 60, 140], [235, 190, 70]])
    painted = colors[stroke.astype(int)] + 20 * np.sin(x / 11)[..., None]
    return np.asarray(painted.clip(0, 255), np.uint8)
