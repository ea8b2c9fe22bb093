"""A film's orientation, frame rate and timecode from its header, checked for plausibility."""

from contextlib import suppress
from fractions import Fraction
from itertools import islice, pairwise
from statistics import median
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

LIKELY_RATE = 60
"""Higher frame rates in headers are checked against the timestamps of the frames."""
_RATE_SEEN_IN = 120
_USUAL_RATES = (
    *(Fraction(rate) for rate in (24, 25, 30, 48, 50, 60)),
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 60)),
)


def orientation(frame: av.VideoFrame) -> tuple[int, bool]:
    """By how many degrees to rotate a picture counterclockwise, and whether to mirror it first.

    Convention: FFmpeg's display matrix maps coded (x, y) to (a x + c y, b x + d y) on screen;
    mirroring flips the coded picture horizontally, which negates a and b.
    """
    rotation = round(frame.rotation / 90) * 90 % 360
    matrix: Any = None
    with suppress(ValueError):  # PyAV lacks some kinds of side data, such as a TIFF's EXIF.
        matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return rotation, False
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32).astype(float)[:5]
    return ((rotation + 180) % 360, True) if a * d < b * c else (rotation, False)


def sane_rate(told: Fraction, container: InputContainer, stream: VideoStream) -> Fraction:
    """The header's frame rate, `told`, or where the first frames are far slower, theirs."""
    packets = islice(container.demux(stream), _RATE_SEEN_IN)
    times = sorted({packet.pts for packet in packets if packet.pts is not None})
    steps = [later - earlier for earlier, later in pairwise(times)]
    if not steps or stream.time_base is None:
        return told
    # Pauses, as in screen recordings, are ignored.
    usual = [step for step in steps if step <= 2 * median(steps)]
    seen = 1 / (Fraction(stream.time_base) * Fraction(sum(usual), len(usual)))
    if seen > told * Fraction(9, 10):
        return told
    nearest = min(_USUAL_RATES, key=lambda rate: abs(rate - seen))
    return nearest if abs(nearest - seen) < seen / 50 else seen.limit_denominator(1001)


def timecode_tag(container: InputContainer, stream: VideoStream) -> str | None:
    """The timecode from the metadata of the film, of the container, or of a track of its own."""
    tags = [stream.metadata, container.metadata, *(s.metadata for s in container.streams)]
    found = (value for tag in tags for key, value in tag.items() if key.lower() == "timecode")
    return next(found, None)
