"""Uploaded paintings of a film's frames: when each is of, and the checks of painted frames."""

import re
from contextlib import closing
from functools import lru_cache
from pathlib import Path

from vidnst.apps.page.options import PageLimits
from vidnst.apps.page.uploads import Source, style_of
from vidnst.errors import MediaError, UsageError, VidnstError
from vidnst.frames.frame import Picture
from vidnst.media.clip import Clip
from vidnst.media.decode import decode, seconds_in_clip
from vidnst.stylizers.paintings import is_painted, read_over, require_shape

_NAMED_TIME = re.compile(r"(\d+\.\d+)s\.\w+$")
_NEAR_SECONDS = 0.02
"""As far as a named time may be from its frame, or one frame where that is longer."""
_ROUNDED_SECONDS = 5e-4
"""Times are rounded in file names, and in the browser."""


def frame_name(film: Source, seconds: float) -> str:
    """The file name of a frame to be painted; named_seconds reads the time from it."""
    return f"{Path(film.name).stem}_{seconds:09.3f}s.png"


def named_seconds(name: str) -> float | None:
    """The time in a file name that frame_name or `vidnst keyframes` gave; None without one."""
    found = _NAMED_TIME.search(name)
    return None if found is None else float(found[1])


@lru_cache(maxsize=4)
def frame_near(clip: Clip, seconds: float) -> tuple[float, Picture]:
    """The frame nearest to a time, and its exact time; the picture is as large as the film.

    Raises UsageError where the film shows none then, MediaError.
    """
    # Enough frames before it that the nearest is among them.
    before = max(0.0, round(seconds - max(_NEAR_SECONDS, 2 / (clip.rate or 25)), 6))
    best: tuple[float, float, Picture] | None = None
    with closing(decode(clip, start_seconds=before)) as frames:
        for frame in frames:
            at = float(seconds_in_clip(clip, frame, before))
            near = max(float(frame.duration * frame.time_base), _NEAR_SECONDS) + _ROUNDED_SECONDS
            apart = abs(at - seconds)
            if apart <= near and (best is None or apart < best[0]):
                best = apart, at, frame.picture
            if at > seconds:
                break
    if best is None:
        raise UsageError(f"{clip.path} shows no frame at {seconds:g} s")
    return best[1], best[2]


def painting_of(path: Path, name: str, film: Source, seconds: float, limits: PageLimits) -> Source:
    """A painting of the film's frame at a time, checked.

    Raises MediaError and UsageError with messages for its user.
    """
    clip = film.clip
    assert clip is not None
    painting = style_of(path, name, limits)
    try:
        require_shape(path, clip.size_hw)
        _, scene = frame_near(clip, seconds)
        if not is_painted(read_over(path, scene), scene):
            raise UsageError(
                f"{name} does not differ from the film at {seconds:g} s: paint over it"
            )
    except VidnstError as error:
        message = str(error).replace(str(path), name).replace(str(clip.path), film.name)
        kind = MediaError if isinstance(error, MediaError) else UsageError
        raise kind(message) from error
    return painting
