"""vidnst paints films: any video, in the style of any picture, steady from frame to frame."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vidnst.api import Stylizer, stylize_video

__all__ = ["Stylizer", "__version__", "stylize_video"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load what needs torch only when it is asked for."""
    if name in ("Stylizer", "stylize_video"):
        from vidnst import api

        return getattr(api, name)
    raise AttributeError(f"module 'vidnst' has no attribute {name!r}")
