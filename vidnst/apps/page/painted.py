"""Frames of the film that the visitor paints: download, upload, a look at what comes of them."""

from dataclasses import replace
from functools import lru_cache, partial

import cv2
import streamlit as st

from vidnst.apps.page.choice import Choice
from vidnst.apps.page.draw import draw, laid_over
from vidnst.apps.page.gallery import show_progress
from vidnst.apps.page.paintings import frame_name, frame_near, named_seconds
from vidnst.apps.page.preview import frame_at, still_size
from vidnst.apps.page.session import Session, Sessions
from vidnst.apps.page.split import split
from vidnst.apps.page.uploads import STYLE_ENDINGS, Source, safe_name
from vidnst.errors import VidnstError
from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.media.clip import Clip
from vidnst.stylizers.paintings import read_over

_LOOKED_AT_EVERY_SECONDS = 0.7
_PREVIEW_SECONDS = 2.0
_THUMBNAIL_HEIGHT, _TILE_WIDTH = 90, 150


def show_paintings(here: Sessions, session: Session, choice: Choice) -> None:
    """Show a frame at a time to choose, what there is painted, and a part of the film."""
    clip = choice.film.clip
    assert clip is not None
    picture = st.container()
    step = float(1 / (clip.rate or 25))
    last = (clip.duration_seconds or 0) - step
    at = 0.0
    if last > step:
        key = _time_key(choice.film)
        st.session_state.setdefault(key, 0.0)
        at = st.slider("Time", 0.0, last, step=step, format="%.2f s", key=key)
    try:
        seconds, frame = frame_near(clip, at)
        with picture:
            if st.session_state.get("painting here"):
                _paint_here(session, choice, seconds, frame)
            else:
                _show_frame(choice, seconds, frame)
    except VidnstError as error:
        st.error(choice.told(str(error)))
        return
    with st.container(key="painted"):
        st.toggle("Paint on it here, with a simple brush", key="painting here")
        st.download_button(
            "Download this frame", partial(_png, clip, seconds),
            frame_name(choice.film, seconds), "image/png", on_click="ignore", width="stretch",
            key="frame download",
        )  # fmt: skip
        _uploader(session, choice.film, seconds)
        if choice.painted:
            _show_list(session, choice)
            _show_preview(here, session, choice, seconds)


def _time_key(film: Source) -> str:
    return f"painted time {film.path}"


def _show_frame(choice: Choice, seconds: float, frame: Picture) -> None:
    size_hw = still_size(choice)
    scene, painting = resize(frame, size_hw), dict(choice.painted).get(seconds)
    told = f"{choice.film.name} at {seconds:.2f} s"
    if painting is None:
        st.image(scene, width="stretch", alt=told)
    else:
        painted = read_over(painting.path, scene)
        split(scene, painted, view="split", told=told, key="painted still")


def _paint_here(session: Session, choice: Choice, seconds: float, frame: Picture) -> None:
    """Let the visitor paint on the frame, or on what is painted of it already."""
    before = dict(choice.painted).get(seconds)
    scene = frame if before is None else read_over(before.path, frame)
    size_hw = still_size(choice)
    told = f"{choice.film.name} at {seconds:.2f} s"
    try:
        drawn = draw(resize(scene, size_hw), kind="painting", told=told, key="paint here")
        if drawn is None:
            return
        content = _encoded(laid_over(scene, drawn, drawn_hw=size_hw))
    except ValueError:
        return
    try:
        session.take_painting(choice.film, seconds, frame_name(choice.film, seconds), content)
    except VidnstError as error:
        st.error(str(error))
    else:
        st.rerun(scope="fragment")


def _encoded(picture: Picture) -> bytes:
    """RGB uint8 (H, W, 3) as a PNG."""
    return cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes()


def _png(clip: Clip, seconds: float) -> bytes:
    _, frame = frame_near(clip, seconds)
    return _encoded(frame)


def _uploader(session: Session, film: Source, seconds: float) -> None:
    # A new key after each upload makes the uploader empty and frees the file's memory.
    key = f"painted_upload_{st.session_state.get('painted_uploads', 0)}"
    st.file_uploader(
        f"Add the frame at {seconds:.2f} s, painted", STYLE_ENDINGS, accept_multiple_files=True,
        key=key, on_change=partial(_take, session, film, seconds, key),
        help="Or several: a file whose name tells its time, as that of a downloaded frame does, is "
        "taken for that time.",
    )  # fmt: skip
    for refused in st.session_state.get("painted_refused", ()):
        st.error(refused)


def _take(session: Session, film: Source, seconds: float, key: str) -> None:
    assert film.clip is not None
    refused = []
    for uploaded in st.session_state[key]:
        name = safe_name(uploaded.name, otherwise="painted.png")
        try:
            named = named_seconds(name)
            at = seconds if named is None else frame_near(film.clip, named)[0]
            session.take_painting(film, at, name, uploaded.getvalue())
            st.session_state[_time_key(film)] = at
        except (OSError, VidnstError) as error:
            told = str(error).replace(str(film.path), film.name)
            refused.append(told if name in told else f"{name}: {told}")
    st.session_state["painted_refused"] = refused
    st.session_state["painted_uploads"] = st.session_state.get("painted_uploads", 0) + 1


def _show_list(session: Session, choice: Choice) -> None:
    """Show the painted frames by time, each with a button to go there and one to remove it."""
    assert choice.film.clip is not None
    st.markdown("**Painted frames**")
    with st.container(horizontal=True, key="painted_list"):
        for seconds, painting in choice.painted:
            with st.container(width=_TILE_WIDTH, gap="xxsmall"):
                thumbnail = _thumbnail(choice.film.clip, seconds, painting)
                st.image(thumbnail, width="stretch", alt=f"Painted at {seconds:.2f} s")
                st.button(
                    f"{seconds:.2f} s", key=f"go to {painting.path}", width="stretch",
                    help="Show this frame", on_click=partial(_go_to, choice.film, seconds),
                )  # fmt: skip
                st.button(
                    "Remove", key=f"remove {painting.path}", type="tertiary", width="stretch",
                    on_click=partial(session.drop_painting, choice.film, seconds),
                )  # fmt: skip


def _go_to(film: Source, seconds: float) -> None:
    st.session_state[_time_key(film)] = seconds


@lru_cache(maxsize=64)
def _thumbnail(clip: Clip, seconds: float, painting: Source) -> Picture:
    height, width = clip.size_hw
    size_hw = _THUMBNAIL_HEIGHT, max(16, round(_THUMBNAIL_HEIGHT * width / height))
    return read_over(painting.path, frame_at(clip, seconds, size_hw))


def _show_preview(here: Sessions, session: Session, choice: Choice, seconds: float) -> None:
    assert choice.film.clip is not None
    if st.button(
        f"Preview {_PREVIEW_SECONDS:g} seconds here", key="preview", disabled=session.at_work,
        width="stretch", help="It learns from the painted frames first, once for all of the film.",
    ):  # fmt: skip
        length = choice.film.clip.duration_seconds or 0.0
        start = max(0.0, min(seconds - _PREVIEW_SECONDS / 2, length - _PREVIEW_SECONDS))
        excerpt = round(start, 2), round(start + _PREVIEW_SECONDS, 2)
        try:
            here.begin_preview(session, replace(choice, excerpt=excerpt))
        except VidnstError as error:
            st.error(choice.told(str(error)))
        else:
            st.rerun()
    preview = session.preview
    if preview is not None and preview.choice.film == choice.film:
        every = _LOOKED_AT_EVERY_SECONDS if preview.at_work else None
        st.fragment(_follow_preview, run_every=every)(
            here, session, choice, polled=every is not None
        )


def _follow_preview(here: Sessions, session: Session, choice: Choice, *, polled: bool) -> None:
    preview = session.preview
    if preview is None or (polled and not preview.at_work):
        st.rerun()
    if preview.at_work:
        show_progress(preview)
        if st.button("Cancel", key="cancel preview"):
            here.end_preview(session)
            st.rerun()
        return
    if preview.state != "done":
        st.error(preview.error)
        return
    st.video(str(preview.output), loop=True, autoplay=True, muted=True)
    assert preview.choice.excerpt is not None
    start, end = preview.choice.excerpt
    changed = replace(preview.choice, excerpt=None) != choice
    st.caption(
        f"From {start:.2f} to {end:.2f} s"
        + (", before the last change: preview again to see it." if changed else ".")
    )
