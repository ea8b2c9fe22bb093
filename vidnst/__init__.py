"""vidnst paints films: any video, in the style of any picture, steady from frame to frame."""

import os
from typing import TYPE_CHECKING, Any

# Read when torch is loaded, and handed down to every process we start. Threads that spin while
# they wait hold each other up for seconds where another program has the core; OpenMP's own
# variables of a kind, such as GOMP_SPINCOUNT, go before this one.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

if TYPE_CHECKING:
    from vidnst.apps.api import Stylizer, stylize_video

__all__ = ["Stylizer", "__version__", "stylize_video"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load what needs torch only when it is asked for."""
    if name in ("Stylizer", "stylize_video"):
        from vidnst.apps import api

        return getattr(api, name)
    raise AttributeError(f"module 'vidnst' has no attribute {name!r}")
