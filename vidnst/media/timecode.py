"""SMPTE timecode: labels of frames as HH:MM:SS:FF."""

import math
import re
from fractions import Fraction

from vidnst.errors import MediaError
from vidnst.media.clip import Clip

_FORM = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;.])(\d{2,3})")


def frames_of(timecode: str, rate: Fraction) -> int:
    """How many frames lie between 00:00:00:00 and a timecode, at a rate in frames a second.

    With ';' or '.' before the frames it is drop-frame timecode (SMPTE ST 12-1): at 29.97 the
    frame numbers 00 and 01 are skipped in every minute but each tenth, at 59.94 also 02 and 03.

    Raises MediaError where it is no timecode of this rate.
    """
    found = _FORM.fullmatch(timecode)
    nominal = round(rate)
    hours, minutes, seconds, frames = (int(found[n]) for n in (1, 2, 3, 5)) if found else (0,) * 4
    drops = found is not None and found[4] != ":"
    left_out = _left_out(nominal) if drops else 0
    if (
        found is None
        or max(minutes, seconds) >= 60
        or frames >= nominal
        or (drops and (nominal % 30 or (not seconds and minutes % 10 and frames < left_out)))
    ):
        raise MediaError(f"{timecode!r} is no timecode of {float(rate):.3f} frames a second")
    all_minutes = hours * 60 + minutes
    numbered = (all_minutes * 60 + seconds) * nominal + frames
    return numbered - left_out * (all_minutes - all_minutes // 10)


def timecode_of(frames: int, rate: Fraction, *, drops: bool) -> str:
    """The timecode of a frame, by its count from 00:00:00:00; it wraps around after 24 hours."""
    nominal = round(rate)
    left_out = _left_out(nominal) if drops else 0
    ten_minutes, minute = 600 * nominal - 9 * left_out, 60 * nominal - left_out
    tens, rest = divmod(frames % (144 * ten_minutes), ten_minutes)
    skipped = 9 * tens + max(0, (rest - left_out) // minute)
    numbered = frames % (144 * ten_minutes) + left_out * skipped
    seconds, frame = divmod(numbered, nominal)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}{';' if drops else ':'}{frame:02}"


def frames_before(clip: Clip, start_seconds: float | None) -> int:
    """How many of the clip's frames precede an excerpt that begins at start_seconds."""
    if not start_seconds or clip.rate is None:
        return 0
    return max(0, math.ceil(start_seconds * clip.rate - 1e-3))


def timecode_at(clip: Clip, start_seconds: float | None) -> str | None:
    """The timecode of an excerpt's first frame; None where the clip has no valid one."""
    if clip.timecode is None or clip.rate is None:
        return None
    try:
        first = frames_of(clip.timecode, clip.rate)
    except MediaError:
        return None
    drops = clip.timecode[8] != ":"
    return timecode_of(first + frames_before(clip, start_seconds), clip.rate, drops=drops)


def _left_out(nominal: int) -> int:
    return nominal // 15
