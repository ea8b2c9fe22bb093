"""A process that ends with its parent, however that ends."""

import os
import signal
import sys
from threading import Thread


def end_with_parent() -> None:
    """Terminate this process, as SIGTERM does, when its stdin ends, which its parent holds."""
    Thread(target=_wait, name="end with parent", daemon=True).start()


def _wait() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
