"""A component to draw a mask over a frame."""

from base64 import b64decode

from vidnst.apps.page.components import component, data_url
from vidnst.frames.frame import Picture


def draw(scene: Picture, *, told: str, key: str) -> bytes | None:
    """Show RGB uint8 (H, W, 3) to draw a mask on; returns the mask once, as a PNG, when finished.

    told: alternative text for screen readers. Raises ValueError where the browser sends no PNG.
    """
    height, width = scene.shape[:2]
    drawn = component("draw")(
        data={"scene": data_url(scene), "size": [width, height], "told": told},
        on_mask_change=lambda: None,
        key=key,
    ).mask
    if drawn is None:
        return None
    return b64decode(str(drawn).removeprefix("data:image/png;base64,"), validate=True)
