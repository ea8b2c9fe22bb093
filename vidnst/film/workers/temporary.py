"""Temporary folders, removed at the end or, after a crash, by the next run."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_LOCK = "lock"


@contextmanager
def own_folder(prefix: str) -> Iterator[Path]:
    """A folder that only this user can read, removed at the end.

    prefix: of its name. After a crash, the next call with this prefix removes the folder.
    """
    remove_leftovers(prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    lock = FileLock(folder / _LOCK)
    try:
        with lock:
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(prefix: str) -> None:
    """Remove folders left by killed processes of this user: those whose lock files are free."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        try:
            mine = not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
            lock = folder / _LOCK
            if folder.is_symlink() or not mine or lock.is_symlink() or not lock.is_file():
                continue
            with FileLock(lock, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):
            continue
