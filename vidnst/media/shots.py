"""Where shots begin."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from vidnst.frames import Frame
from vidnst.media.pictures import resize

_NEIGHBORS = 2
_SEEN_SIDE = 256


def mark_shots(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Mark the first frame of every shot: its opens_shot is True, and False on all others.

    A cut is a frame that differs from the one before far more than its neighbors do from theirs
    (PySceneDetect's adaptive detector), so that fast camera motion is none. Two frames on, where
    there are any, are looked at before a frame is passed on.
    """
    detector = AdaptiveDetector(min_scene_len=1, window_width=_NEIGHBORS)
    window: deque[Frame] = deque(maxlen=2 * _NEIGHBORS + 1)
    for number, frame in enumerate(_padded(frames)):
        # The detector is told of a frame and speaks of the one in the middle of its window.
        cuts = detector.process_frame(FrameTimecode(number, fps=25.0), _seen(frame))
        window.append(frame)
        if len(window) == window.maxlen:
            first = number + 1 == window.maxlen
            yield replace(window[_NEIGHBORS], opens_shot=first or bool(cuts))


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


def _seen(frame: Frame) -> np.ndarray:
    height, width = frame.picture.shape[:2]
    scale = min(1.0, _SEEN_SIDE / max(height, width))
    small = resize(frame.picture, (max(1, round(height * scale)), max(1, round(width * scale))))
    return cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
