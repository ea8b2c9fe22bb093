"""Which styles a picture is painted in, and with which weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vidnst.errors import UsageError
from vidnst.options.built_in import is_style, style_path
from vidnst.options.schedule import in_turn, parse_moment


@dataclass(frozen=True)
class WeightedStyle:
    """A style picture, or a folder of them; weight: relative to the other styles.

    seconds: where styles are crossfaded, when this one has all the weight. Raises UsageError for a
    weight that is negative or not finite.
    """

    path: Path
    weight: float = 1.0
    seconds: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.weight < float("inf"):
            raise UsageError(
                f"`style` {self.path}:{self.weight:g}: a weight must be a number, 0 or more"
            )


@dataclass(frozen=True)
class Mixing:
    """The styles that are mixed with a render's style.

    weight: of the render's style, relative to the others. fine: the picture, or folder, that alone
    gives the finest texture.
    """

    weight: float = 1.0
    others: tuple[WeightedStyle, ...] = ()
    fine: Path | None = None


def parse_style(text: str) -> WeightedStyle:
    """Parse a style as the user writes it: PATH, PATH:WEIGHT or PATH@TIME.

    PATH may be the name of a built-in style. Text that is an existing path is not split. Raises
    UsageError for an invalid weight or time, and MediaError as style_path does.
    """
    path, at, moment = text.rpartition("@")
    if at and not Path(text).exists() and (is_style(path) or moment[:1].isdigit()):
        return WeightedStyle(style_path(path), seconds=parse_moment(moment))
    before, colon, after = text.rpartition(":")
    if not colon or Path(text).exists():
        return WeightedStyle(style_path(text))
    try:
        weight = float(after)
    except ValueError:
        if is_style(before):
            raise UsageError(
                f"`style` {text}: {after!r} is no weight; write a number, such as {before}:0.5"
            ) from None
        return WeightedStyle(style_path(text))
    return WeightedStyle(style_path(before), weight)


def times_of(styles: Sequence[WeightedStyle]) -> tuple[float, ...]:
    """When each style has all the weight; empty where the mix stays the same.

    Raises UsageError where only some have a time, or times do not increase.
    """
    times = [style.seconds for style in styles if style.seconds is not None]
    if times and len(times) < len(styles):
        raise UsageError("`style`: give each style its time, such as a.jpg@0s, or none of them")
    return tuple(in_turn("style", times))


Color = Literal["style", "luminance", "match"]


@dataclass(frozen=True)
class StyleOptions:
    """How a style is applied.

    strength: 0 leaves the source as it is, 1 is the full style. brush_size: the size of the style's
    marks in percent of the frame's height; None leaves them as fine as the frame allows. color:
    `luminance` changes the lightness alone and keeps the source's colors, `match` first brings the
    style's colors near those of each shot.
    """

    strength: float = 1.0
    brush_size: float | None = None
    color: Color = "style"

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise UsageError(f"`strength` is {self.strength:g}, but must lie in 0..1")
        if self.brush_size is not None and not 0.5 <= self.brush_size <= 25:
            raise UsageError(
                f"`brush_size` is {self.brush_size:g}, but must lie in 0.5..25 (percent of height)"
            )
        if self.color not in get_args(Color):
            raise UsageError(
                f"`color` is {self.color}, but must be one of {', '.join(get_args(Color))}"
            )
