"""The interface of stylizers. What is to be shown is painted with them by painting.py alone."""

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

    If clip_seconds is not empty, begin_known is called first, with the frames at these times.
    begin_clip is called once, with clip_samples frames spread over the clip; enter_shot (unless it
    is sequential) and begin_shot before each shot, the latter with shot_samples frames spread over
    it; then paint, from up to `parallel` threads.
    """

    options: StyleOptions
    """How the style is applied; strength and color may change between shots."""
    size_hw: tuple[int, int]
    clip_samples = 0
    clip_seconds: tuple[float, ...] = ()
    """The times of the frames that begin_known gets, in seconds from the beginning of the clip."""
    shot_samples = 0
    leaves_shot = False
    """Whether the shot that was begun last stays as it is in the source."""

    @property
    def parallel(self) -> int:
        """How many threads may paint at once."""
        return 1

    @property
    def sequential(self) -> "SequentialStylizer | None":
        """Itself, if each frame is painted from those before, which avoids flicker.

        None if frames are painted independently, and flicker must be removed elsewhere.
        """
        return None

    def begin_worker(self) -> None:
        """Limit this thread to its share of the cores; each thread that paints calls it once."""
        return

    def begin_known(self, frames: Sequence[ShotFrame]) -> None:
        """Prepare from the frames of the clip at clip_seconds."""
        return

    def begin_clip(self, samples: Sequence[Picture]) -> None:
        """Prepare from sampled frames of the clip, RGB uint8 (H, W, 3)."""
        return

    def enter_shot(self, shot_pts: int) -> None:
        """Take note of which shot comes next: as in ShotFrame, the pts of its first frame."""
        return

    def begin_shot(self, samples: Sequence[Picture]) -> None:
        """Prepare from sampled frames of the shot, RGB uint8 (H, W, 3)."""
        return

    @abstractmethod
    def paint(self, picture: Picture, weights: Weights | None = None) -> Picture:
        """Paint one frame, RGB uint8 (H, W, 3), of size_hw, in the style's colors.

        weights: how much of each style is painted where; None paints all in the first. Raises
        MediaError where memory runs out.
        """


class SequentialStylizer(Stylizer):
    """Paints each frame of a shot from those before.

    begin_shot discards these. `state` and `restore` transfer them to another stylizer of the same
    settings, which then gives exactly the same results as the first.
    """

    passes: int
    """The number of passes over each shot, forward and backward in turn."""

    @property
    def sequential(self) -> "SequentialStylizer":
        return self

    @abstractmethod
    def paint(
        self, picture: Picture, weights: Weights | None = None, *, number: int | None = None
    ) -> Picture:
        """As Stylizer.paint; number: the frame's, needed where optical flow is read from files."""

    @abstractmethod
    def repaint(self, own: Painted, neighbor: Painted, weights: Weights | None = None) -> Picture:
        """Paint a frame again, closer to its neighbor's result; weights: as for paint."""

    @abstractmethod
    def state(self) -> State:
        """What painting the next frame depends on."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Continue from a state that `state` returned."""
