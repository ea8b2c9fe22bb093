"""A recording: the painted frames in a film, each at the time it was captured."""

from fractions import Fraction
from pathlib import Path
from queue import Full, Queue
from threading import Thread

from vidnst.errors import MediaError
from vidnst.frames.frame import Frame, Picture
from vidnst.live.outputs import Action, Shown
from vidnst.media.color import BT709
from vidnst.media.containers import choose_encoding, container_of
from vidnst.media.encode import Encoder
from vidnst.media.result import PendingResult, check_target
from vidnst.options.output import EncodeOptions

_CLOCK = Fraction(1, 1000)
_DEPTH = 16


class Recording:
    """Writes frames in a thread; the film is complete after close.

    An encoder that does not keep up drops frames; those that are written keep their timestamps.
    """

    def __init__(self, path: Path, *, size_hw: tuple[int, int], overwrite: bool) -> None:
        """Raises UsageError and OutputError where such a film cannot be written there."""
        container = container_of(path)
        if container.format in ("gif", "image2"):
            raise MediaError(f"{path}: a recording is a film: name it .mp4, .mkv, .mov or .webm")
        check_target(path, (), overwrite=overwrite)
        self.path = path
        self.lost = 0
        self._encoding = choose_encoding(path, EncodeOptions(), size_hw)
        self._size_hw = size_hw
        self._frames: Queue[tuple[Picture, float] | None] = Queue(_DEPTH)
        self._failure: BaseException | None = None
        self._closed = False
        self._thread = Thread(target=self._work, name="record", daemon=True)
        self._thread.start()

    def show(self, shown: Shown) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            self._frames.put_nowait((shown.painted, shown.captured_seconds))
        except Full:
            self.lost += 1

    def actions(self) -> list[Action]:
        return []

    def close(self) -> None:
        """Finish the film and put it in its place. Raises OutputError where that fails."""
        if self._closed:
            return
        self._closed = True
        # Waits for room in the queue, unless the thread has ended.
        while self._thread.is_alive():
            try:
                self._frames.put(None, timeout=0.1)
                break
            except Full:
                continue
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        try:
            with PendingResult(self.path) as result:
                if self._write(result.path):
                    result.keep()
        except BaseException as error:
            self._failure = error

    def _write(self, path: Path) -> bool:
        """Encode until the queue ends (None); False where no frame came."""
        before: tuple[Picture, int] | None = None
        started = 0.0
        duration = 40
        with Encoder(
            path,
            self._encoding,
            size_hw=self._size_hw,
            sample_aspect=Fraction(1),
            rate=None,
            time_base=_CLOCK,
            color=BT709,
        ) as encoder:
            while (taken := self._frames.get()) is not None:
                picture, captured = taken
                started = started if before else captured
                pts = round((captured - started) / _CLOCK)
                if before is not None:
                    # A frame's duration is known once the next one is captured.
                    pts = max(pts, before[1] + 1)
                    duration = pts - before[1]
                    encoder.write(Frame(before[0], before[1], duration, _CLOCK))
                before = picture, pts
            if before is not None:
                encoder.write(Frame(before[0], before[1], duration, _CLOCK))
        return before is not None
