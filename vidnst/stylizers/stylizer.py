"""What a stylizer is. Pictures are painted with one by painting.py, and in no other way."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from vidnst.frames.frame import Picture, ShotFrame, Weights
from vidnst.motion.look_back import Painted
from vidnst.options.styles import StyleOptions

State = Mapping[str, npt.NDArray[Any]]
"""What painting the next frame depends on, ready to be written to a file."""


class Stylizer(ABC):
    """Paints frames of one size.

    begin_clip is called once and begin_shot before each shot, each with as many frames spread over
    it as clip_samples and shot_samples say; begin_known before all, where there are clip_seconds;
    then paint, from as many threads as parallel says.
    """

    options: StyleOptions
    """How the style is applied; strength and color may change between shots."""
    size_hw: tuple[int, int]
    clip_samples = 0
    clip_seconds: tuple[float, ...] = ()
    """When frames of the clip are shown that begin_known gets, in seconds from its beginning."""
    shot_samples = 0

    @property
    def parallel(self) -> int:
        """How many threads may paint at once."""
        return 1

    @property
    def sequential(self) -> "SequentialStylizer | None":
        """Itself, where each frame is painted from those before, and a film is steady with that.

        None where frames are painted apart, and must be held steady by others.
        """
        return None

    def begin_worker(self) -> None:
        """Take this thread's share of the cores; each thread that paints calls it once."""
        return

    def begin_known(self, frames: Sequence[ShotFrame]) -> None:
        """Learn what there is to learn from the frames of the clip that clip_seconds names."""
        return

    def begin_clip(self, samples: Sequence[Picture]) -> None:
        """Learn what there is to learn from frames of the clip, RGB uint8 (H, W, 3)."""
        return

    def begin_shot(self, samples: Sequence[Picture]) -> None:
        """Learn what there is to learn from frames of the shot, RGB uint8 (H, W, 3)."""
        return

    @abstractmethod
    def paint(self, picture: Picture, weights: Weights | None = None) -> Picture:
        """Paint one frame, RGB uint8 (H, W, 3), of size_hw, in the style's colors.

        weights: how much of each style is painted where; None paints all in the first. Raises
        MediaError where memory runs out.
        """


class SequentialStylizer(Stylizer):
    """Paints each frame of a shot from those before.

    begin_shot forgets these. `state` and `restore` carry them from one stylizer to another of the
    same settings, which then goes on exactly as the first would have.
    """

    passes: int
    """How often each shot is gone over, forward and backward in turn."""

    @property
    def sequential(self) -> "SequentialStylizer":
        return self

    @abstractmethod
    def paint(
        self, picture: Picture, weights: Weights | None = None, *, number: int | None = None
    ) -> Picture:
        """As Stylizer.paint; number: which frame it is, where flow comes from files."""

    @abstractmethod
    def repaint(self, own: Painted, neighbor: Painted, weights: Weights | None = None) -> Picture:
        """Paint a frame once more, nearer to its neighbor's result; weights: as paint has them."""

    @abstractmethod
    def state(self) -> State:
        """What painting the next frame depends on."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Go on from a state that `state` gave."""
