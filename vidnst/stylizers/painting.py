"""The only way to paint a picture: with the requested colors, and the source where it stays.

A stylizer returns pictures in the style's colors. Flicker is removed from these; anything that is
shown must first get the colors of the `color` option, and the source where it is not painted. So
they are wrapped as a Painting, whose `shown` does both, optionally on the stabilized picture.
"""

from dataclasses import dataclass, replace

from vidnst.frames.color import colored
from vidnst.frames.frame import Frame, Picture, Weights
from vidnst.frames.shares import all_painted, continued_from, in_floats, painted_share, with_source
from vidnst.motion.look_back import Painted
from vidnst.options.styles import Color
from vidnst.stylizers.stylizer import SequentialStylizer, Stylizer


@dataclass(frozen=True, eq=False)
class Painting:
    """A painted picture before its colors and the source are applied.

    bare, source: RGB uint8 (H, W, 3), the result in the style's colors, and the frame. left: the
    style weights, if the source still has to be blended in where they leave it; else None.
    """

    bare: Picture
    source: Picture
    color: Color
    left: Weights | None = None

    def shown(self, steadied: Picture | None = None) -> Picture:
        """The final picture; steadied: the stabilized picture, used in place of bare."""
        # Stabilization works on the bare pictures; the source's chroma needs none, and is exact.
        picture = self.bare if steadied is None else steadied
        picture = colored(picture, self.source, self.color)
        if self.left is None:
            return picture
        return with_source(picture, self.source, painted_share(self.left))


def paint(stylizer: Stylizer, picture: Picture, weights: Weights | None = None) -> Painting:
    """Paint a picture after begin_shot; arguments and errors as for Stylizer.paint."""
    return Painting(stylizer.paint(picture, weights), picture, stylizer.options.color)


def paint_next(stylizer: SequentialStylizer, frame: Frame) -> Painting:
    """Paint the next frame of a shot, with its style weights."""
    bare = stylizer.paint(frame.picture, _weights_of(frame), number=frame.number)
    return Painting(bare, frame.picture, stylizer.options.color)


def paint_all_over(stylizer: Stylizer, frame: Frame) -> Painting:
    """Paint a frame to be stabilized: everywhere; `shown` blends the source in afterwards."""
    weights = _weights_of(frame)
    if weights is None or not weights.any():
        return replace(paint(stylizer, frame.picture, weights), left=weights)
    scene = continued_from(frame.picture, painted_share(weights))
    bare = paint(stylizer, scene, all_painted(weights)).bare
    return Painting(bare, frame.picture, stylizer.options.color, weights)


def repaint(
    stylizer: SequentialStylizer, own: Painted, neighbor: Painted, weights: Weights | None = None
) -> Painting:
    """Paint a frame again. Arguments and errors as for SequentialStylizer.repaint."""
    bare = stylizer.repaint(own, neighbor, weights)
    return Painting(bare, own.source, stylizer.options.color)


def paint_still(stylizer: Stylizer, picture: Picture, weights: Weights | None = None) -> Picture:
    """Paint a single picture, RGB uint8 (H, W, 3), in the requested colors.

    It is also the only sample for begin_clip and begin_shot. weights and errors as for paint.
    """
    stylizer.begin_clip([picture])
    stylizer.begin_shot([picture])
    return paint(stylizer, picture, weights).shown()


def _weights_of(frame: Frame) -> Weights | None:
    return None if frame.weights is None else in_floats(frame.weights)
