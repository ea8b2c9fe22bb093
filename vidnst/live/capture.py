"""Live sources of pictures: a camera, a network stream, or a film used as a camera."""

import os
import sys
import time
from collections.abc import Generator
from pathlib import Path
from threading import Event
from typing import Protocol

import cv2
import numpy as np

from vidnst.errors import MediaError
from vidnst.frames.frame import Frame, Picture
from vidnst.media.clip import probe
from vidnst.media.decode import decode

_TIMEOUT_MS = 5000
_MOST_INDEXES = 4


class Capture(Protocol):
    """An open source of pictures."""

    ended: bool
    """Whether it has ended for good, as opposed to being disconnected."""

    def read(self) -> Picture | None:
        """Wait for the next picture, RGB uint8 (H, W, 3); None where the source is gone."""

    def close(self) -> None:
        """Release the source; safe to call twice."""


def open_capture(source: str, stopped: Event) -> Capture:
    """Open a camera's number or device, a URL, or a film.

    stopped: once set, read returns soon. Raises MediaError where the source cannot be opened,
    listing the cameras that exist.
    """
    if source.isascii() and source.isdigit():
        return _Device(int(source), _not_there(f"camera {source}"))
    if source.startswith("/dev/"):
        return _Device(source, _not_there(f"the camera {source}"))
    if "://" in source:
        return _Device(source, f"the stream {source} cannot be opened")
    return _Film(Path(source), stopped)


def list_cameras() -> list[str]:
    """The cameras of this machine, each with its number and, on Linux, its name."""
    if sys.platform == "linux":
        named = Path("/sys/class/video4linux").glob("video*/name")
        devices = sorted((int(path.parent.name[5:]), path) for path in named)
        return [f"{number} ({path.read_text().strip()})" for number, path in devices]
    found = []
    for index in range(_MOST_INDEXES):
        capture = cv2.VideoCapture(index)
        if capture.isOpened():
            found.append(str(index))
        capture.release()
    return found


def _not_there(name: str) -> str:
    cameras = list_cameras()
    there = f"there are: {', '.join(cameras)}" if cameras else "this machine shows none"
    return f"{name} cannot be opened; {there} (`camera` also takes a stream's URL or a film)"


class _Device:
    """A camera or a stream, through OpenCV."""

    ended = False

    def __init__(self, source: int | str, failure: str) -> None:
        """Raises MediaError with the text `failure`."""
        if isinstance(source, str) and "://" in source:
            limits = [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS,
                cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS,
            ]  # fmt: skip
            self._capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
        else:
            self._capture = cv2.VideoCapture(source)
        if not self._capture.isOpened():
            raise MediaError(failure)

    def read(self) -> Picture | None:
        try:
            there, pixels = self._capture.read()
        except cv2.error:
            return None
        return np.ascontiguousarray(pixels[:, :, ::-1], np.uint8) if there else None

    def close(self) -> None:
        self._capture.release()


class _Film:
    """A film, played in real time. Deleting its file simulates unplugging a camera."""

    def __init__(self, path: Path, stopped: Event) -> None:
        self.ended = False
        self._path, self._stopped = path, stopped
        self._frames: Generator[Frame, None, None] | None = decode(probe(path))
        self._started: float | None = None

    def read(self) -> Picture | None:
        if self._frames is None:
            return None
        try:
            frame = next(self._frames, None)
        except MediaError:
            return None
        if frame is None:
            self.ended = True
            return None
        at_seconds = float(frame.pts * frame.time_base)
        if self._started is None:
            self._started = time.monotonic() - at_seconds
        self._stopped.wait(max(0.0, self._started + at_seconds - time.monotonic()))
        return frame.picture if os.path.exists(self._path) else None

    def close(self) -> None:
        if self._frames is not None:
            self._frames.close()
            self._frames = None
