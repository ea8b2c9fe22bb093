"""Live painting of frames from the visitor's own camera."""

from vidnst.apps.page.uploads import Source
from vidnst.frames.frame import Picture
from vidnst.live.holding import Holding
from vidnst.live.painter import LivePainter
from vidnst.live.stylizers import in_styles
from vidnst.options.steady import SteadyOptions
from vidnst.options.styles import StyleOptions


class Mirror:
    """Paints frames of one size in one style."""

    def __init__(self, style: Source, strength: float, first: Picture) -> None:
        self.style, self.shape = style, first.shape
        self._strength = strength
        size_hw = first.shape[0], first.shape[1]
        options = StyleOptions(strength=strength)
        styles = in_styles([style.path], options, size_hw=size_hw)
        self._painter = LivePainter(styles, options, first=first)
        self._holding = Holding(SteadyOptions(), size_hw=size_hw)

    def paint(self, picture: Picture, *, strength: float) -> Picture:
        """Paint the next frame, RGB uint8 (H, W, 3)."""
        if strength != self._strength:
            self._strength = strength
            self._painter.change_strength(strength)
        if self._holding.opens_shot(picture):
            self._painter.begin_shot()
        painting = self._painter.paint(picture)
        return painting.shown(self._holding.held(picture, painting.bare, strength=strength))

    def close(self) -> None:
        """Stop its threads."""
        self._painter.close()
