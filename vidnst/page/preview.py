"""The painted still under the time slider: networks and frames are kept, so that it comes soon."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from vidnst.errors import MediaError
from vidnst.frames import Picture
from vidnst.media.clip import Clip
from vidnst.media.decode import decode
from vidnst.media.pictures import read_style
from vidnst.options import ComputeOptions, StyleOptions, parse_size
from vidnst.page.choice import Choice
from vidnst.style.fast import FastStylizer
from vidnst.style.feed_forward import NATURAL_BRUSH_PX

_MOST_PIXELS = 640 * 360
"""Of a still; a larger one would take more than a second."""

_COMPUTE = ComputeOptions(backend="torch")
"""For one frame: other engines take longer to prepare than to paint."""

_painter = ThreadPoolExecutor(1, "still")
"""One for all sessions: two at once would only wait for each other."""


def still_size(choice: Choice) -> tuple[int, int]:
    """The size (H, W) a still is painted at: the film's, up to a size that is painted soon."""
    height, width = painted_size_hw(choice)
    shrunk = min(1.0, (_MOST_PIXELS / (height * width)) ** 0.5)
    return max(16, round(height * shrunk)), max(16, round(width * shrunk))


def painted_size_hw(choice: Choice) -> tuple[int, int]:
    """The size (H, W) the film itself will be painted at. Raises UsageError."""
    assert choice.film.clip is not None
    source_hw = choice.film.clip.size_hw
    return parse_size(choice.size, source_hw) if choice.size else source_hw


@lru_cache(maxsize=16)
def frame_at(clip: Clip, seconds: float, size_hw: tuple[int, int]) -> Picture:
    """The first frame at or after a time, RGB uint8 (H, W, 3); the first of all past the last.

    Raises MediaError.
    """
    for start_seconds in (seconds or None, None):
        with closing(decode(clip, size_hw=size_hw, start_seconds=start_seconds)) as frames:
            found = next(frames, None)
        if found is not None:
            return found.picture
    raise MediaError("there is no frame to be shown")


def painted_at(choice: Choice, seconds: float) -> Picture:
    """That frame, painted by the fast network; steadiness plays no part in one frame.

    Raises MediaError and UsageError.
    """
    clip, style, size_hw = choice.film.clip, choice.style.path, still_size(choice)
    assert clip is not None
    brush_size = choice.brush_size
    if brush_size is not None and brush_size / 100 * size_hw[0] < NATURAL_BRUSH_PX:
        brush_size = None  # Finer marks than a still has room for.
    painting = StyleOptions(strength=choice.strength, brush_size=brush_size)
    return _painter.submit(_paint, clip, seconds, size_hw, style, painting).result()


@lru_cache(maxsize=32)
def _paint(
    clip: Clip, seconds: float, size_hw: tuple[int, int], style: Path, painting: StyleOptions
) -> Picture:
    frame = frame_at(clip, seconds, size_hw)
    stylizer = _stylizer(style, painting.brush_size, size_hw)
    stylizer.options = painting
    stylizer.begin_shot([frame])
    return stylizer.paint(frame)


@lru_cache(maxsize=4)
def _stylizer(style: Path, brush_size: float | None, size_hw: tuple[int, int]) -> FastStylizer:
    """What has read a style for a size; how strong it is may still change."""
    painting = replace(StyleOptions(), brush_size=brush_size)
    return FastStylizer(read_style(style), painting, _COMPUTE, size_hw=size_hw, at_once=1)
