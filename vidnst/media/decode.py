"""Decoding of files to frames: upright, in display order, each with its timestamp."""

from collections.abc import Generator
from contextlib import closing, suppress
from fractions import Fraction
from itertools import islice

import av
import numpy as np
import numpy.typing as npt

from vidnst.errors import MediaError
from vidnst.frames.frame import Alpha, Frame, Picture
from vidnst.media.alpha import to_rgb_and_alpha
from vidnst.media.clip import Clip
from vidnst.media.color import to_rgb
from vidnst.media.damage import Damage, Listener
from vidnst.media.seek import frames_before, frames_near
from vidnst.media.timestamps import Timed

_SAMPLE_REACH = 300
"""The most frames to decode to reach a sample."""
_SLACK_SECONDS = Fraction(1, av.time_base)
"""The resolution of a clip's start time in FFmpeg."""


def exact(seconds: float | Fraction) -> Fraction:
    """The fraction that a float's shortest decimal form denotes: 1/5 for 0.2."""
    return Fraction(str(seconds))


def excerpt_zero(clip: Clip, start_seconds: float | Fraction) -> Fraction:
    """The clip's timestamp, in seconds, that becomes time 0 of an excerpt: nearest to its start.

    It is a multiple of time_base. Pictures, sound and subtitles are all shifted by it.
    """
    origin = exact(clip.start_seconds) + exact(start_seconds) - _SLACK_SECONDS
    return round(origin / clip.time_base) * clip.time_base


def seconds_in_clip(clip: Clip, frame: Frame, start_seconds: float | None) -> Fraction:
    """A frame's time from the clip's beginning; start_seconds: as decode was called with."""
    clock = frame.pts * frame.time_base
    if start_seconds is not None:
        clock += excerpt_zero(clip, start_seconds)
    return max(Fraction(0), clock - exact(clip.start_seconds))


def decode(
    clip: Clip,
    *,
    size_hw: tuple[int, int] | None = None,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    from_pts: int | None = None,
    alpha: bool = False,
    strict: bool = False,
    on_damage: Listener = lambda words: None,
) -> Generator[Frame, None, None]:
    """Yield the clip's frames as RGB, scaled to size_hw where given.

    start_seconds and end_seconds count from the clip's beginning; a frame belongs to the excerpt
    if it starts inside [start, end). Timestamps are the source's own, or with start_seconds count
    from there. Interlaced frames are deinterlaced to one frame each. from_pts: leave out frames
    whose yielded timestamp is earlier. Transparent parts are shown over black; with alpha, frames
    carry the clip's alpha instead (media/alpha.py).

    Damaged packets are decoded as far as possible, and reported to the callback on_damage at the
    end, in one line. Raises MediaError where the clip ends before its header says, and if strict,
    at the first damage.
    """
    size_hw = size_hw or clip.size_hw
    origin = exact(clip.start_seconds) + exact(start_seconds or 0) - _SLACK_SECONDS
    first_pts, zero = None, 0
    if start_seconds is not None:
        first_pts = origin / clip.time_base
        zero = round(excerpt_zero(clip, start_seconds) / clip.time_base)
    end_pts = None
    if end_seconds is not None:
        end = exact(clip.start_seconds) + exact(end_seconds) - _SLACK_SECONDS
        end_pts = end / clip.time_base
    near = None if not start_seconds else first_pts
    if from_pts is not None:
        near = Fraction(from_pts + zero)
    damage = Damage(clip.path, strict=strict)
    expected: int | None = None
    found = False
    try:
        with closing(frames_near(clip, near, damage)) as frames:
            for timed in frames:
                found = True
                if end_pts is not None and timed.pts >= end_pts:
                    return
                left_out = first_pts is not None and timed.pts < first_pts
                if left_out or (from_pts is not None and timed.pts - zero < from_pts):
                    damage.forget()
                    expected = timed.pts + timed.duration
                    continue
                gap = 0 if expected is None else timed.pts - expected
                lost = round(gap / timed.duration)
                damage.shown((timed.pts * clip.time_base) - exact(clip.start_seconds), lost)
                expected = timed.pts + timed.duration
                picture, opacity = _upright(timed.frame, clip, size_hw, alpha=alpha)
                yield Frame(
                    picture=picture,
                    pts=timed.pts - zero,
                    duration=timed.duration,
                    time_base=clip.time_base,
                    alpha=opacity,
                )
            if not found and start_seconds is None:
                raise MediaError(f"{clip.path} holds no frame that can be decoded")
            damage.ended()
    finally:
        damage.tell(on_damage)


def sample(
    clip: Clip,
    count: int,
    *,
    size_hw: tuple[int, int] | None = None,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    alpha: bool = False,
) -> list[Picture]:
    """Up to `count` frames spread evenly over the clip or excerpt, RGB as decode yields them.

    Where seeking is not possible, frames are read in sequence, though not far.
    """
    size_hw = size_hw or clip.size_hw
    begin = exact(clip.start_seconds) + exact(start_seconds or 0)
    end = exact(clip.start_seconds) + exact(end_seconds or clip.duration_seconds or 0)
    if clip.duration_seconds:
        end = min(end, exact(clip.start_seconds) + exact(clip.duration_seconds))
    last = None if end_seconds is None else exact(clip.start_seconds) + exact(end_seconds)
    pictures: list[Picture] = []
    damage = Damage(clip.path, strict=False)
    taken: int | None = None
    reading = frames_near(clip, None, damage)
    for index in range(count if end > begin else 1):
        place = begin + max(end - begin, Fraction(0)) * Fraction(2 * index + 1, 2 * count)
        wanted = place / clip.time_base
        best: Timed | None = None
        with suppress(MediaError):  # decode() reports damage, when it gets there
            if (index or start_seconds) and (
                entered := frames_before(clip, wanted, damage)
            ) is not None:
                reading.close()
                reading = entered
            for timed in islice(reading, _SAMPLE_REACH):
                if last is not None and timed.pts * clip.time_base >= last:
                    break
                best = timed
                if timed.pts >= wanted:
                    break
        if best is not None and best.pts != taken:
            taken = best.pts
            pictures.append(_upright(best.frame, clip, size_hw, alpha=alpha)[0])
    reading.close()
    return pictures


def _upright(
    frame: av.VideoFrame, clip: Clip, size_hw: tuple[int, int], *, alpha: bool
) -> tuple[Picture, Alpha | None]:
    quarter_turns = clip.rotation_degrees // 90
    coded_hw = size_hw[::-1] if quarter_turns % 2 else size_hw

    def turned(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        if clip.mirrored:
            pixels = np.fliplr(pixels)
        return np.ascontiguousarray(np.rot90(pixels, quarter_turns))

    if not alpha:
        return turned(to_rgb(frame, clip.color, coded_hw)), None
    picture, opacity = to_rgb_and_alpha(frame, clip.color, coded_hw)
    return turned(picture), None if opacity is None else turned(opacity)
