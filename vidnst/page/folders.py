"""The folder of all sessions, which does not outlive the server."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = "vidnst-page-"
_LOCK = "lock"


@contextmanager
def session_root() -> Iterator[Path]:
    """A folder that only this user can look into; removed at the end, or by the next server."""
    _remove_leftovers(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with FileLock(folder / _LOCK):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(place: Path) -> None:
    """Folders of this user's servers that were killed: no one holds their locks."""
    for folder in place.glob(f"{_PREFIX}*"):
        mine = not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
        if folder.is_symlink() or not mine or not (folder / _LOCK).exists():
            continue
        try:
            with FileLock(folder / _LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):
            continue
