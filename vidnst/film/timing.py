"""The weight of each style in a frame, by the frame's time."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction

import numpy as np

from vidnst.frames.frame import Frame, Weights
from vidnst.frames.shares import in_bytes, in_floats
from vidnst.options.render import RenderOptions
from vidnst.options.schedule import TimeOptions, crossfade


def weights_at(
    seconds: float, timing: TimeOptions, shares: Weights | None = None, *, own: bool
) -> Weights:
    """The styles' weights at a time of the result, float32 (K, H, W) or (K, 1, 1).

    shares: the region weights, in place of the styles' times. own: whether the scene's own style
    is painted too; its weight comes last. Then, as the strength rises, the source first gives way
    to the scene in its own style, which then turns into the wanted style, as with a constant
    strength (StyleOptions). Otherwise the wanted style is blended with the source.
    """
    if shares is None:
        times = timing.style_seconds
        each = crossfade(times, seconds, timing.easing) if len(times) > 1 else [1.0]
        shares = np.array(each, np.float32)[:, None, None]
    strength = 1.0 if timing.strength is None else timing.strength.at(seconds)
    if not own:
        return np.asarray(strength * shares, np.float32)
    painted = min(1.0, 2 * strength) * shares
    left = (1 - strength) * painted.sum(0, keepdims=True)
    return np.concatenate([strength * painted, left]).astype(np.float32)


def over_time(
    frames: Generator[Frame, None, None], options: RenderOptions, *, origin_seconds: Fraction
) -> Generator[Frame, None, None]:
    """Set each frame's weights by its time, where they change, combined with its region weights.

    origin_seconds: the timestamp that is time 0 of the result.
    """
    timing, own = options.timing, options.has_own_style
    with closing(frames):
        if not timing.changes:
            yield from frames
            return
        for frame in frames:
            seconds = float(frame.pts * frame.time_base - origin_seconds)
            if frame.weights is None:
                yield replace(frame, weights=weights_at(seconds, timing, own=own))
            else:
                weights = weights_at(seconds, timing, in_floats(frame.weights), own=own)
                yield replace(frame, weights=in_bytes(weights))
