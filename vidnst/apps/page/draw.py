"""A component to draw over a frame: a mask, or a painting of it."""

from base64 import b64decode
from io import BytesIO
from typing import Literal

import numpy as np

from vidnst.apps.page.components import component, data_url
from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize

Kind = Literal["mask", "painting"]


def draw(scene: Picture, *, kind: Kind, told: str, key: str) -> bytes | None:
    """Show RGB uint8 (H, W, 3) to draw on; returns what was drawn once, as a PNG, when finished.

    A mask is white on black, a painting transparent where nothing was painted. told: alternative
    text for screen readers. Raises ValueError where the browser sends no PNG.
    """
    height, width = scene.shape[:2]
    drawn = component("draw")(
        data={"scene": data_url(scene), "size": [width, height], "kind": kind, "told": told},
        on_drawn_change=lambda: None,
        key=key,
    ).drawn
    if drawn is None:
        return None
    return b64decode(str(drawn).removeprefix("data:image/png;base64,"), validate=True)


def laid_over(scene: Picture, drawn: bytes, *, drawn_hw: tuple[int, int]) -> Picture:
    """A scene with what was drawn over it, RGB uint8 (H, W, 3); drawn: a PNG of drawn_hw.

    Raises ValueError for anything else.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(drawn), formats=["PNG"]) as picture:
            if picture.size != drawn_hw[::-1]:
                raise ValueError(f"{picture.width}x{picture.height} pixels were drawn")
            pixels = np.asarray(picture.convert("RGBA"), np.uint8)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise ValueError("what was drawn cannot be read") from error
    size_hw = scene.shape[0], scene.shape[1]
    alpha = resize(np.repeat(pixels[:, :, 3:], 3, 2), size_hw).astype(np.float32) / 255
    # Premultiplied, so that the black of clear pixels does not darken the edges of strokes.
    ink = pixels[:, :, :3].astype(np.float32) * (pixels[:, :, 3:] / 255)
    inked = resize(np.rint(ink).astype(np.uint8), size_hw).astype(np.float32)
    return np.clip(np.rint(inked + scene * (1 - alpha)), 0, 255).astype(np.uint8)
