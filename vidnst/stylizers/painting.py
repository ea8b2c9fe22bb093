"""The one way to paint a picture: in the colors asked for, and with the source where that stays.

A stylizer's own picture is in the style's colors. What steadies a film wants it so; no one else may
show it so. That is why it comes as a Painting, which is shown by itself or as it was steadied.
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
    """A picture as it was painted, not yet as it is shown.

    bare, source: RGB uint8 (H, W, 3), in the style's colors and in its own. left: where the source
    is still to be laid over it, the weights that say so.
    """

    bare: Picture
    source: Picture
    color: Color
    left: Weights | None = None

    def shown(self, steadied: Picture | None = None) -> Picture:
        """The picture itself; steadied: in place of bare."""
        # What is held are paintings; the source's chroma needs no holding, and is exact.
        picture = self.bare if steadied is None else steadied
        picture = colored(picture, self.source, self.color)
        if self.left is None:
            return picture
        return with_source(picture, self.source, painted_share(self.left))


def paint(stylizer: Stylizer, picture: Picture, weights: Weights | None = None) -> Painting:
    """Paint a picture of a shot that has begun; arguments and errors as Stylizer.paint has them."""
    return Painting(stylizer.paint(picture, weights), picture, stylizer.options.color)


def paint_next(stylizer: SequentialStylizer, frame: Frame) -> Painting:
    """Paint the frame that follows, as its weights say."""
    bare = stylizer.paint(frame.picture, _weights_of(frame), number=frame.number)
    return Painting(bare, frame.picture, stylizer.options.color)


def paint_all_over(stylizer: Stylizer, frame: Frame) -> Painting:
    """Paint a frame that is to be steadied: all over, and the source comes in when it is shown."""
    weights = _weights_of(frame)
    if weights is None or not weights.any():
        return replace(paint(stylizer, frame.picture, weights), left=weights)
    scene = continued_from(frame.picture, painted_share(weights))
    bare = paint(stylizer, scene, all_painted(weights)).bare
    return Painting(bare, frame.picture, stylizer.options.color, weights)


def repaint(
    stylizer: SequentialStylizer, own: Painted, neighbor: Painted, weights: Weights | None = None
) -> Painting:
    """Paint once more. Arguments and errors: as SequentialStylizer.repaint has them."""
    bare = stylizer.repaint(own, neighbor, weights)
    return Painting(bare, own.source, stylizer.options.color)


def paint_still(stylizer: Stylizer, picture: Picture, weights: Weights | None = None) -> Picture:
    """Paint a single picture, RGB uint8 (H, W, 3), in the colors that are asked for.

    What there is to learn is learned from it. weights and errors: as paint has them.
    """
    stylizer.begin_clip([picture])
    stylizer.begin_shot([picture])
    return paint(stylizer, picture, weights).shown()


def _weights_of(frame: Frame) -> Weights | None:
    return None if frame.weights is None else in_floats(frame.weights)
