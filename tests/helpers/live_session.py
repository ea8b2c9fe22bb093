"""A live session beside a test, and a film to stand in for the camera."""

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import pytest

from helpers.pictures import gradient_picture
from helpers.places import ROOT
from vidnst.live.admission import at_path
from vidnst.live.metrics import Report
from vidnst.live.outputs import Shown
from vidnst.live.session import webcam
from vidnst.media.ffmpeg_program import ffmpeg_program
from vidnst.options.webcam import OutputOptions, WebcamOptions

PATIENCE_SECONDS = 20.0
PAGE = OutputOptions(window=False, http=0)


def make_camera(path: Path, *, seconds: float, size: str = "128:72") -> Path:
    """The sample film, over and over, at 30 frames a second."""
    command = [
        ffmpeg_program(), "-y", "-loglevel", "error", "-stream_loop", "-1",
        "-i", str(ROOT / "samples" / "clip.mp4"), "-an", "-vf", f"fps=30,scale={size}",
        "-t", f"{seconds:g}", "-preset", "ultrafast", str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def eventually(true: Callable[[], Any]) -> Any:
    """Wait until something holds, and return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := true()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
    return value


class Session:
    """webcam() in a thread, and what came of it."""

    def __init__(self, options: WebcamOptions) -> None:
        self.notices: list[str] = []
        self.shown: list[Shown] = []
        self.report: Report | None = None
        self.failure: BaseException | None = None
        self._options = options
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.report = webcam(
                self._options, on_notice=self.notices.append, on_shown=self.shown.append
            )
        except BaseException as error:
            self.failure = error

    @property
    def url(self) -> str:
        """Of the page, as soon as it is there."""

        def told() -> str | None:
            if self.failure is not None:
                raise self.failure
            return next((n.split()[-1] for n in self.notices if n.startswith("watch at")), None)

        url: str = eventually(told)
        return url

    def action(self, action: str) -> None:
        headers = {"Origin": self.url.partition("/?")[0]}
        url = at_path(self.url, f"/action/{action}")
        request = urllib.request.Request(url, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            assert answer.status == 200

    def status(self) -> dict[str, Any]:
        with urllib.request.urlopen(
            at_path(self.url, "/status"), timeout=PATIENCE_SECONDS
        ) as answer:
            told: dict[str, Any] = json.load(answer)
            return told


@contextmanager
def live(options: WebcamOptions) -> Iterator[Session]:
    """A session that is asked to quit at the end, where it did not end by itself."""
    session = Session(options)
    try:
        yield session
        if session.thread.is_alive() and options.outputs.http is not None:
            session.action("quit")
    finally:
        session.thread.join(PATIENCE_SECONDS)
    assert not session.thread.is_alive()
    if session.failure is not None:
        raise session.failure


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    """A film of some seconds that stands in for a camera."""
    return make_camera(tmp_path / "camera.mp4", seconds=20)


@pytest.fixture
def other_style(tmp_path: Path) -> Path:
    path = tmp_path / "other.png"
    cv2.imwrite(str(path), gradient_picture(256, 256)[::-1])
    return path


def options(camera: Path, *styles: Path, outputs: OutputOptions = PAGE) -> WebcamOptions:
    return WebcamOptions(styles=styles, camera=str(camera), outputs=outputs)
