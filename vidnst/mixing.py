"""Which styles go into a picture, as the user asks for them."""

from dataclasses import dataclass
from pathlib import Path

from vidnst.errors import UsageError


@dataclass(frozen=True)
class WeightedStyle:
    """A picture, or a folder of pictures, to paint like; weight: how much it counts beside others.

    Raises UsageError for a weight below 0 or without end.
    """

    path: Path
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.weight < float("inf"):
            raise UsageError(
                f"--style {self.path}:{self.weight:g}: a weight must be a number, 0 or more"
            )


@dataclass(frozen=True)
class Mixing:
    """What is mixed with a render's style.

    weight: of that style beside the others. fine: the picture, or folder, that gives the finest
    texture, in place of all these.
    """

    weight: float = 1.0
    others: tuple[WeightedStyle, ...] = ()
    fine: Path | None = None


def parse_style(text: str) -> WeightedStyle:
    """A style as the user writes it: PATH, or PATH:WEIGHT. A path that exists is one as it stands.

    Raises UsageError where what follows the colon is no weight.
    """
    before, colon, after = text.rpartition(":")
    if not colon or Path(text).exists():
        return WeightedStyle(Path(text))
    try:
        weight = float(after)
    except ValueError:
        if Path(before).exists():
            raise UsageError(
                f"--style {text}: {after!r} is no weight; write a number, such as {before}:0.5"
            ) from None
        return WeightedStyle(Path(text))
    return WeightedStyle(Path(before), weight)
