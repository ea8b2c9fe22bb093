"""A process that ends with its parent, however that ends."""

import os
import signal
import sys
from threading import Thread


def end_with_parent() -> None:
    """Terminate this process, as SIGTERM does, when its stdin ends, which its parent holds."""
    Thread(target=_wait, args=(sys.stdin.fileno(),), name="end with parent", daemon=True).start()


def _wait(stdin: int) -> None:
    # Not through sys.stdin: its lock, held here, would hang every process that is forked off.
    while os.read(stdin, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
