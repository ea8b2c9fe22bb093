"""A live camera: always its newest picture, and reopened after it was disconnected."""

import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Event, Thread
from types import TracebackType

from vidnst.errors import MediaError
from vidnst.frames.frame import Picture
from vidnst.live.capture import Capture, open_capture

_RETRY_SECONDS = 0.3
_LEAVE_SECONDS = 2.0


@dataclass(frozen=True)
class LiveFrame:
    """A picture and its capture time, by time.monotonic; after_gap: the camera was disconnected."""

    picture: Picture
    captured_seconds: float
    after_gap: bool


class Camera:
    """Reads a source in a thread and keeps the newest picture only; a context manager.

    Raises MediaError where the source cannot be opened at the start. One that is disconnected later
    is reopened as soon as it is available.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._stopped = Event()
        self._changed = Condition()
        self._newest: LiveFrame | None = None
        self._failure: BaseException | None = None
        self._waiting = self._ended = False
        self._captured = self._dropped = 0
        self._capture: Capture = open_capture(source, self._stopped)
        first = self._capture.read()
        if first is None:
            self._capture.close()
            raise MediaError(f"{source} opens, but gives no picture")
        self.first = first
        """The first picture, for its size."""
        self._put(first, after_gap=True)
        self._thread = Thread(target=self._work, name="camera", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> bool:
        """Whether the camera is disconnected, and being reopened."""
        return self._waiting

    @property
    def ended(self) -> bool:
        """Whether a film used as the camera has ended, and its last picture was taken."""
        with self._changed:
            return self._ended and self._newest is None

    @property
    def captured(self) -> int:
        """How many pictures were captured."""
        return self._captured

    @property
    def dropped(self) -> int:
        """How many of them were replaced by a newer one before they were taken."""
        return self._dropped

    def newest(self, *, timeout: float) -> LiveFrame | None:
        """The newest picture not yet taken; None where none comes within timeout, in seconds."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._newest is not None or self._failure is not None or self._ended,
                timeout,
            )
            if self._failure is not None:
                raise self._failure
            frame, self._newest = self._newest, None
            return frame

    def close(self) -> None:
        """Stop reading. A thread whose driver does not respond is abandoned."""
        self._stopped.set()
        self._thread.join(_LEAVE_SECONDS)

    def __enter__(self) -> "Camera":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _work(self) -> None:
        try:
            after_gap = False
            while not self._stopped.is_set():
                picture = self._capture.read()
                if picture is not None:
                    self._put(picture, after_gap=after_gap)
                    after_gap = False
                    continue
                if self._capture.ended or self._stopped.is_set():
                    break
                self._waiting = after_gap = True
                self._reopen()
        except BaseException as error:
            self._failure = error
        finally:
            with suppress(Exception):
                self._capture.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _reopen(self) -> None:
        self._capture.close()
        while not self._stopped.wait(_RETRY_SECONDS):
            with suppress(MediaError):
                self._capture = open_capture(self._source, self._stopped)
                return

    def _put(self, picture: Picture, *, after_gap: bool) -> None:
        with self._changed:
            if self._newest is not None:
                self._dropped += 1
                after_gap = after_gap or self._newest.after_gap
            self._newest = LiveFrame(picture, time.monotonic(), after_gap)
            self._captured += 1
            self._waiting = False
            self._changed.notify_all()
