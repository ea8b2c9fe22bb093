"""Options of the page's server, and limits for untrusted uploads."""

from dataclasses import dataclass, fields
from ipaddress import ip_address

from vidnst.errors import UsageError
from vidnst.options.fields import option

PLACE = "VIDNST_PLACE"
"""The environment variable with the working directory of `vidnst page`."""
GATE = "VIDNST_GATE"
"""The environment variable with what Gate is given: arguments are seen by all accounts."""


@dataclass(frozen=True)
class PageLimits:
    """The limits of accepted films. Each field is an option of the command line.

    They also apply to files that are named by their paths on this machine.
    """

    max_megabytes: int = option(200, "of the file", value="MB")
    max_seconds: float = option(600.0, "how long it lasts", value="S")
    max_frames: int = option(18_000, "how many frames it has", value="N")
    max_megapixels: float = option(9.0, "of each frame", value="MP")

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < float("inf"):
                raise UsageError(f"`{field.name}` is {value:g}, but must be more than 0")


@dataclass(frozen=True)
class PageOptions:
    """Where the page is served. port: 0 picks any free one."""

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
