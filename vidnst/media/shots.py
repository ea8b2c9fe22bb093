"""Shot detection, and samples of a shot before its first frame is painted."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, product, takewhile

import cv2
import numpy as np
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from vidnst.frames.frame import Frame, Picture
from vidnst.frames.resize import resize
from vidnst.media.clip import Clip
from vidnst.media.decode import decode

_NEIGHBORS = 2
_SEEN_SIDE = 256
_SAME = 0.5
"""Frames are of one scene if they differ by less than this share of the difference at the cut."""
_MOST_AHEAD = 128
_MOST_AHEAD_BYTES = 96_000_000
_FEWEST_AHEAD = 8


@dataclass(frozen=True)
class Shot:
    """A shot's frames, in order, and samples: pictures spread evenly over the frames read ahead.

    opens: whether frames begins with the shot's first; False after a seek into the middle.
    first_pts: of the first of frames.
    """

    samples: list[Picture]
    frames: Iterator[Frame]
    opens: bool
    first_pts: int


@dataclass(frozen=True)
class ListedShot:
    """A shot's position in its clip; frames and seconds count from the clip's beginning."""

    first_frame: int
    frame_count: int
    start_seconds: float
    seconds: float


def list_shots(clip: Clip) -> Generator[ListedShot, None, None]:
    """Yield the clip's shots, in one pass over it. Raises MediaError where it cannot be read."""
    height, width = clip.size_hw
    scale = min(1.0, _SEEN_SIDE / max(height, width))
    small_hw = max(1, round(height * scale)), max(1, round(width * scale))
    number = 0
    for shot in in_shots(mark_shots(decode(clip, size_hw=small_hw)), samples=1):
        times = [(f.pts * f.time_base, (f.pts + f.duration) * f.time_base) for f in shot.frames]
        start, end = times[0][0], times[-1][1]
        own_start = start - Fraction(clip.start_seconds)
        yield ListedShot(number, len(times), float(own_start), float(end - start))
        number += len(times)


def frames_ahead(size_hw: tuple[int, int]) -> int:
    """How many frames of this size are read ahead for samples of a shot before it is painted."""
    fitting = _MOST_AHEAD_BYTES // (3 * size_hw[0] * size_hw[1])
    return max(_FEWEST_AHEAD, min(_MOST_AHEAD, fitting))


def in_shots(frames: Iterable[Frame], *, samples: int) -> Generator[Shot, None, None]:
    """Split frames, marked by mark_shots, into shots; each is consumed before the next is read.

    At the start of a shot, up to frames_ahead of its frames are read.
    """
    source = iter(frames)
    waiting: deque[Frame] = deque()

    def read() -> bool:
        frame = next(source, None)
        if frame is not None:
            waiting.append(frame)
        return frame is not None

    def own() -> list[Frame]:
        """The waiting frames that belong to the first one's shot."""
        later = takewhile(lambda frame: not frame.opens_shot, islice(waiting, 1, None))
        return [waiting[0], *later]

    def rest_of_shot() -> Generator[Frame, None, None]:
        yield waiting.popleft()
        # Read a frame for each that is yielded, so that the next shot is read ahead, too.
        while (read() or waiting) and not waiting[0].opens_shot:
            yield waiting.popleft()

    while waiting or read():
        most = frames_ahead((waiting[0].picture.shape[0], waiting[0].picture.shape[1]))
        while len(waiting) < most and len(own()) == len(waiting) and read():
            pass
        known = [frame.picture for frame in own()]
        places = np.linspace(0, len(known) - 1, min(samples, len(known))).round()
        shot, first = rest_of_shot(), waiting[0]
        yield Shot([known[int(place)] for place in places], shot, first.opens_shot, first.pts)
        deque(shot, maxlen=0)


def mark_shots(frames: Iterable[Frame]) -> Generator[Frame, None, None]:
    """Mark the first frame of every shot: its opens_shot is True, and False on all others.

    A cut is a frame that differs from the one before far more than its neighbors do from theirs
    (PySceneDetect's adaptive detector). Fast camera motion and dissolves are not cuts; nor is a
    flash, after which the same scene is back. Frames are yielded with a delay of two.
    """
    detector = AdaptiveDetector(min_scene_len=1, window_width=_NEIGHBORS)
    window: deque[Frame] = deque(maxlen=2 * _NEIGHBORS + 1)
    # Two more, for the frames before a flash of two frames.
    pictures: deque[Picture] = deque(maxlen=3 * _NEIGHBORS + 1)
    for number, frame in enumerate(_padded(frames)):
        # The detector's result is for the frame in the middle of its window.
        seen = _seen(frame)
        cuts = detector.process_frame(FrameTimecode(number, fps=25.0), seen)
        window.append(frame)
        pictures.append(seen)
        if len(window) == window.maxlen:
            first = number + 1 == window.maxlen
            opens = first or (bool(cuts) and not _flashes(list(pictures)))
            yield replace(window[_NEIGHBORS], opens_shot=opens)


def _flashes(pictures: list[Picture]) -> bool:
    """Whether what looks like a cut is a flash, or the end of one.

    pictures: the last _NEIGHBORS + 1 begin with the frame that differs; the others precede it.
    After a cut, no frame resembles one before it; around a flash, one does.
    """
    before, after = pictures[: -_NEIGHBORS - 1], pictures[-_NEIGHBORS - 1 :]
    cut = _difference(before[-1], after[0])
    return any(_difference(a, b) < _SAME * cut for a, b in product(before, after))


def _difference(a: Picture, b: Picture) -> float:
    return float(cv2.absdiff(a, b).mean())


def _padded(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Repeat the first and the last frame, so that all have neighbors on both sides."""
    last: Frame | None = None
    for frame in frames:
        if last is None:
            yield from [frame] * _NEIGHBORS
        yield frame
        last = frame
    if last is not None:
        yield from [last] * _NEIGHBORS


def _seen(frame: Frame) -> Picture:
    height, width = frame.picture.shape[:2]
    scale = min(1.0, _SEEN_SIDE / max(height, width))
    small = resize(frame.picture, (max(1, round(height * scale)), max(1, round(width * scale))))
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), np.uint8)
