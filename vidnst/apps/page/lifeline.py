"""End a process with its parent, even where the parent is killed."""

import os
import signal
import sys
from threading import Thread


def end_with_parent() -> None:
    """Send SIGTERM to this process when its stdin, which the parent holds open, ends."""
    Thread(target=_wait, args=(sys.stdin.fileno(),), name="end with parent", daemon=True).start()


def _wait(stdin: int) -> None:
    # Not through sys.stdin: its lock, held by this thread, would deadlock forked processes.
    while os.read(stdin, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
