"""What the user can choose, with defaults and ranges, in one place."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vidnst.errors import UsageError


@dataclass(frozen=True)
class EncodeOptions:
    """How the result is encoded; None takes the container's default."""

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    pix_fmt: str | None = None

    def __post_init__(self) -> None:
        if self.crf is not None and not 0 <= self.crf <= 63:
            raise UsageError(
                f"--crf is {self.crf:g}, but must lie in 0..63 (0 is lossless or best)"
            )


@dataclass(frozen=True)
class StyleOptions:
    """How a style is applied.

    strength: 0 leaves the source as it is, 1 is the full style. brush_size: the size of the style's
    marks in percent of the frame's height; None leaves them as fine as the frame allows.
    """

    strength: float = 1.0
    brush_size: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise UsageError(f"--strength is {self.strength:g}, but must lie in 0..1")
        if self.brush_size is not None and not 0.5 <= self.brush_size <= 25:
            raise UsageError(
                f"--brush-size is {self.brush_size:g}, but must lie in 0.5..25 (percent of height)"
            )


@dataclass(frozen=True)
class RenderOptions:
    """One render: what is read, how it is painted, where it goes."""

    source: Path
    style: Path
    output: Path | None = None
    size: str | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None
    audio: bool = True
    overwrite: bool = False
    weights: Path | None = None
    painting: StyleOptions = StyleOptions()
    encoding: EncodeOptions = EncodeOptions()

    def __post_init__(self) -> None:
        start, end = self.start_seconds, self.end_seconds
        if start is not None and start < 0:
            raise UsageError(f"--start is {start:g} s, but must not be negative")
        if end is not None and end <= (start or 0):
            raise UsageError(f"--end is {end:g} s, but must lie after --start ({start or 0:g} s)")


def parse_size(text: str, size_hw: tuple[int, int]) -> tuple[int, int]:
    """A size as the user writes it, '640x360' or '360' (the height), for a source of size_hw.

    With the height alone the width follows the source's shape, rounded to an even number.
    Raises UsageError for anything else.
    """
    parts = text.lower().split("x")
    if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > 2:
        raise UsageError(
            f"--size is {text!r}, but must be WIDTHxHEIGHT or HEIGHT, such as 640x360 or 360"
        )
    if len(parts) == 2:
        width, height = int(parts[0]), int(parts[1])
    else:
        height = int(parts[0])
        width = max(2, 2 * round(Fraction(size_hw[1] * height, 2 * size_hw[0])))
    if not (16 <= width <= 8192 and 16 <= height <= 8192):
        raise UsageError(f"--size {width}x{height}: each side must lie in 16..8192")
    return height, width


def parse_time(text: str) -> float:
    """Seconds as '12.5', '1:02.5' or '1:00:02.5'. Raises UsageError for anything else."""
    try:
        parts = [float(part) for part in text.split(":")]
        if len(parts) > 3 or any(part < 0 for part in parts) or any(p >= 60 for p in parts[1:]):
            raise ValueError
    except ValueError:
        raise UsageError(
            f"{text!r} is no time: write seconds or H:MM:SS, such as 12.5 or 1:02.5"
        ) from None
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return seconds
