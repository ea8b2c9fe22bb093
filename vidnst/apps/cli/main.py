"""The command line: dispatches commands, prints errors to stderr and sets exit codes.

It imports no large libraries, so that --help is fast.
"""

import atexit
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import NoReturn

from vidnst.apps.cli import (
    batch,
    evaluate,
    explore,
    export,
    info,
    jobs,
    keyframes,
    page,
    paint_check,
    project,
    render,
    shots,
    styles,
    train,
    tune,
    webcam,
)
from vidnst.apps.cli.flags import with_flags
from vidnst.apps.cli.tell import prepare_streams, tell
from vidnst.errors import UsageError, VidnstError

_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "batch": batch.run,
    "evaluate": evaluate.run,
    "explore": explore.run,
    "export": export.run,
    "info": info.run,
    "jobs": jobs.run,
    "keyframes": keyframes.run,
    "page": page.run,
    "paint-check": paint_check.run,
    "render": project.run,
    "shots": shots.run,
    "styles": styles.run,
    "train": train.run,
    "train-encoder": train.run_encoder,
    "train-style": train.run_style,
    "tune": tune.run,
    "webcam": webcam.run,
}


def run() -> NoReturn:
    """The program: main, then exit without the half second of interpreter shutdown."""
    prepare_streams()
    code = main()
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    0 done, 1 failed, 2 bad usage, 130 interrupted. VIDNST_DEBUG=1 shows the traceback of errors.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("SVT_LOG", "1")
    stopped = _noted_signals()
    try:
        if arguments[:1] == ["help"] and not os.path.lexists("help"):
            arguments = [*arguments[1:2], "--help"]
        if arguments and arguments[0] in _COMMANDS:
            return _COMMANDS[arguments[0]](arguments[1:])
        _require_input(arguments)
        return render.run(arguments)
    except BaseException as error:
        # A library may have replaced the exception of the signal handler by its own.
        return _code_of(stopped[0] if stopped else error)


def _require_input(arguments: Sequence[str]) -> None:
    """Raises UsageError where the first word is neither a command nor an existing path."""
    if not arguments or not re.fullmatch(r"[a-z][a-z0-9-]*", arguments[0]):
        return
    word = arguments[0]
    near = get_close_matches(word, [*_COMMANDS], n=1)
    if os.path.lexists(word) or (not near and "--style" in arguments):
        return
    meant = f"did you mean vidnst {near[0]}?" if near else "vidnst --help lists the commands"
    raise UsageError(f"{word}: no such file, and no command of this name ({meant})")


def _noted_signals() -> list[BaseException]:
    """Install signal handlers for SIGINT and SIGTERM; they add what they raise to the list."""
    noted: list[BaseException] = []

    def stop(number: int, _: object) -> NoReturn:
        terminated = number == signal.SIGTERM
        noted.append(SystemExit(128 + number) if terminated else KeyboardInterrupt())
        raise noted[-1]

    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, stop)
    return noted


def _code_of(error: BaseException) -> int:
    """Print an error in one line and return the exit code. Raises unexpected errors again."""
    if isinstance(error, VidnstError):
        return _failed(with_flags(str(error)), error.exit_code)
    if isinstance(error, KeyboardInterrupt):
        return _failed("interrupted", 130)
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, OSError):  # Such as a full disk, where no one has converted it.
        return _failed(f"{error.filename or 'stopped'}: {error.strerror or error}", 1)
    if isinstance(error, MemoryError):
        return _failed("not enough memory: give a smaller --size", 1)
    if isinstance(error, ImportError) and any(
        library in str(error) for library in ("libGL", "libgthread", "libglib")
    ):
        return _failed(
            f"OpenCV lacks a system library ({error}); on a machine without a screen run: "
            "pip install --force-reinstall --no-deps opencv-python-headless",
            1,
        )
    raise error


def _failed(message: str, code: int) -> int:
    if os.environ.get("VIDNST_DEBUG") == "1":
        raise
    tell(f"vidnst: {' '.join(message.split())}", file=sys.stderr)
    return code
