"""Where film, style and settings are chosen."""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import get_args

import streamlit as st

from vidnst.errors import VidnstError
from vidnst.frames import Picture
from vidnst.media.pictures import read_picture
from vidnst.options import SteadyOptions, StyleOptions, Stylizer
from vidnst.page.choice import Choice
from vidnst.page.session import Session
from vidnst.page.uploads import FILM_ENDINGS, STYLE_ENDINGS, Source

_BRUSHES = (None, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 25.0)
_HEIGHTS = (240, 360, 480, 720, 1080, 1440)
_KEPT = ("film", "style", "stylizer", "strength", "brush_size", "steady", "size", "view")
"""Settings that outlive a reload of the page."""


def choose(session: Session, *, local: bool) -> Choice | None:
    """All that can be chosen; None while there is no film or no style.

    local: whether films may be named where they lie on this machine.
    """
    film = _pick(session.films, "film", FILM_ENDINGS, session.take_film)
    if local:
        with st.expander("A film on this machine"):
            st.text_input(
                "Path", key="path", placeholder="/home/me/film.mp4",
                on_change=partial(_use_path, session),
            )  # fmt: skip
    style = _pick(session.styles, "style", STYLE_ENDINGS, session.take_style)
    if film is None or style is None:
        return None
    # Colors and a mask will have their widgets below, and their fields in Choice.
    choice = Choice(
        film,
        style,
        strength=st.slider(
            "Strength", 0.0, 1.0, StyleOptions.strength, 0.05, key="strength",
            help="How much style; 0 is the film itself.",
        ),
        brush_size=st.select_slider(
            "Brush size", _BRUSHES, key="brush_size",
            format_func=lambda size: "finest" if size is None else f"{size:g} %",
            help="Size of the marks, in percent of the frame's height.",
        ),
        steady=st.slider(
            "Steadiness", 0.0, 1.0, SteadyOptions.steady, 0.05, key="steady",
            disabled=st.session_state.get("stylizer") == "gatys",
            help="How much flicker is taken away. It shows in motion, not in a still.",
        ),
        stylizer=st.radio(
            "Stylizer", get_args(Stylizer), key="stylizer", horizontal=True,
            help="fast: at once. tuned: first learns this film, for minutes, and paints bolder. "
            "gatys: minutes for each second of film, and nearest to the style.",
        ),
        size=_size(film),
    )  # fmt: skip
    session.choices = {key: st.session_state[key] for key in _KEPT if key in st.session_state}
    return choice


def _size(film: Source) -> str | None:
    assert film.clip is not None
    height, width = film.clip.size_hw
    sizes = ["", *(str(h) for h in _HEIGHTS if h < height)]
    if st.session_state.get("size") not in sizes:
        st.session_state["size"] = ""
    size = st.selectbox(
        "Size", sizes, key="size",
        format_func=lambda size: f"{size} lines" if size else f"as filmed ({width}x{height})",
    )  # fmt: skip
    return size or None


def _pick(
    known: list[Source], kind: str, endings: tuple[str, ...], take: Callable[[str, bytes], Source]
) -> Source | None:
    """One of the known ones; what is added is looked through, and then chosen."""
    chosen: Source | None = None
    if known:
        with st.container(key=f"pick_{kind}"):
            shares = [3, 1] if kind == "style" else [1]
            columns = st.columns(shares, vertical_alignment="bottom")
            chosen = columns[0].selectbox(
                kind.capitalize(), known, key=kind, format_func=lambda source: source.label
            )
            if chosen is not None and kind == "style":
                columns[1].image(_thumbnail(chosen.path), width="stretch", alt=chosen.name)
    # Under a new name it is empty again, and holds no file in memory.
    name = f"{kind}_upload_{st.session_state.get(f'{kind}_uploads', 0)}"
    st.file_uploader(
        f"Add a {kind}", endings, key=name, on_change=partial(_take, kind, name, take),
        label_visibility="collapsed",
    )  # fmt: skip
    refused = st.session_state.get(f"{kind}_refused")
    if refused:
        st.error(refused)
    return chosen


def _take(kind: str, name: str, take: Callable[[str, bytes], Source]) -> None:
    uploaded = st.session_state[name]
    if uploaded is not None:
        _choose_or_refuse(kind, partial(take, uploaded.name, uploaded.getvalue()))
        st.session_state[f"{kind}_uploads"] = st.session_state.get(f"{kind}_uploads", 0) + 1


def _use_path(session: Session) -> None:
    if st.session_state["path"].strip():
        _choose_or_refuse("film", partial(session.point_to_film, st.session_state["path"]))


def _choose_or_refuse(kind: str, find: Callable[[], Source]) -> None:
    try:
        st.session_state[kind] = find()
        st.session_state[f"{kind}_refused"] = None
    except (OSError, VidnstError) as error:
        st.session_state[f"{kind}_refused"] = str(error)


@lru_cache(maxsize=32)
def _thumbnail(path: Path) -> Picture:
    return read_picture(path, long_side=240)
