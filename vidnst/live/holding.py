"""Steady the live picture: detect cuts, and stabilize painted frames along optical flow."""

from vidnst.frames.frame import Picture
from vidnst.live.cuts import CutWatch
from vidnst.motion.flow import View
from vidnst.motion.hold import Linker, Stabilizer
from vidnst.options.steady import SteadyOptions


class Holding:
    """Steadies the frames of one live session, in order, all of one size."""

    def __init__(self, steadying: SteadyOptions, *, size_hw: tuple[int, int]) -> None:
        self._steadying = steadying
        self._linker = Linker(steadying, size_hw=size_hw)
        self._stabilizer = Stabilizer(steadying)
        self._cuts = CutWatch()
        self._before: Picture | None = None

    @property
    def steady(self) -> float:
        """How strongly frames are held to the previous one, 0..1."""
        return self._steadying.steady

    def change(self, steady: float) -> None:
        """Hold more or less from the next frame on."""
        self._steadying = SteadyOptions(steady=steady, flow=self._steadying.flow)
        self._stabilizer = Stabilizer(self._steadying)
        self._before = None

    def forget(self) -> None:
        """The next frame opens a shot, whatever it shows."""
        self._cuts.forget()

    def opens_shot(self, picture: Picture) -> bool:
        """Look at the next frame, RGB uint8 (H, W, 3), before it is painted."""
        opens = self._cuts.opens_shot(picture)
        if opens:
            self._before = None
        return opens

    def held(self, picture: Picture, painted: Picture, *, strength: float) -> Picture:
        """The painted picture, steadied along the motion since the last one.

        strength: of the style; at 0, and where nothing was painted, it is not steadied.
        """
        before, self._before = self._before, picture
        if not self._steadying.steady or not strength or painted is picture:
            return painted
        if before is None:
            self._stabilizer.begin_shot()
            return self._stabilizer.hold(painted, None)
        links = self._linker.links(View(before), View(picture))
        return self._stabilizer.hold(painted, links.back)
