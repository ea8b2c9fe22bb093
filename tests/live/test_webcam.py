"""The live session: outputs, actions, styles that change without a stall."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest

from helpers.live_session import (
    Session,
    camera,
    eventually,
    live,
    make_camera,
    options,
    other_style,
)
from helpers.media_facts import facts
from helpers.places import ROOT
from vidnst.apps.cli.main import main
from vidnst.apps.cli.webcam import webcam_options, webcam_parser
from vidnst.errors import OutputError, UsageError, VidnstError
from vidnst.frames.frame import Picture
from vidnst.live.virtual_camera import VirtualCamera
from vidnst.media.pictures import read_style
from vidnst.options.styles import Color, StyleOptions
from vidnst.options.webcam import OutputOptions
from vidnst.stylizers.fast import FastStylizer

__all__ = ["camera", "other_style"]


def test_the_picture_is_the_one_the_stylizer_paints(camera: Path, style: Path) -> None:
    with live(options(camera, style)) as session:
        eventually(lambda: len(session.shown) > 3)
        session.action("livelier")
        session.action("livelier")
        session.action("livelier")
        eventually(lambda: session.shown[-1].status.steady == 0)
        session.action("side-by-side")
        eventually(lambda: session.shown[-1].looked_at.shape[1] == 256)
    shown = session.shown[-1]
    source = np.ascontiguousarray(shown.looked_at[:, :128])
    fast = FastStylizer(read_style(style), StyleOptions(), size_hw=(72, 128))
    fast.begin_shot([source])
    difference = np.abs(fast.paint(source).astype(int) - shown.painted).mean()
    assert difference < 12 < np.abs(source.astype(int) - shown.painted).mean()


def both_halves(session: Session) -> list[Picture]:
    """Those pictures that show the source beside its painting."""
    return [shown.looked_at for shown in session.shown if shown.looked_at.shape[1] == 256]


def test_the_picture_has_the_colors_asked_for(camera: Path, style: Path) -> None:
    apart: dict[str, float] = {}
    for color in get_args(Color):
        asked = ["--style", str(style), "--camera", str(camera), "--http", "0", "--no-window"]
        with live(webcam_options([*asked, "--color", color])) as session:
            session.action("side-by-side")
            looked_at = eventually(partial(both_halves, session))[0]
        source, painted = (
            cv2.cvtColor(np.ascontiguousarray(half), cv2.COLOR_RGB2YCrCb).astype(int)
            for half in (looked_at[:, :128], looked_at[:, 128:])
        )
        assert np.abs(painted - source)[..., 0].mean() > 5, "it is painted"
        apart[color] = float(np.abs((painted - source)[..., 1:].mean((0, 1))).mean())
    assert max(apart["luminance"], apart["match"]) < 0.3 * apart["style"], apart


def test_painting_goes_on_while_another_style_gets_ready(
    camera: Path, style: Path, other_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow, holds = FastStylizer.follow, threading.Event()

    def slow_follow(self: FastStylizer, *args: Any, **others: Any) -> None:
        if threading.current_thread().name == "bake" and holds.is_set():
            time.sleep(1.0)
        follow(self, *args, **others)

    monkeypatch.setattr(FastStylizer, "follow", slow_follow)
    with live(options(camera, style, other_style)) as session:
        eventually(lambda: len(session.shown) > 3)
        holds.set()
        session.action("next-style")
        asked = len(session.shown)
        eventually(lambda: session.shown[-1].status.style == "other")
        holds.clear()
        before = sum(shown.status.style != "other" for shown in session.shown[asked:])
        session.action("next-style")
        eventually(lambda: session.shown[-1].status.style == style.stem)
    # A second of getting ready is some twenty frames; a noisy machine may lose most of them.
    assert before >= 4


def test_strength_follows_the_keys(camera: Path, style: Path) -> None:
    with live(options(camera, style)) as session:
        for _ in range(12):
            session.action("weaker")
        eventually(lambda: session.shown and session.shown[-1].status.strength == 0)
        session.action("side-by-side")
        eventually(lambda: session.shown[-1].looked_at.shape[1] == 256)

        def bare() -> bool:
            looked_at = session.shown[-1].looked_at
            return np.array_equal(looked_at[:, :128], looked_at[:, 128:])

        eventually(bare)
        session.action("stronger")
        eventually(lambda: not bare())


def test_a_recording_keeps_the_time_of_every_frame(
    tmp_path: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = make_camera(tmp_path / "short.mp4", seconds=3)
    target = tmp_path / "out.mp4"
    outputs = OutputOptions(window=False, record=target)
    with live(options(film, style, outputs=outputs)) as session:
        session.thread.join(30)
    recorded = facts(target)
    assert recorded.frame_count == len(session.shown)
    first = session.shown[0].captured_seconds
    captured = [shown.captured_seconds - first for shown in session.shown]
    assert np.allclose([float(t) for t in recorded.pts_seconds], captured, atol=0.0021)
    assert recorded.size_hw == (72, 128)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    arguments = ["--style", str(style), "--camera", str(film), "--record", str(target)]
    assert main(["webcam", *arguments]) == 1
    assert "--overwrite" in capsys.readouterr().err


def test_snapshots_and_recordings_are_put_where_one_stands(
    camera: Path, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with live(options(camera, style)) as session:
        eventually(lambda: len(session.shown) > 2)
        session.action("snapshot")
        session.action("record")
        eventually(lambda: session.shown[-1].status.recording)
        recording_since = len(session.shown)
        eventually(lambda: len(session.shown) > recording_since + 5)
        session.action("record")
        eventually(lambda: any(notice.startswith("recorded") for notice in session.notices))
    (snapshot,) = tmp_path.glob(f"webcam_{style.stem}_*.png")
    written = cv2.imread(str(snapshot))
    assert written is not None
    assert written.shape == (72, 128, 3)
    (film,) = tmp_path.glob(f"webcam_{style.stem}_*.mp4")
    assert facts(film).frame_count >= 5


def test_a_snapshot_that_cannot_be_saved_does_not_end_the_session(
    camera: Path, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "vidnst.live.session._Session._named", lambda self, ending: tmp_path / "no" / f"x.{ending}"
    )
    with live(options(camera, style)) as session:
        eventually(lambda: session.shown)
        session.action("snapshot")
        session.action("record")
        eventually(lambda: sum(str(tmp_path / "no") in told for told in session.notices) == 2)
        count = len(session.shown)
        eventually(lambda: len(session.shown) > count + 2)


def test_an_interrupted_session_keeps_its_recording(camera: Path, style: Path) -> None:
    target = camera.with_name("kept.mp4")
    command = [
        sys.executable, str(ROOT / "cli.py"), "webcam", "--style", str(style), "--no-window",
        "--camera", str(camera), "--record", str(target), "--http", "0",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while not (line := process.stderr.readline()).startswith("recording"):
        assert line
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert facts(target).frame_count > 3


def test_the_session_goes_on_after_the_camera_was_away(camera: Path, style: Path) -> None:
    away = camera.with_name("away.mp4")
    with live(options(camera, style)) as session:
        eventually(lambda: len(session.shown) > 3)
        camera.rename(away)
        eventually(lambda: any("waiting" in notice for notice in session.notices))
        assert session.status()["waiting"] is True
        count = len(session.shown)
        away.rename(camera)
        eventually(lambda: len(session.shown) > count + 3)
        assert session.status()["waiting"] is False
    assert "the camera is back" in session.notices


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fps", "0"], "--fps is 0"),
        (["--http", "70000"], "--http is 70000"),
        (["--strength", "2"], "--strength is 2"),
        (["--steady", "-1"], "--steady is -1"),
        (["--brush-size", "99"], "--brush-size is 99"),
    ],
)
def test_values_out_of_range_are_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["webcam", "--style", "a.jpg", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_without_a_screen_one_line_says_what_to_do(
    camera: Path, style: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert main(["webcam", "--style", str(style), "--camera", str(camera)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "--http 8080" in told


@pytest.mark.parametrize(
    ("name", "words"), [("x.gif", "a recording is a film"), ("no/x.mp4", "does not exist")]
)
def test_a_recording_that_cannot_be_is_told(
    name: str, words: str, camera: Path, style: Path, tmp_path: Path
) -> None:
    outputs = OutputOptions(window=False, record=tmp_path / name)
    with pytest.raises(VidnstError, match=words), live(options(camera, style, outputs=outputs)):
        pass


def test_a_virtual_camera_without_its_parts_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(UsageError, match=r"pip install \"vidnst\[webcam\]\""):
        VirtualCamera((72, 128), fps=24)
    monkeypatch.undo()
    pytest.importorskip("pyvirtualcam", reason="pyvirtualcam is not installed")
    if not list(Path("/sys/devices/virtual").glob("video4linux/*")):
        with pytest.raises(OutputError, match="there is no virtual camera"):
            VirtualCamera((72, 128), fps=24)


def test_the_docs_name_every_flag_of_the_webcam() -> None:
    text = (ROOT / "docs" / "guides" / "webcam.md").read_text("utf-8")
    known = {o for action in webcam_parser()._actions for o in action.option_strings}
    known = {option for option in known if option.startswith("--")} - {"--help"}
    assert set(re.findall(r"`(--[a-z-]+)", text)) == known


def test_json_tells_scripts_how_it_went(
    tmp_path: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = make_camera(tmp_path / "short.mp4", seconds=1.5)
    arguments = ["--style", str(style), "--camera", str(film), "--http", "0", "--json"]
    assert main(["webcam", *arguments]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["captured"] == 45
    assert figures["shown"] > 0
    assert set(figures["latency_ms"]) == {"50", "95", "99"}
