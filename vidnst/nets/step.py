"""The progress record that an optimization passes to its callback after each step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vidnst.frames.frame import Picture


@dataclass(frozen=True)
class Step:
    """One step of optimizing a picture or training a network; passed to `on_step` callbacks.

    step: from 1 to step_count, over all scales of a picture. losses: for a picture, weighted and
    after the step; for a network, unweighted and before it. doing: the name of a preparatory phase,
    such as "learning"; None while the result itself is optimized. size_hw: of the picture, at this
    scale. picture: returns the picture in its current state, RGB uint8 (H, W, 3); None where a
    network is trained.
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
