"""Controls to choose film, style and settings."""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, get_args

import streamlit as st

from vidnst.apps.page.choice import Choice
from vidnst.apps.page.session import Session
from vidnst.apps.page.uploads import FILM_ENDINGS, STYLE_ENDINGS, Source
from vidnst.apps.page.words import LABELS
from vidnst.errors import VidnstError
from vidnst.frames.frame import Picture
from vidnst.media.pictures import fitted, read_picture
from vidnst.options.painted import PaintedOptions
from vidnst.options.steady import SteadyOptions
from vidnst.options.styles import Color, StyleOptions
from vidnst.options.stylizers import STYLIZERS, Fast, Painted

_BRUSHES = (None, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 25.0)
_WEIGHT, _NEXT_MASK = "weight of ", "next mask"
_TILE_HW = (72, 96)
_LEARNING = (50, 150, 500, 1500)
_HEIGHTS = (240, 360, 480, 720, 1080, 1440)
_COLORS: dict[Color, str] = {
    "style": "the style's",
    "match": "the style's, near the film's",
    "luminance": "the film's",
}
_LIKE = ("Like a picture", "Paint it myself")
_STEPS = """\
1. Go to a frame that shows much of the shot.
2. Download it, paint over it in any program, and add it; or paint on it here.
3. Look at two seconds of film, and add frames where it needs them."""
_KEPT = (
    "film", "like", "style", "others", "mask", "track", "stylizer", "strength", "brush_size",
    "color", "steady", "painted steady", "painted_steps", "size", "view",
)  # fmt: skip
"""Settings that are kept when the page is reloaded."""


def choose(session: Session, *, local: bool) -> Choice | None:
    """Show all controls; returns the choice, None while there is no film or no style.

    Where the user paints frames of the film, the choice has no style. local: whether films may be
    chosen by their paths on this machine.
    """
    for key, value in session.choices.items():
        st.session_state.setdefault(key, value)  # Of controls that were not shown meanwhile.
    film = _pick(session.films, "film", FILM_ENDINGS, session.take_film)
    if local:
        with st.expander("A film on this machine"):
            st.text_input(
                "Path", key="path", placeholder="/home/me/film.mp4",
                on_change=partial(_use_path, session),
            )  # fmt: skip
    by_hand = _LIKE[1] == st.segmented_control(
        "How it is painted", _LIKE, default=None if "like" in st.session_state else _LIKE[0],
        label_visibility="collapsed", required=True, key="like",
    )  # fmt: skip
    if by_hand:
        return None if film is None else _by_hand(session, film)
    style = _pick(session.styles, "style", STYLE_ENDINGS, session.take_style)
    _show_built_in(session.styles)
    if film is None or style is None:
        return None
    others = _others(session, style)
    mask = _mask(session)
    choice = Choice(
        film,
        style,
        others,
        mask,
        track=mask is not None and st.checkbox(
            "The mask follows the motion", key="track",
            help="It is carried from the first frame through the first shot; else it stays.",
        ),
        strength=st.slider(
            LABELS["strength"], 0.0, 1.0, step=0.05,
            key=_remembered("strength", StyleOptions.strength),
            help="How much style; 0 is the film itself.",
        ),
        brush_size=st.select_slider(
            LABELS["brush_size"], _BRUSHES, key="brush_size",
            format_func=lambda size: "finest" if size is None else f"{size:g} %",
            help="Size of the marks, in percent of the frame's height.",
        ),
        color=st.radio(
            LABELS["color"], get_args(Color), format_func=_COLORS.__getitem__, key="color",
            horizontal=True,
        ),
        steady=st.slider(
            LABELS["steady"], 0.0, 1.0, step=0.05,
            key=_remembered("steady", SteadyOptions.steady),
            disabled=STYLIZERS[st.session_state.get("stylizer", Fast.name)].optimizes,
            help="How much flicker is taken away. It shows in motion, not in a still.",
        ),
        stylizer=st.radio(
            LABELS["stylizer"], list(STYLIZERS), key="stylizer", horizontal=True,
            help="fast: at once. tuned: first learns, for minutes, to paint as neighbor does. "
            "neighbor: paints with the style's own strokes, minutes for each second of film. "
            "gatys: as slow, by the style's statistics.",
        ),
        size=_size(film),
    )  # fmt: skip
    _keep(session)
    return choice


def _by_hand(session: Session, film: Source) -> Choice:
    """The settings of a film that follows painted frames."""
    st.markdown(_STEPS)
    choice = Choice(
        film,
        painted=session.paintings_of(film),
        strength=st.slider(
            LABELS["strength"], 0.0, 1.0, step=0.05,
            key=_remembered("strength", StyleOptions.strength),
            help="How much of the painting; 0 is the film itself.",
        ),
        steady=st.slider(
            LABELS["steady"], 0.0, 1.0, step=0.05,
            key=_remembered("painted steady", Painted.usual_steady),
            help="How much flicker is taken away. The painting moves with the film already.",
        ),
        painted_steps=st.select_slider(
            LABELS["painted_steps"], _LEARNING, format_func=lambda steps: f"{steps} steps",
            key=_remembered("painted_steps", PaintedOptions.painted_steps),
            help="How long it learns from the frames of a shot. More steps copy finer; few are "
            "enough to see whether another frame is needed.",
        ),
        size=_size(film),
    )  # fmt: skip
    _keep(session)
    return choice


def _keep(session: Session) -> None:
    kept = [key for key in st.session_state if key in _KEPT or str(key).startswith(_WEIGHT)]
    session.choices |= {str(key): st.session_state[key] for key in kept}


def _remembered(key: str, default: Any) -> str:
    """The key of a slider, whose value may be kept from before a reload of the page."""
    st.session_state.setdefault(key, default)
    return key


def use_drawn_mask(session: Session, png: bytes) -> None:
    """Add and choose a drawn mask. Raises what take_mask raises."""
    name = f"mask-{len(session.masks) + 1}.png"
    st.session_state[_NEXT_MASK] = session.take_mask(name, png)


def _show_built_in(styles: list[Source]) -> None:
    """Show the built-in styles, each with a button to choose it."""
    with st.expander("Built-in styles"), st.container(horizontal=True, key="built_in"):
        for style in (each for each in styles if each.sample):
            with st.container(width=_TILE_HW[1]):
                st.image(_tile(style.path), width="stretch", alt=style.name)
                st.button(
                    style.name, key=f"built-in {style.name}", width="stretch",
                    on_click=partial(_choose, style),
                )  # fmt: skip


def _choose(style: Source) -> None:
    st.session_state["style"] = style


def _others(session: Session, style: Source) -> tuple[tuple[Source, float], ...]:
    """The other styles chosen, with their weights."""
    more = [other for other in session.styles if other != style]
    if not more:
        return ()
    known = [other for other in st.session_state.get("others", []) if other in more]
    st.session_state["others"] = known
    chosen = st.multiselect(
        "Mixed with", more, key="others", format_func=lambda source: source.label,
        placeholder="no other style",
    )  # fmt: skip
    return tuple(
        (
            other,
            st.slider(
                f"Weight of {other.name}", 0.1, 3.0, step=0.1,
                key=_remembered(f"{_WEIGHT}{other.path}", 1.0),
                help=f"{style.name} has the weight 1.",
            ),
        )
        for other in chosen
    )  # fmt: skip


def _mask(session: Session) -> Source | None:
    """The mask of the region to paint; None is everywhere."""
    if _NEXT_MASK in st.session_state:
        # Streamlit allows changing a widget's state only before the widget is made.
        st.session_state["mask"] = st.session_state.pop(_NEXT_MASK)
        st.session_state["drawing"] = False
    with st.expander("Paint only a part"):
        mask = _pick(session.masks, "mask", STYLE_ENDINGS, session.take_mask, everything=True)
        st.toggle("Draw a mask on the still", key="drawing")
    return mask


def _size(film: Source) -> str | None:
    assert film.clip is not None
    height, width = film.clip.size_hw
    sizes = ["", *(str(h) for h in _HEIGHTS if h < height)]
    if st.session_state.get("size") not in sizes:
        st.session_state["size"] = ""
    size = st.selectbox(
        LABELS["size"], sizes, key="size",
        format_func=lambda size: f"{size} lines" if size else f"as filmed ({width}x{height})",
    )  # fmt: skip
    return size or None


def _pick(
    known: list[Source],
    kind: str,
    endings: tuple[str, ...],
    take: Callable[[str, bytes], Source],
    *,
    everything: bool = False,
) -> Source | None:
    """The chosen one of the known sources, or None; an upload is checked, and then chosen.

    everything: whether None may be chosen.
    """
    chosen: Source | None = None
    if known:
        with st.container(key=f"pick_{kind}"):
            shares = [1] if kind == "film" else [3, 1]
            columns = st.columns(shares, vertical_alignment="bottom")
            chosen = columns[0].selectbox(
                kind.capitalize(), [*[None] * everything, *known], key=kind,
                format_func=lambda source: source.label if source else "everything",
            )  # fmt: skip
            if chosen is not None and kind != "film":
                columns[1].image(_thumbnail(chosen.path), width="stretch", alt=chosen.name)
    # A new key after each upload makes the uploader empty and frees the file's memory.
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
def _tile(path: Path) -> Picture:
    return fitted(read_picture(path), _TILE_HW)


@lru_cache(maxsize=32)
def _thumbnail(path: Path) -> Picture:
    return read_picture(path, long_side=240)
