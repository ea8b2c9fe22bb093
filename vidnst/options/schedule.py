"""Settings that change over a film: values interpolated between keyframes."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from vidnst.errors import UsageError

Easing = Literal["linear", "ease"]


@dataclass(frozen=True)
class Curve:
    """A value over time, in seconds of the result, interpolated between keyframes.

    Before the first keyframe and after the last it is constant. keyframes: (seconds, value), by
    increasing time.
    """

    keyframes: tuple[tuple[float, float], ...]
    easing: Easing = "linear"

    def at(self, seconds: float) -> float:
        """The value at a time; on a keyframe, exactly the keyframe's value."""
        times = [time for time, _ in self.keyframes]
        after = bisect_right(times, seconds)
        if after in (0, len(times)):
            return self.keyframes[max(after - 1, 0)][1]
        (start, low), (end, high) = self.keyframes[after - 1 : after + 1]
        return low + (high - low) * _eased((seconds - start) / (end - start), self.easing)


def parse_curve(name: str, text: str, *, low: float, high: float) -> Curve | float:
    """Parse a number, or keyframes such as '0@0s,1@2s', for the option of this name.

    Raises UsageError for anything else.
    """
    parts = [part.split("@") for part in text.split(",")]
    try:
        values = [float(part[0]) for part in parts]
    except ValueError:
        raise UsageError(
            f"`{name}` is {text!r}, but must be a number or keyframes such as 0@0s,1@2s"
        ) from None
    for value in values:
        if not low <= value <= high:
            raise UsageError(f"`{name}` is {value:g}, but must lie in {low:g}..{high:g}")
    if len(parts) == 1 and len(parts[0]) == 1:
        return values[0]
    if any(len(part) != 2 for part in parts):
        raise UsageError(f"`{name}` is {text!r}: each keyframe needs its time, such as 0@0s,1@2s")
    times = in_turn(name, [parse_moment(part[1]) for part in parts])
    return Curve(tuple(zip(times, values, strict=True)))


def parse_time(text: str) -> float:
    """Seconds as '12.5', '1:02.5' or '1:00:02.5'. Raises UsageError for anything else."""
    try:
        parts = [Fraction(str(float(part))) for part in text.split(":")]
        if len(parts) > 3 or any(part < 0 for part in parts) or any(p >= 60 for p in parts[1:]):
            raise ValueError
    except ValueError:
        raise UsageError(
            f"{text!r} is no time: write seconds or H:MM:SS, such as 12.5 or 1:02.5"
        ) from None
    seconds = Fraction(0)
    for part in parts:
        seconds = seconds * 60 + part
    return float(seconds)


def parse_moment(text: str) -> float:
    """Seconds as '2s', '2' or '1:02.5'. Raises UsageError for anything else."""
    return parse_time(text.strip().removesuffix("s"))


def in_turn(name: str, times: Sequence[float]) -> list[float]:
    """Return the times as a list. Raises UsageError where they do not increase strictly."""
    for before, after in pairwise(times):
        if after <= before:
            raise UsageError(f"`{name}`: {after:g} s must come after {before:g} s")
    return list(times)


def crossfade(times: Sequence[float], seconds: float, easing: Easing) -> list[float]:
    """The weights of a crossfade at a time, one for each of `times`; they sum to 1.

    At each of `times` its own weight is 1; in between, it falls to 0 as the next one's rises.
    """
    curves = [
        Curve(tuple((time, float(other == own)) for other, time in enumerate(times)), easing)
        for own in range(len(times))
    ]
    return [curve.at(seconds) for curve in curves]


def _eased(share: float, easing: Easing) -> float:
    """Map 0..1 to 0..1, linearly or with a slow start and end (smoothstep)."""
    return share if easing == "linear" else share * share * (3 - 2 * share)


@dataclass(frozen=True)
class TimeOptions:
    """Settings that change over a film; times are those of the result.

    strength: over time, in place of StyleOptions.strength. style_seconds: when each style has all
    the weight; in between, styles are crossfaded.
    """

    strength: Curve | None = None
    style_seconds: tuple[float, ...] = ()
    easing: Easing = "linear"

    @property
    def changes(self) -> bool:
        """Whether any setting changes over time."""
        return self.strength is not None or len(self.style_seconds) > 1
