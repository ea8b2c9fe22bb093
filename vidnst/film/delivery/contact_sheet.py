"""A film at a glance: pictures of its shots, each with its time."""

import math
from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidnst.film.delivery.labels import labeled
from vidnst.frames.frame import Picture
from vidnst.media.clip import Clip, probe
from vidnst.media.decode import decode
from vidnst.media.excerpt import Excerpt
from vidnst.media.pictures import write_picture
from vidnst.media.shots import mark_shots
from vidnst.media.source import Reading, Source

_MOST_SHOTS = 20
_SPREAD = 12
"""The number of pictures of a film that is a single shot."""
_TILE_SIDE, _SEEN_SIDE = 320, 256
_LABEL_PX, _GAP_PX = 18, 6


def write_contact_sheet(
    source: Source,
    painted: Path,
    target: Path,
    *,
    excerpt: Excerpt,
) -> None:
    """Write a PNG of the painted film: the middle of each shot, or frames spread over a single one.

    The shots are those of the source clip, and the labels show times from its beginning.

    Raises MediaError and OutputError.
    """
    clip = source.facts
    frames = mark_shots(source.frames(Reading(fitting(clip, _SEEN_SIDE), excerpt)))
    times, openings = array("d"), []
    start = excerpt.start_seconds
    begins = clip.start_seconds if start is None else -start
    for index, frame in enumerate(frames):
        times.append(float(frame.pts * frame.time_base) - begins)
        if frame.opens_shot:
            openings.append(index)
    chosen = chosen_frames(openings, len(times))
    film = probe(painted)
    tiles = [
        labeled(frame.picture, clock_time(times[index]), _LABEL_PX)
        for index, frame in enumerate(decode(film, size_hw=fitting(film, _TILE_SIDE)))
        if index in chosen
    ]
    write_picture(target, grid(tiles))


def chosen_frames(openings: list[int], count: int) -> set[int]:
    """The indices of the frames shown, of `count`; openings: of those that open a shot."""
    if len(openings) > 1:
        ends = [*openings[1:], count]
        middles = [(start + end) // 2 for start, end in zip(openings, ends, strict=True)]
        shown = min(_MOST_SHOTS, len(middles))
        return {middles[place] for place in _spread(shown, len(middles))}
    return set(_spread(min(_SPREAD, count), count))


def _spread(count: int, among: int) -> list[int]:
    return [int((index + 0.5) * among / count) for index in range(count)]


def fitting(clip: Clip, side: int) -> tuple[int, int]:
    """The size (H, W) with this longer side and the clip's shape on screen."""
    height, width = clip.size_hw[0], float(clip.size_hw[1] * clip.sample_aspect)
    scale = side / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def clock_time(seconds: float) -> str:
    """As hours:minutes:seconds, to a tenth."""
    tenths = round(10 * max(0.0, seconds))
    return f"{tenths // 36000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"


def grid(tiles: Sequence[Picture]) -> Picture:
    """Tiles of one size, row by row on black, at an aspect ratio of about 4:3."""
    height, width = (side + _GAP_PX for side in tiles[0].shape[:2])
    columns = min(len(tiles), math.ceil(math.sqrt(len(tiles) * 4 * height / (3 * width))))
    rows = math.ceil(len(tiles) / columns)
    sheet = np.zeros((rows * height + _GAP_PX, columns * width + _GAP_PX, 3), np.uint8)
    for index, tile in enumerate(tiles):
        top, left = (index // columns) * height + _GAP_PX, (index % columns) * width + _GAP_PX
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return sheet
