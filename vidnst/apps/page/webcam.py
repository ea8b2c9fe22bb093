"""The visitor's camera, painted live: the browser sends a frame and gets it back painted."""

from base64 import b64decode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import streamlit as st

from vidnst.apps.page.components import component, data_url
from vidnst.apps.page.mirror import Mirror
from vidnst.apps.page.session import Session
from vidnst.apps.page.uploads import Source
from vidnst.apps.page.words import in_page_words
from vidnst.errors import MediaError, VidnstError
from vidnst.frames.frame import Picture
from vidnst.options.styles import StyleOptions

_WIDTH = 480
_MOST_PIXELS = 1280 * 720
_ANSWER = "webcam answer"
_painting = ThreadPoolExecutor(1, "webcam")
"""One thread, as libraries keep a thread pool for each thread that calls them."""


def show_webcam(session: Session) -> None:
    """Show the camera's picture, with controls for style and strength."""
    style = st.selectbox(
        "Style", session.styles, key="webcam style", format_func=lambda source: source.label
    )
    strength = st.slider("Strength", 0.0, 1.0, StyleOptions.strength, 0.05, key="webcam strength")
    if style is None:
        return

    def answer() -> None:
        frame = st.session_state["webcam"].frame
        if frame:
            st.session_state[_ANSWER] = _answer(session, style, strength, frame)

    component("webcam")(
        data={"width": _WIDTH, **st.session_state.get(_ANSWER, {})},
        on_frame_change=answer,
        key="webcam",
    )


def _answer(
    session: Session, style: Source, strength: float, frame: Mapping[str, Any]
) -> dict[str, Any]:
    """The reply to the browser for a frame."""
    try:
        picture = camera_picture(str(frame["jpeg"]))
        painted = _painting.submit(_painted, session, style, strength, picture).result()
    except (VidnstError, ValueError, KeyError) as error:
        return {"error": in_page_words(str(error))}
    return {"number": frame.get("number"), "painted": data_url(painted)}


def camera_picture(url: str) -> Picture:
    """A frame as the browser sends it, RGB uint8 (H, W, 3).

    Raises ValueError and MediaError for what is no JPEG, or a large one.
    """
    from PIL import Image, UnidentifiedImageError

    encoded = b64decode(url.removeprefix("data:image/jpeg;base64,"), validate=True)
    try:
        with Image.open(BytesIO(encoded), formats=["JPEG"]) as picture:
            if picture.width * picture.height <= _MOST_PIXELS:
                return np.asarray(picture.convert("RGB"), np.uint8)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        pass
    raise MediaError("the camera's picture cannot be read")


def _painted(session: Session, style: Source, strength: float, picture: Picture) -> Picture:
    mirror = session.mirror
    if mirror is None or (mirror.style, mirror.shape) != (style, picture.shape):
        if mirror is not None:
            mirror.close()
        session.mirror = mirror = Mirror(style, strength, picture)
    return mirror.paint(picture, strength=strength)
