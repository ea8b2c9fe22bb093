"""Start Python processes that do not import modules from the working directory."""

import multiprocessing.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.context import SpawnContext
from pathlib import Path
from tempfile import gettempdir
from typing import Any

_PACKAGE_PLACE = str(Path(__file__).resolve().parents[3])
# Only sys, which is built in, is imported before the path is cleaned.
_RUN = """import sys
sys.path[:] = [path for path in sys.path if path not in ("", ".")]
place, module, *sys.argv[1:] = sys.argv[1:]
if place not in sys.path: sys.path.append(place)
import runpy
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def python_command(module: str, *arguments: str) -> list[str]:
    """The command to run a module like `python -m`, but with no working directory on sys.path."""
    return [sys.executable, "-c", _RUN, _PACKAGE_PLACE, module, *arguments]


def spawn_context() -> SpawnContext:
    """The context to spawn processes without the working directory on sys.path."""
    if sys.version_info >= (3, 11):
        os.environ["PYTHONSAFEPATH"] = "1"
    else:
        # Python 3.10 lacks this variable. With -I, processes still get sys.path from this one.
        util: Any = multiprocessing.util
        if util._args_from_interpreter_flags is not _isolated_flags:
            util._args_from_interpreter_flags = _isolated_flags
    return get_context("spawn")


def _isolated_flags() -> list[str]:
    from subprocess import _args_from_interpreter_flags  # type: ignore[attr-defined]

    return [*_args_from_interpreter_flags(), "-I"]


@contextmanager
def neutral_directory() -> Iterator[None]:
    """Change to a directory without modules, for libraries that record the working directory."""
    before = os.getcwd()
    # Anyone can write to the temporary folder; the root of its file system has no modules.
    os.chdir(Path(gettempdir()).anchor)
    try:
        yield
    finally:
        with suppress(OSError):
            os.chdir(before)
