"""Flow files, checked before the first frame is painted.

Numbered pictures keep the numbers of their names; the frames of all other sources are counted from
1, in an excerpt too.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from itertools import product

import cv2
import numpy as np

from vidnst.errors import MediaError, UsageError
from vidnst.frames.frame import Frame, Picture
from vidnst.media.excerpt import Excerpt
from vidnst.media.names import is_sequence, sequence_numbers
from vidnst.media.source import Reading, Source
from vidnst.motion.files import FlowFolder
from vidnst.motion.flow import Flow, View
from vidnst.motion.link import seen_small
from vidnst.motion.visibility import inside
from vidnst.motion.warp import warp

_MOST_TRIED = 12
_LEAST_PX = 1.0
"""Median |dx| + |dy| between two frames, below which the flow's direction cannot be judged."""
_PLAINLY = 0.7
"""A flipped axis is reported only where it reduces the error to less than this fraction."""
_COUNTED_HW = (16, 16)
"""Size at which frames are decoded that are only counted."""

Signs = tuple[int, int]


def first_frame_number(source: Source, excerpt: Excerpt) -> int:
    """The number of an excerpt's first frame. Decodes all frames before it."""
    path = source.facts.path
    numbers = sequence_numbers(path) if is_sequence(path) else [1]
    if not excerpt.start_seconds:
        return numbers[0]
    before = Reading(_COUNTED_HW, Excerpt(None, excerpt.start_seconds))
    with closing(source.frames(before)) as frames:
        return numbers[0] + sum(1 for _ in frames)


def require_flow(
    folder: FlowFolder, frames: Generator[Frame, None, None], sizes_hw: Sequence[tuple[int, int]]
) -> tuple[str, ...]:
    """Check that there is flow, in both directions, between all consecutive frames of each shot.

    frames: of the film, numbered, their shots marked. sizes_hw: the allowed sizes (H, W). Returns
    warnings for the user. Raises UsageError where a file is missing, damaged or of another size.
    """
    astray: dict[Signs, float] = {}
    tried, before = 0, None
    with closing(frames):
        for frame in frames:
            here = View(seen_small(frame.picture), frame.number)
            if before is not None and not frame.opens_shot:
                back, _ = (_required(folder, *pair, sizes_hw) for pair in _both(before, here))
                if tried < _MOST_TRIED and np.median(np.abs(back).sum(-1)) >= _LEAST_PX:
                    tried += 1
                    flow = folder.between(here, before)
                    for signs, error in _astray(here.picture, before.picture, flow).items():
                        astray[signs] = astray.get(signs, 0.0) + error
            before = here
    return _doubts(folder, astray)


def _both(before: View, here: View) -> tuple[tuple[int, int], tuple[int, int]]:
    assert before.number is not None
    assert here.number is not None
    return (here.number, before.number), (before.number, here.number)


def _required(
    folder: FlowFolder, here: int, there: int, sizes_hw: Sequence[tuple[int, int]]
) -> Flow:
    try:
        flow = folder.read(here, there)
    except MediaError as error:
        raise UsageError(str(error)) from error
    if flow.shape[:2] not in sizes_hw:
        own = f"{flow.shape[1]}x{flow.shape[0]}"
        sizes = " or ".join(dict.fromkeys(f"{width}x{height}" for height, width in sizes_hw))
        raise UsageError(
            f"{folder.folder}: the flow from frame {here} to {there} is of {own}, but the film's "
            f"frames are of {sizes}"
        )
    return flow


def _astray(here: Picture, before: Picture, flow: Flow) -> Mapping[Signs, float]:
    """The mean error of the previous frame warped to this one, with x and y flipped or not.

    In gray levels, 0 to 255, by the signs of x and y.
    """
    gray, gray_before = (
        cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (here, before)
    )
    found = {}
    for signs in product((1, -1), (1, -1)):
        turned = np.asarray(flow * np.array(signs, np.float32), np.float32)
        apart = np.abs(gray - warp(gray_before, turned))[inside(turned)]
        found[signs] = float(apart.mean()) if apart.size else 0.0
    return found


def _doubts(folder: FlowFolder, astray: Mapping[Signs, float]) -> tuple[str, ...]:
    if not astray:
        return ()
    best = min(astray, key=lambda signs: astray[signs])
    if astray[best] >= _PLAINLY * astray[1, 1]:
        return ()
    turned = " and ".join(axis for axis, sign in zip("xy", best, strict=True) if sign < 0)
    return (
        f"{folder.folder}: with {turned} turned around, its flow would explain the film better "
        "(backward leads from a frame to the one before it; x points right, y down)",
    )
