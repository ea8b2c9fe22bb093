"""How much of each style a frame is painted in, by its time."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction

import numpy as np

from vidnst.frames import Frame, Weights
from vidnst.options import RenderOptions, TimeOptions
from vidnst.schedule import crossfade


def weights_at(seconds: float, timing: TimeOptions, *, styles: int, own: bool) -> Weights:
    """What is painted at a time of the result: (K, 1, 1), the last for the scene's own style.

    own: whether there is a painter for that. Between the source and a style lies first the scene in
    its own style, which hides the source, and turns into the wanted one: as with a strength that
    stays (StyleOptions). Without it they are laid over each other.
    """
    shares = [1.0] + [0.0] * (styles - 1)
    if len(timing.style_seconds) > 1:
        shares = crossfade(timing.style_seconds, seconds, timing.easing)
    strength = 1.0 if timing.strength is None else timing.strength.at(seconds)
    if not own:
        weights = [strength * share for share in shares]
    else:
        painted = min(1.0, 2 * strength)
        weights = [painted * strength * share for share in shares]
        weights.append(painted * (1 - strength))
    return np.array(weights, np.float32)[:, None, None]


def has_own_style(options: RenderOptions) -> bool:
    """Whether the scene's own style is painted on the way from the source to a style."""
    return options.stylizer == "fast" and options.timing.strength is not None


def over_time(
    frames: Generator[Frame, None, None], options: RenderOptions, *, origin_seconds: Fraction
) -> Generator[Frame, None, None]:
    """Give each frame the weights of its time, where these change.

    origin_seconds: the timestamp at which the result's time begins.
    """
    timing, own = options.timing, has_own_style(options)
    styles = max(1, len(timing.style_seconds))
    with closing(frames):
        if not timing.changes:
            yield from frames
            return
        for frame in frames:
            seconds = float(frame.pts * frame.time_base - origin_seconds)
            weights = weights_at(seconds, timing, styles=styles, own=own)
            yield replace(frame, weights=weights)
