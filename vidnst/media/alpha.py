"""Transparent frames: straight colors and alpha."""

import av
import cv2
import numpy as np

from vidnst.frames.fill import filled
from vidnst.frames.frame import Alpha, Picture
from vidnst.frames.resize import resize
from vidnst.media.clip import ColorTags
from vidnst.media.color import has_alpha, rgb_pixels, to_rgb, tone_map

_SOFT_EDGE = 0.015
"""Widest soft edge, as a share of the frame's height; at least 8 px."""


def to_rgb_and_alpha(
    frame: av.VideoFrame, tags: ColorTags, size_hw: tuple[int, int]
) -> tuple[Picture, Alpha | None]:
    """Convert a decoded frame to RGB uint8 (H, W, 3) and alpha uint8 (H, W) of the given size.

    alpha is None where the frame holds none. Colors are taken as straight (not premultiplied), and
    extended into transparent areas, so that strokes do not follow a black edge.
    """
    if not (has_alpha(frame.format.name) or frame.format.name == "pal8"):
        return to_rgb(frame, tags, size_hw), None
    own_hw = frame.height, frame.width
    if tags.hdr:
        codes = rgb_pixels(frame, tags, own_hw, "rgba64le")
        picture, alpha = tone_map(codes[:, :, :3], tags.transfer), codes[:, :, 3] >> 8
    else:
        pixels = rgb_pixels(frame, tags, own_hw, "rgba")
        picture, alpha = pixels[:, :, :3], pixels[:, :, 3]
    opacity = np.ascontiguousarray(alpha, np.uint8)
    # Scaled after that, so that colors of transparent pixels do not bleed into others.
    return resize(continued(picture, opacity), size_hw), resize(opacity, size_hw)


def continued(picture: Picture, alpha: Alpha) -> Picture:
    """The picture, with transparent pixels filled in smoothly from the visible ones.

    Soft edges between opaque and transparent areas also get their colors from the opaque side, as
    many programs leave black in them. picture: RGB uint8 (H, W, 3), alpha: uint8 (H, W).
    """
    if alpha.all() or not alpha.any():
        return np.ascontiguousarray(picture)
    width_px = 2 * max(8, round(_SOFT_EDGE * picture.shape[0])) + 1
    around = np.ones((width_px, width_px), np.uint8)
    nothing, opaque = (cv2.dilate((alpha == level).astype(np.uint8), around) for level in (0, 255))
    soft = (alpha < 255) & (nothing > 0) & (opaque > 0)
    weight = np.where(soft, 0, alpha).astype(np.float32) / np.float32(255)
    colors = filled(picture.astype(np.float32), weight)
    return np.where(weight[:, :, None] > 0, picture, np.rint(colors).astype(np.uint8))
