"""Links between two frames: where one's pixels are in the other, and how far to trust that."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.motion.flow import Flow
from vidnst.motion.visibility import flow_disagreement, inside
from vidnst.motion.warp import pixel_grid, warp

Plane = npt.NDArray[np.float32]
"""One number for each pixel, float32 (H, W)."""

_SMALLEST_SIDE = 200
_WINDOW = (5, 5)
_AROUND = np.ones((3, 3), np.uint8)
_ASTRAY_PX = 0.5
_STILL_PX = 0.35
_MOST_NOISE = 8.0
"""Upper bound of the estimate of camera noise, in 1/255: more is another change, as by a flash."""


@dataclass(frozen=True)
class Link:
    """Where each pixel of a frame is in another one.

    places (H, W, 2): x and y in the other frame, in pixels and at the size of the painted frames,
    as cv2.remap takes them. At the size that flow is computed at, in 0..1: trusted, 1 where the
    pixel is visible in the other frame; still, 1 where only camera noise changed.
    """

    places: npt.NDArray[np.float32]
    trusted: Plane
    still: Plane


def seen_small(picture: Picture) -> Picture:
    """The picture at the size that flow is computed at: halved for speed, unless it is small."""
    height, width = picture.shape[:2]
    if min(height, width) < _SMALLEST_SIDE:
        return picture
    return resize(picture, ((height + 1) // 2, (width + 1) // 2))


def link(
    here: Picture, there: Picture, flow: Flow, opposite: Flow, size_hw: tuple[int, int]
) -> Link:
    """Link a frame to another, both as seen_small gives them, RGB uint8.

    flow: from here to there; opposite: from there to here. size_hw: of the frames to be warped.
    """
    gray, gray_there = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (here, there))
    contrast = cv2.blur(cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, _AROUND), _WINDOW)
    seen, seen_there = gray.astype(np.float32), gray_there.astype(np.float32)
    unmoved = cv2.blur(cv2.absdiff(seen, seen_there), _WINDOW)
    moved = cv2.blur(cv2.absdiff(seen, warp(seen_there, flow)), _WINDOW)
    noise = min(float(np.median(moved[::4, ::4])), _MOST_NOISE)
    disagreement, allowed = flow_disagreement(flow, opposite)
    trusted = inside(flow) * np.clip(3 - disagreement / (allowed + 1.5), 0, 1)
    # An error of the flow below a pixel leaves a residual in proportion to the contrast.
    trusted *= np.clip(2 - moved / (3 * noise + 3 + _ASTRAY_PX * contrast), 0, 1)
    trusted = cv2.erode(trusted.astype(np.float32), _AROUND)
    # A short flow that matches no better than zero motion is noise.
    still = np.clip(2 - cv2.magnitude(flow[..., 0], flow[..., 1]) / _STILL_PX, 0, 1)
    still *= np.clip(4 - 2.5 * unmoved / (moved + 0.25), 0, 1)
    height, width = size_hw
    moving = 1 - still
    scaled = [moving * (width / here.shape[1]), moving * (height / here.shape[0])]
    places = cv2.resize(cv2.multiply(flow, cv2.merge(scaled)), (width, height))
    return Link(
        np.asarray(cv2.add(places, pixel_grid(height, width)), np.float32),
        np.asarray(trusted, np.float32),
        np.asarray(still, np.float32),
    )
