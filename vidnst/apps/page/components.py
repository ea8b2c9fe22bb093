"""The page's custom components, whose HTML, CSS and JavaScript lie beside this file."""

from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import Any

import cv2
import streamlit as st

from vidnst.frames.frame import Picture

_QUALITY = 90


@cache
def component(name: str) -> Any:
    """The function that mounts a component; it loads nothing from other servers."""
    html, css, js = (
        files("vidnst.apps.page").joinpath(f"{name}.{kind}").read_text("utf-8")
        for kind in ("html", "css", "js")
    )
    return st.components.v2.component(f"vidnst_{name}", html=html, css=css, js=js)


def data_url(picture: Picture) -> str:
    """RGB uint8 (H, W, 3) as a data URL of a JPEG."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    jpeg = cv2.imencode(".jpg", picture[:, :, ::-1], quality)[1].tobytes()
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"
