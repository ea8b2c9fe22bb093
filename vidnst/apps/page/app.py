"""The page's script, which Streamlit runs: widgets, in the order of display."""

import json
import os
from pathlib import Path

import streamlit as st

from vidnst.apps.page.choice import Choice
from vidnst.apps.page.controls import choose, use_drawn_mask
from vidnst.apps.page.draw import draw
from vidnst.apps.page.gallery import show_results, show_unfinished
from vidnst.apps.page.lifeline import end_with_parent
from vidnst.apps.page.options import PageLimits
from vidnst.apps.page.painted import show_paintings
from vidnst.apps.page.preview import frame_at, painted_at, painted_size_hw, still_size
from vidnst.apps.page.session import Session, Sessions, sessions
from vidnst.apps.page.split import View, split
from vidnst.apps.page.webcam import show_webcam
from vidnst.errors import VidnstError

_PLACES = ("A film", "My camera")
_VIEWS: dict[View, str] = {"split": "Split", "side": "Side by side", "painted": "Painted"}
_STYLE = """<style>
.block-container { max-width: 78rem; padding-top: 2.2rem; padding-bottom: 3rem; }
[class*="st-key-pick_"] [data-testid="stHorizontalBlock"] { flex-wrap: nowrap; }
[class*="st-key-pick_"] [data-testid="stColumn"] { min-width: 0; }
h1 { font-size: 2.1rem !important; padding-bottom: 0 !important; }
</style>"""


def main() -> None:
    st.set_page_config(page_title="vidnst", page_icon="🖌️", layout="wide")
    st.html(_STYLE)
    here, local = _opened()
    session = here.open(st.query_params.get("session"))
    if st.query_params.get("session") != session.token:
        st.query_params["session"] = session.token
    for key, value in session.choices.items():
        st.session_state.setdefault(key, value)
    st.title("vidnst", anchor=False)
    place = "this machine" if local else "the machine that serves this page"
    st.caption(f"Paints any film in the style of any picture. Your files stay on {place}.")
    wanted = st.segmented_control(
        "What to paint", _PLACES, default=_PLACES[0], label_visibility="collapsed", required=True,
        key="place",
    )  # fmt: skip
    if wanted == _PLACES[0]:
        st.fragment(_studio)(here, session, local=local)
        show_results(session)
    else:
        st.fragment(show_webcam)(session)
    _farewell(here, session)


@st.cache_resource(show_spinner=False)
def _opened() -> tuple[Sessions, bool]:
    """The sessions of this server, and whether only this machine can reach it."""
    settings = json.loads(os.environ["VIDNST_PAGE"])
    folder, local = Path(settings.pop("folder")), settings.pop("local")
    end_with_parent()
    return sessions(folder, PageLimits(**settings)), local


def _studio(here: Sessions, session: Session, *, local: bool) -> None:
    """Film, style and settings, with a painted still that is updated as they change."""
    left, right = st.columns([8, 5], gap="large")
    with right:
        choice = choose(session, local=local)
    with left:
        if choice is None:
            st.info("Add a film and a style to begin.")
            return
        if choice.style is None:
            show_paintings(here, session, choice)
            if not choice.painted:
                return
        else:
            _still(session, choice)
        _begin(here, session, choice)
        st.code(choice.command, language="bash", wrap_lines=True)
        show_unfinished(here, session)


def _still(session: Session, choice: Choice) -> None:
    clip = choice.film.clip
    assert clip is not None
    picture = st.container()
    last = (clip.duration_seconds or 0) - float(1 / (clip.rate or 25))
    seconds = 0.0
    if last > 0.2:
        seconds = st.slider(
            "Time", 0.0, last, round(last / 3, 1), 0.1, format="%.1f s", key=f"time {choice.film}"
        )
    view: View = st.radio(
        "View", list(_VIEWS), format_func=_VIEWS.__getitem__, horizontal=True,
        label_visibility="collapsed", key="view",
    )  # fmt: skip
    with picture:
        try:
            size_hw = still_size(choice)
            if st.session_state.get("drawing"):
                _draw(session, choice, seconds)
                return
            source, painted = frame_at(clip, seconds, size_hw), painted_at(choice, seconds)
            told = f"{choice.film.name} at {seconds:.1f} s"
            split(source, painted, view=view, told=told, key="still")
            if about := _about(choice, size_hw):
                st.caption(about)
        except VidnstError as error:
            st.error(choice.told(str(error)))


def _draw(session: Session, choice: Choice, seconds: float) -> None:
    clip, size_hw = choice.film.clip, still_size(choice)
    assert clip is not None
    seconds = 0.0 if choice.track else seconds  # A tracked mask is drawn on the first frame.
    told = f"{choice.film.name} at {seconds:.1f} s"
    try:
        drawn = draw(frame_at(clip, seconds, size_hw), kind="mask", told=told, key="draw")
    except ValueError:
        drawn = None
    if drawn is not None:
        use_drawn_mask(session, drawn)
        st.rerun(scope="fragment")
    st.caption("What is drawn over will be painted; the rest stays as it was filmed.")


def _about(choice: Choice, size_hw: tuple[int, int]) -> str:
    """How the still differs from the rendered film."""
    full_hw = painted_size_hw(choice)
    notes = []
    if size_hw != full_hw:
        notes.append(
            f"A still of {size_hw[1]}x{size_hw[0]}: in the film, of {full_hw[1]}x{full_hw[0]}, "
            "the finest marks are smaller."
        )
    if choice.track:
        notes.append("The mask is shown where it was drawn; in the film it follows the motion.")
    if choice.stylizer != "fast":
        notes.append(f"The still is by the fast stylizer; {choice.stylizer} comes with the film.")
    return " ".join(notes)


def _begin(here: Sessions, session: Session, choice: Choice) -> None:
    if st.button(
        "Paint the film", type="primary", width="stretch", disabled=session.at_work, key="paint"
    ):
        try:
            here.begin(session, choice)
        except VidnstError as error:
            st.error(choice.told(str(error)))
        else:
            st.rerun()


def _farewell(here: Sessions, session: Session) -> None:
    st.divider()
    st.caption(
        "Films, pictures and results of this session are removed when the server ends, or after "
        "six hours without a visit. Until then the address of this page leads back to them."
    )
    if st.button("Remove them now", key="remove"):
        here.end(session)
        st.session_state.clear()
        st.query_params.clear()
        st.rerun()


if __name__ == "__main__":
    main()
