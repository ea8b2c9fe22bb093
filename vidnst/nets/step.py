"""What an optimization tells of each of its steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vidnst.frames.frame import Picture


@dataclass(frozen=True)
class Step:
    """One step of an optimization, of a picture or of a network; handed to the listener.

    step: counts from 1 to step_count, over all scales of a picture. losses: what the step saw, of a
    picture what it led to, weighted. doing: what is being made ready, such as "learning"; None
    where it is the result itself. size_hw: of the picture, at this scale. picture: makes RGB uint8
    (H, W, 3) of what is being painted, as it is so far; None where nothing is.
    """

    step: int
    step_count: int
    losses: Mapping[str, float]
    doing: str | None = None
    size_hw: tuple[int, int] | None = None
    picture: Callable[[], Picture] | None = None

    @property
    def total(self) -> float:
        return sum(self.losses.values())
