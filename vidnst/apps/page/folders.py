"""The folder of all sessions, which is removed with the server."""

from contextlib import AbstractContextManager
from pathlib import Path

from vidnst.film.workers.temporary import own_folder


def session_root() -> AbstractContextManager[Path]:
    """A folder that only this user can read; removed at the end, or by the next server."""
    return own_folder("vidnst-page-")
