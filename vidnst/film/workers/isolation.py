"""Other Pythons that we start: none imports what happens to lie in the working directory."""

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
# Of all modules, sys alone is not looked for in folders.
_RUN = """import sys
sys.path[:] = [path for path in sys.path if path not in ("", ".")]
place, module, *sys.argv[1:] = sys.argv[1:]
if place not in sys.path: sys.path.append(place)
import runpy
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def python_command(module: str, *arguments: str) -> list[str]:
    """What runs a module as `python -m` does, but with no working directory on its path."""
    return [sys.executable, "-c", _RUN, _PACKAGE_PLACE, module, *arguments]


def spawn_context() -> SpawnContext:
    """For processes of multiprocessing that begin anew, without the working directory."""
    if sys.version_info >= (3, 11):
        os.environ["PYTHONSAFEPATH"] = "1"
    else:
        # There is no such variable; isolated, they still get their path from this process.
        util: Any = multiprocessing.util
        if util._args_from_interpreter_flags is not _isolated_flags:
            util._args_from_interpreter_flags = _isolated_flags
    return get_context("spawn")


def _isolated_flags() -> list[str]:
    from subprocess import _args_from_interpreter_flags  # type: ignore[attr-defined]

    return [*_args_from_interpreter_flags(), "-I"]


@contextmanager
def neutral_directory() -> Iterator[None]:
    """Stand in a folder that holds no one's modules, for libraries that note where we stand."""
    before = os.getcwd()
    # The folder of temporary files is anyone's; its root holds nothing that is imported.
    os.chdir(Path(gettempdir()).anchor)
    try:
        yield
    finally:
        with suppress(OSError):
            os.chdir(before)
