"""What goes out of a live session, and what comes back: pictures, figures, actions."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from vidnst.frames.frame import Picture

Action = Literal[
    "next-style",
    "stronger",
    "weaker",
    "steadier",
    "livelier",
    "side-by-side",
    "snapshot",
    "record",
    "quit",
]
"""What one can ask for while it runs."""

KEYS: dict[str, Action] = {
    "n": "next-style",
    "+": "stronger",
    "=": "stronger",
    "-": "weaker",
    "]": "steadier",
    "[": "livelier",
    "c": "side-by-side",
    "s": "snapshot",
    "r": "record",
    "q": "quit",
    "\x1b": "quit",
}


@dataclass(frozen=True)
class Status:
    """How a session goes. Latency is from capture to display; inner_hw is the size painted at."""

    fps: float
    latency_ms: float
    inner_hw: tuple[int, int]
    style: str
    strength: float
    steady: float
    recording: bool
    waiting: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Shown:
    """One frame on its way out: painted alone, and as it is looked at (perhaps beside its source).

    Both RGB uint8 (H, W, 3). captured_seconds is by time.monotonic.
    """

    painted: Picture
    looked_at: Picture
    captured_seconds: float
    status: Status


class Output(Protocol):
    """Where frames go. show must not wait for anyone."""

    def show(self, shown: Shown) -> None:
        """Take a frame."""

    def actions(self) -> list[Action]:
        """What was asked for since the last time."""

    def close(self) -> None:
        """Finish; safe to call twice."""
