"""Two pictures to be compared: under a seam that moves, or one beside the other."""

from base64 import b64encode
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import cv2
import streamlit as st

from vidnst.frames import Picture

View = Literal["split", "side", "painted"]
_QUALITY = 90


def split(source: Picture, painted: Picture, *, view: View, told: str, key: str) -> None:
    """Show RGB uint8 (H, W, 3) pictures of one size; told: what they show, for who cannot see."""
    _component()(
        data={
            "view": view,
            "source": _data_url(source),
            "painted": _data_url(painted),
            "source_told": f"{told}, as it was filmed",
            "painted_told": f"{told}, painted",
        },
        key=key,
    )


@lru_cache(maxsize=1)
def _component() -> Any:
    """Its parts lie beside this file; nothing is loaded from elsewhere."""
    html, css, js = (
        files("vidnst.page").joinpath(f"split.{kind}").read_text("utf-8")
        for kind in ("html", "css", "js")
    )
    return st.components.v2.component("vidnst_split", html=html, css=css, js=js)


def _data_url(picture: Picture) -> str:
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    jpeg = cv2.imencode(".jpg", picture[:, :, ::-1], quality)[1].tobytes()
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
