"""What headers say of a film's turn, rate and timecode, as far as it can be believed."""

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
"""A header that tells a higher one is compared with the frames."""
_RATE_SEEN_IN = 120
_USUAL_RATES = (
    *(Fraction(rate) for rate in (24, 25, 30, 48, 50, 60)),
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 60)),
)


def orientation(frame: av.VideoFrame) -> tuple[int, bool]:
    """By how much to turn a picture counterclockwise, and whether it is to be mirrored first.

    Convention: FFmpeg's display matrix maps coded (x, y) to (a x + c y, b x + d y) on screen;
    mirrored is left and right of the coded picture, which turns a and b around.
    """
    rotation = round(frame.rotation / 90) * 90 % 360
    told: Any = None
    with suppress(ValueError):  # PyAV knows not all kinds of side data, such as a TIFF's EXIF.
        told = frame.side_data.get("DISPLAYMATRIX")
    if told is None:
        return rotation, False
    a, b, _, c, d = np.frombuffer(bytes(told), np.int32).astype(float)[:5]
    return ((rotation + 180) % 360, True) if a * d < b * c else (rotation, False)


def sane_rate(told: Fraction, container: InputContainer, stream: VideoStream) -> Fraction:
    """The header's frame rate, or where the first frames are far slower, theirs."""
    packets = islice(container.demux(stream), _RATE_SEEN_IN)
    times = sorted({packet.pts for packet in packets if packet.pts is not None})
    steps = [later - earlier for earlier, later in pairwise(times)]
    if not steps or stream.time_base is None:
        return told
    # Pauses, as in recordings of a screen, are left out.
    usual = [step for step in steps if step <= 2 * median(steps)]
    seen = 1 / (Fraction(stream.time_base) * Fraction(sum(usual), len(usual)))
    if seen > told * Fraction(9, 10):
        return told
    nearest = min(_USUAL_RATES, key=lambda rate: abs(rate - seen))
    return nearest if abs(nearest - seen) < seen / 50 else seen.limit_denominator(1001)


def timecode_tag(container: InputContainer, stream: VideoStream) -> str | None:
    """Where files of all kinds have it: with the film, in a track of its own, or for the whole."""
    tags = [stream.metadata, container.metadata, *(s.metadata for s in container.streams)]
    found = (value for tag in tags for key, value in tag.items() if key.lower() == "timecode")
    return next(found, None)
