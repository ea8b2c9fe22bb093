"""The size to paint at."""

from fractions import Fraction

from vidnst.errors import UsageError


def parse_size(text: str, size_hw: tuple[int, int]) -> tuple[int, int]:
    """A size as the user writes it, '640x360' or '360' (the height), for a source of size_hw.

    With the height alone the width follows the source's shape, rounded to an even number.
    Raises UsageError for anything else.
    """
    parts = text.lower().split("x")
    if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > 2:
        raise UsageError(
            f"`size` is {text!r}, but must be WIDTHxHEIGHT or HEIGHT, such as 640x360 or 360"
        )
    if len(parts) == 2:
        width, height = int(parts[0]), int(parts[1])
    else:
        height = int(parts[0])
        width = max(2, 2 * round(Fraction(size_hw[1] * height, 2 * size_hw[0])))
    if not (16 <= width <= 8192 and 16 <= height <= 8192):
        raise UsageError(f"`size={width}x{height}`: each side must lie in 16..8192")
    return height, width
