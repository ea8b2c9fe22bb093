"""The painted still under the time slider, with cached networks and frames for speed."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from vidnst.apps.page.choice import Choice
from vidnst.errors import MediaError
from vidnst.film.regions.prepass import still_weights
from vidnst.frames.frame import Picture
from vidnst.frames.shares import in_floats
from vidnst.media.clip import Clip
from vidnst.media.decode import decode
from vidnst.options.compute import ComputeOptions
from vidnst.options.regions import RegionOptions
from vidnst.options.render import RenderOptions
from vidnst.options.size import parse_size
from vidnst.options.steady import SteadyOptions
from vidnst.options.styles import StyleOptions
from vidnst.options.stylizers import Fast
from vidnst.stylizers.feed_forward import NATURAL_BRUSH_PX
from vidnst.stylizers.painting import paint_still
from vidnst.stylizers.registry import make_stylizer
from vidnst.stylizers.stylizer import Stylizer

_MOST_PIXELS = 640 * 360
"""The most pixels of a still; a larger one would take more than a second."""

_COMPUTE = ComputeOptions(backend="torch")
"""For one frame: other engines take longer to prepare than to paint."""

_NOWHERE = Path("still.mp4")
"""A placeholder for the output; nothing is written there."""

_painter = ThreadPoolExecutor(1, "still")
"""One thread for all sessions, since two would compete for the same cores."""


def still_size(choice: Choice) -> tuple[int, int]:
    """The size (H, W) of a still: the film's, reduced to at most _MOST_PIXELS."""
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
    """The first frame at or after a time, RGB uint8 (H, W, 3); after the end, the first of all.

    Raises MediaError.
    """
    for start_seconds in (seconds or None, None):
        with closing(decode(clip, size_hw=size_hw, start_seconds=start_seconds)) as frames:
            found = next(frames, None)
        if found is not None:
            return found.picture
    raise MediaError("there is no frame to be shown")


def painted_at(choice: Choice, seconds: float) -> Picture:
    """The frame of frame_at, painted by the fast network, without steadying.

    A tracked mask is applied where it was drawn. Raises MediaError and UsageError.
    """
    clip, size_hw = choice.film.clip, still_size(choice)
    assert clip is not None
    options = replace(
        choice, stylizer=Fast.name, steady=SteadyOptions.steady, size=None, track=False
    )
    brush_size = choice.brush_size
    if brush_size is not None and brush_size / 100 * size_hw[0] < NATURAL_BRUSH_PX:
        options = replace(options, brush_size=None)  # The marks would be too fine for a still.
    asked = replace(options.options(_NOWHERE), compute=_COMPUTE)
    return _painter.submit(_paint, clip, seconds, size_hw, asked).result()


@lru_cache(maxsize=32)
def _paint(clip: Clip, seconds: float, size_hw: tuple[int, int], options: RenderOptions) -> Picture:
    frame = frame_at(clip, seconds, size_hw)
    weights = None
    if options.regions.regions:
        weights = in_floats(still_weights(options.regions, size_hw, clip.size_hw))
    stylizer = _stylizer(
        replace(options, regions=RegionOptions(), painting=_whole(options)), size_hw
    )
    stylizer.options = options.painting
    return paint_still(stylizer, frame, weights)


def _whole(options: RenderOptions) -> StyleOptions:
    """The style options, with strength and color reset, so that changing these reuses the cache."""
    return StyleOptions(brush_size=options.painting.brush_size)


@lru_cache(maxsize=4)
def _stylizer(options: RenderOptions, size_hw: tuple[int, int]) -> Stylizer:
    """The stylizer for a size, with the styles read."""
    return make_stylizer(options, size_hw, lambda step: None, at_once=1)
