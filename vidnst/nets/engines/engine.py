"""The interface of engines, which run a network on pictures."""

from typing import Protocol

from vidnst.frames.frame import Picture


class Engine(Protocol):
    """Paints pictures; many threads may call it at once."""

    def run(self, picture: Picture) -> Picture:
        """Paint RGB uint8 (H, W, 3), of any size in multiples of the network's STRIDE."""
        ...
