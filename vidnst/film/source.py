"""What a render reads: the clip or picture, its size, its excerpt, and sample frames."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction

from vidnst.errors import MediaError, UsageError
from vidnst.frames.frame import Frame, Picture, ShotFrame
from vidnst.frames.resize import resize
from vidnst.media.clip import Clip
from vidnst.media.decode import exact, seconds_in_clip
from vidnst.media.excerpt import Excerpt
from vidnst.media.pictures import is_picture, read_picture
from vidnst.media.shots import mark_shots
from vidnst.media.source import Reading, Source, open_source
from vidnst.options.render import RenderOptions
from vidnst.options.size import parse_size

_SMALLEST_SIDE = 16
_NEAR_SECONDS = Fraction(1, 50)
"""Tolerance of a time that the user gives; or one frame, where that is longer."""
_BEFORE_SECONDS = 1.0
"""How long before an asked time reading begins: times are rounded, and cuts need frames before."""
_CLOCKED_CONTAINERS = ("mpegts", "mpeg")
"""Their timestamps begin at an arbitrary clock value; the result's begin at 0."""


def painted_size(options: RenderOptions, source_hw: tuple[int, int]) -> tuple[int, int]:
    """The size to paint at; MediaError where that is too small to hold a stroke."""
    size_hw = parse_size(options.size, source_hw) if options.size else source_hw
    if min(size_hw) < _SMALLEST_SIDE:
        raise MediaError(
            f"{size_hw[1]}x{size_hw[0]} pixels are too few to paint on: each side needs "
            f"{_SMALLEST_SIDE} or more (`size` enlarges)"
        )
    return size_hw


def excerpt_of(clip: Clip, options: RenderOptions) -> Excerpt:
    """The part of the clip that is read."""
    start_seconds = options.start_seconds
    if start_seconds is None and clip.container in _CLOCKED_CONTAINERS:
        start_seconds = 0.0
    return Excerpt(start_seconds, options.end_seconds)


def samples_of(
    source: Source,
    options: RenderOptions,
    count: int,
    *,
    size_hw: tuple[int, int],
    alpha: bool = False,
) -> list[Picture]:
    """Frames spread over the excerpt, RGB uint8 (H, W, 3); MediaError where it has none.

    alpha: whether transparent parts show the colors around them, instead of black.
    """
    excerpt = excerpt_of(source.facts, options)
    samples = source.sample(count, Reading(size_hw, excerpt, alpha=alpha))
    if not samples:
        raise no_frame(source.facts)
    return samples


def frames_at(
    source: Source,
    options: RenderOptions,
    seconds: Sequence[float],
    *,
    size_hw: tuple[int, int],
    alpha: bool = False,
) -> list[ShotFrame]:
    """The frames at these times, in seconds from the clip's beginning, with their shots.

    They may lie outside the excerpt; their shots are named by the excerpt's timestamps. alpha: as
    samples_of takes it. Raises UsageError for a time at which the clip shows none, MediaError.
    """
    earliest, last = min(seconds), max(seconds)
    start = options.start_seconds
    begin = start
    if start is not None and earliest < start:
        begin = max(0.0, earliest - _BEFORE_SECONDS)
    excerpt = excerpt_of(source.facts, replace(options, start_seconds=begin, end_seconds=None))
    entry = None if begin == start else _Entry(source, options, size_hw)
    best: dict[float, tuple[Fraction, ShotFrame]] = {}
    shot_pts = 0
    frames = mark_shots(source.frames(Reading(size_hw, excerpt, alpha=alpha)))
    with closing(frames):
        for frame in frames:
            shot_pts = frame.pts if frame.opens_shot else shot_pts
            at = seconds_in_clip(source.facts, frame, excerpt.start_seconds)
            if entry is not None:
                entry.see(frame, at, shot_pts)
            near = max(frame.duration * frame.time_base, _NEAR_SECONDS)
            for wanted in seconds:
                apart = abs(at - exact(wanted))
                if apart <= near and (wanted not in best or apart < best[wanted][0]):
                    best[wanted] = apart, ShotFrame(wanted, shot_pts, frame.picture)
            if at > last + near and (entry is None or entry.found):
                break
    for wanted in seconds:
        if wanted not in best:
            raise UsageError(
                f"a painted frame is of {wanted:g} s, but {source.facts.path} shows no frame then"
            )
    found = [best[wanted][1] for wanted in seconds]
    if entry is None:
        return found
    return [replace(each, shot_pts=entry.named(each.shot_pts)) for each in found]


class _Entry:
    """Where an excerpt begins in a longer one, whose frames have other timestamps."""

    def __init__(self, source: Source, options: RenderOptions, size_hw: tuple[int, int]) -> None:
        excerpt = excerpt_of(source.facts, options)
        with closing(source.frames(Reading(size_hw, excerpt))) as frames:
            first = next(iter(frames), None)
        if first is None:
            raise no_frame(source.facts)
        self._first_pts = first.pts
        self._at = seconds_in_clip(source.facts, first, excerpt.start_seconds)
        self._shot_pts: int | None = None
        self._shift = 0

    @property
    def found(self) -> bool:
        return self._shot_pts is not None

    def see(self, frame: Frame, at: Fraction, shot_pts: int) -> None:
        """Look at each frame of the longer one in turn; at: its time in the clip, in seconds."""
        if self._shot_pts is None and at >= self._at:
            self._shot_pts, self._shift = shot_pts, frame.pts - self._first_pts

    def named(self, shot_pts: int) -> int:
        """The timestamp of a shot's first frame in the excerpt; of one before it, negative."""
        return self._first_pts if shot_pts == self._shot_pts else shot_pts - self._shift


def scene_of(options: RenderOptions, count: int) -> tuple[list[Picture], tuple[int, int]]:
    """Pictures of the source to learn from: the still picture, or frames spread over the film.

    Returns them as RGB uint8 (H, W, 3), and their size (H, W). Raises MediaError.
    """
    if is_picture(options.source):
        picture = read_picture(options.source)
        size_hw = painted_size(options, (picture.shape[0], picture.shape[1]))
        return [resize(picture, size_hw)], size_hw
    source = open_source(options.source)
    size_hw = painted_size(options, source.facts.size_hw)
    return samples_of(source, options, count, size_hw=size_hw), size_hw


def no_frame(clip: Clip) -> MediaError:
    """The error for an excerpt without frames."""
    return MediaError(f"{clip.path} has no frame in the excerpt asked for")
