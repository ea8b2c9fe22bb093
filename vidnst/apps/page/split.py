"""A component to compare two pictures: with a movable split line, or side by side."""

from typing import Literal

from vidnst.apps.page.components import component, data_url
from vidnst.frames.frame import Picture

View = Literal["split", "side", "painted"]


def split(source: Picture, painted: Picture, *, view: View, told: str, key: str) -> None:
    """Show RGB uint8 (H, W, 3) pictures of one size; told: alternative text for screen readers."""
    component("split")(
        data={
            "view": view,
            "source": data_url(source),
            "painted": data_url(painted),
            "source_told": f"{told}, as it was filmed",
            "painted_told": f"{told}, painted",
        },
        key=key,
    )
