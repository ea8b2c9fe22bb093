"""The interface of a live session's outputs: frames and status out, user actions in."""

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
    "keyframe",
    "record",
    "quit",
]
"""User actions during a session."""

KEYS: dict[str, Action] = {
    "n": "next-style",
    "+": "stronger",
    "=": "stronger",
    "-": "weaker",
    "]": "steadier",
    "[": "livelier",
    "c": "side-by-side",
    "s": "snapshot",
    "p": "keyframe",
    "r": "record",
    "q": "quit",
    "\x1b": "quit",
}


@dataclass(frozen=True)
class Status:
    """The current status. Latency is from capture to display; inner_hw is the size painted at.

    keyframes: whether pictures to paint over can be kept.
    """

    fps: float
    latency_ms: float
    inner_hw: tuple[int, int]
    style: str
    strength: float
    steady: float
    recording: bool
    waiting: bool
    keyframes: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Shown:
    """An output frame: painted alone, and as displayed (looked_at, perhaps beside its source).

    Both RGB uint8 (H, W, 3). captured_seconds is by time.monotonic.
    """

    painted: Picture
    looked_at: Picture
    captured_seconds: float
    status: Status


class Output(Protocol):
    """A destination of frames. show must not block."""

    def show(self, shown: Shown) -> None:
        """Take a frame."""

    def actions(self) -> list[Action]:
        """The user's actions since the last call."""

    def close(self) -> None:
        """Finish; safe to call twice."""
