"""One render in a worker process: command-line arguments in, lines of JSON out."""

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from vidnst.apps.cli.arguments import render_options
from vidnst.apps.page.lifeline import end_with_parent
from vidnst.errors import VidnstError
from vidnst.media.pictures import write_picture
from vidnst.media.whole import whole_file

if TYPE_CHECKING:
    from vidnst.film.render import Progress
    from vidnst.nets.step import Step


_TOLD_EVERY_SECONDS = 0.1
_SHOWN_EVERY_SECONDS = 1.5
_SHOWN = Path("progress.jpg")
"""The picture being optimized, in the render's folder."""


def main(arguments: list[str]) -> int:
    """Render and report progress; ends when stdin, which the parent holds open, ends."""
    signal.signal(signal.SIGTERM, _terminated)
    end_with_parent()
    with suppress(OSError):
        os.nice(5)  # The preview has priority.
    from vidnst.film.render import render

    teller = _Teller()
    try:
        report = render(render_options(arguments), on_progress=teller.hear)
    except VidnstError as error:
        _tell(error=str(error))
        return error.exit_code
    except MemoryError:
        _tell(error="not enough memory: choose a smaller size")
        return 1
    _tell(report=report.as_dict())
    return 0


class _Teller:
    """Reports progress as lines of JSON, a few per second, with the frame rate."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        self._before = 0
        self._told_seconds = self._shown_seconds = 0.0

    def hear(self, progress: "Progress") -> None:
        now, done, count = time.monotonic(), progress.frames_done, progress.frame_count
        fps = None
        if self._first is None and done > self._before:
            self._first = done, now
        elif self._first is not None and done > self._first[0]:
            fps = (done - self._first[0]) / (now - self._first[1])
        self._before = done
        if now - self._told_seconds < _TOLD_EVERY_SECONDS and not progress.notes and done != count:
            return
        self._told_seconds = now
        step = progress.step
        _tell(
            done=done,
            count=count,
            fps=fps,
            left_seconds=(count - done) / fps if fps and count else None,
            step=[step.step, step.step_count] if step is not None else None,
            doing=step.doing if step is not None else None,
            picture=self._show(step, now) if step is not None else None,
            notes=list(progress.notes),
        )

    def _show(self, step: "Step", now: float) -> str | None:
        """The file name of a step's picture, written at intervals; None where it has none."""
        if step.picture is None:
            return None
        if now - self._shown_seconds >= _SHOWN_EVERY_SECONDS:
            self._shown_seconds = now
            with whole_file(_SHOWN) as part:
                write_picture(part, step.picture())
        return str(_SHOWN)


def _tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def _terminated(*_: object) -> NoReturn:
    raise SystemExit(143)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
