"""What the page's server can be told, and what it takes from strangers."""

from dataclasses import dataclass, fields
from ipaddress import ip_address

from vidnst.errors import UsageError

PLACE = "VIDNST_PLACE"
"""The variable that names the folder in which the page was asked for."""


@dataclass(frozen=True)
class PageLimits:
    """The largest film that is taken: of its file, its length and its frames.

    Films and pictures of this machine, named by their paths, are measured alike.
    """

    megabytes: int = 200
    seconds: float = 600
    frames: int = 18_000
    megapixels: float = 9

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < float("inf"):
                raise UsageError(f"`{field.name}` is {value:g}, but must be more than 0")


@dataclass(frozen=True)
class PageOptions:
    """Where the page is served. port: 0 takes any that is free."""

    host: str = "127.0.0.1"
    port: int = 8501
    limits: PageLimits = PageLimits()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise UsageError(f"`port` is {self.port}, but must lie in 0..65535")

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the page."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"
