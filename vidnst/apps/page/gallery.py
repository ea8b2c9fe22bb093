"""Running renders, and results to watch, compare, measure and download."""

from typing import Any

import streamlit as st

from vidnst.apps.page.preview import frame_at
from vidnst.apps.page.rendering import Render
from vidnst.apps.page.session import Session, Sessions
from vidnst.apps.page.split import split
from vidnst.errors import VidnstError

_LOOKED_AT_EVERY_SECONDS = 0.7
_THUMBNAIL_HW = (135, 240)
_IN_PROGRESS_WIDTH = 480
_ROW = 4
_FIGURES = {
    "e_warp": "flicker from frame to frame (warping error x 1000)",
    "e_warp_10": "the same, ten frames apart",
    "drift": "drift of the mean color over a shot, in 1/255",
    "detail": "detail: blur cannot pass for steadiness",
    "style": "distance from the style",
    "content": "distance from the scene",
}


def show_unfinished(here: Sessions, session: Session) -> None:
    """Show running, stopped and failed renders."""
    every = _LOOKED_AT_EVERY_SECONDS if session.at_work else None
    if any(render.state != "done" for render in session.renders):
        st.fragment(_show_unfinished, run_every=every)(here, session, polled=every is not None)


def show_results(session: Session) -> None:
    """Show the newest or the chosen result, and a gallery of the others."""
    done = [render for render in session.renders if render.state == "done"]
    if not done:
        return
    shown = st.session_state.get("shown")
    current = next((render for render in done if render.name == shown), done[0])
    st.fragment(_show_result)(current)
    if len(done) > 1:
        _show_gallery(done, current)


def _show_unfinished(here: Sessions, session: Session, *, polled: bool) -> None:
    if polled and not session.at_work:
        st.rerun()
    for render in session.renders:
        if render.state != "done":
            with st.container(border=True):
                _show_progress(here, render)


def _show_progress(here: Sessions, render: Render) -> None:
    st.markdown(f"**{_title(render)}**  \n{render.choice.summary}")
    if render.at_work:
        show_progress(render)
        if picture := render.progress.get("picture"):
            st.image(
                str(render.folder / picture), width=_IN_PROGRESS_WIDTH, alt="The picture so far"
            )
        for note in render.notes:
            st.caption(note)
        if st.button("Cancel", key=f"cancel {render.name}", disabled=render.state == "stopping"):
            render.cancel()
            st.rerun()
        return
    if render.state == "failed":
        st.error(render.error)
    else:
        done = render.progress["done"]
        st.info(render.notes[-1].capitalize() if render.notes else f"Stopped after {done} frames.")
    label = "Resume" if render.state == "stopped" else "Try again"
    if st.button(label, type="primary", key=f"resume {render.name}"):
        try:
            here.require_turn()
            render.start()
        except VidnstError as error:
            st.error(str(error))
        else:
            st.rerun()


def show_progress(render: Render) -> None:
    """Show a bar, and what is being done: frames painted, or steps of learning before them."""
    done, count = render.progress["done"], render.progress["count"]
    step, doing = render.progress.get("step"), render.progress.get("doing")
    share = done / count if count else 0.0
    if render.state == "stopping":
        parts = ["Stopping"]
    elif step and doing:
        share = step[0] / step[1]
        parts = [doing.capitalize()]
    else:
        parts = [f"{done} of {count} frames" if count else f"{done} frames"]
    if step:
        parts.append(f"step {step[0]} of {step[1]}")
    if fps := render.progress.get("fps"):
        parts.append(f"{fps:.1f} frames a second")
    if (left := render.progress.get("left_seconds")) is not None:
        parts.append(f"{_clock(left)} left")
    st.progress(min(1.0, share), " · ".join(parts))


def _show_result(render: Render) -> None:
    st.subheader(_title(render), anchor=False)
    report = render.report
    height, width = report["size_hw"]
    st.caption(
        f"{render.choice.summary} · {report['frames']} frames of {width}x{height} in "
        f"{_clock(report['seconds'])} · {render.made_at}"
    )
    film, beside, frames, figures, command = st.tabs(
        ["Film", "Beside its source", "Frame by frame", "Figures", "Command"]
    )
    with film:
        st.video(str(render.output))
    with beside:
        left, right = st.columns(2)
        left.video(str(render.choice.film.path))
        right.video(str(render.output))
    with frames:
        _show_frames(render)
    with figures:
        _show_figures(render)
    with command:
        st.code(render.choice.command, language="bash", wrap_lines=True)
    st.download_button(
        f"Download {render.output.name}", render.output.read_bytes, render.output.name, "video/mp4",
        type="primary", on_click="ignore", key=f"download {render.name}",
    )  # fmt: skip


def _show_frames(render: Render) -> None:
    source, result = render.choice.film.clip, render.result.clip
    assert source is not None
    assert result is not None
    last = (result.duration_seconds or 0) - float(1 / (result.rate or 25))
    picture, seconds = st.container(), 0.0
    if last > 0.2:
        seconds = st.slider("Time", 0.0, last, 0.0, 0.1, format="%.1f s", key=f"at {render.name}")
    with picture:
        size_hw = result.size_hw
        told = f"{render.choice.film.name} at {seconds:.1f} s"
        before, after = frame_at(source, seconds, size_hw), frame_at(result, seconds, size_hw)
        split(before, after, view="split", told=told, key=f"frames {render.name}")


def _show_figures(render: Render) -> None:
    measure = render.measure
    at_work = measure is not None and measure.at_work
    st.fragment(_follow_measure, run_every=_LOOKED_AT_EVERY_SECONDS if at_work else None)(
        render, polled=at_work
    )


def _follow_measure(render: Render, *, polled: bool) -> None:
    measure = render.measure
    if measure is None or measure.error:
        if measure is not None:
            st.error(measure.error)
        st.write("How steady the film is, and how near to style and scene.")
        if st.button("Measure", key=f"measure {render.name}"):
            render.start_measure()
            st.rerun()
    elif measure.at_work:
        st.progress(0.0, "Measuring, about as long as painting takes")
    elif polled:
        st.rerun()
    else:
        st.markdown(_table(measure.clips))
        st.image(str(measure.plot), width="stretch", alt="Warping error over time")


def _table(clips: list[dict[str, Any]]) -> str:
    """Markdown: the metrics of the source, which are lower bounds, and of the painted film."""
    lines = ["| | source | painted |", "| --- | ---: | ---: |"]
    for name, label in _FIGURES.items():
        values = [clip.get(name) for clip in clips]
        if any(value is not None for value in values):
            cells = ["" if value is None else f"{value:.3f}" for value in values]
            lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _show_gallery(done: list[Render], current: Render) -> None:
    st.subheader("Painted in this session", anchor=False)
    for start in range(0, len(done), _ROW):
        for column, render in zip(st.columns(_ROW), done[start : start + _ROW], strict=False):
            with column:
                clip = render.result.clip
                assert clip is not None
                height, width = clip.size_hw
                size_hw = _THUMBNAIL_HW[0], max(16, round(_THUMBNAIL_HW[0] * width / height))
                middle = round((clip.duration_seconds or 0) / 3, 1)
                st.image(frame_at(clip, middle, size_hw), width="stretch", alt=_title(render))
                st.caption(f"{_title(render)}  \n{render.choice.summary}")
                if st.button(
                    "Show", key=f"show {render.name}", disabled=render is current, width="stretch"
                ):
                    st.session_state["shown"] = render.name
                    st.rerun()


def _title(render: Render) -> str:
    return f"{render.choice.film.name} as {render.choice.look}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min" if minutes else f"{rest} s"
