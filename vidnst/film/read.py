"""A film's source frames, with their shots, style weights and numbers."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction

from vidnst.film.plan import Film
from vidnst.film.prepared import Prepared
from vidnst.film.regions.store import KeptWeights
from vidnst.film.segments.segment import Segment, frames_from
from vidnst.film.source import frames_at, samples_of
from vidnst.film.timing import over_time
from vidnst.frames.frame import Frame, Picture, ShotFrame
from vidnst.media.source import Reading


def samples(film: Film, count: int) -> list[Picture]:
    """`count` frames spread over its source, RGB uint8 (H, W, 3)."""
    alpha = film.encoding.holds_alpha
    return samples_of(film.source, film.options, count, size_hw=film.size_hw, alpha=alpha)


def known_frames(film: Film, seconds: Sequence[float]) -> list[ShotFrame]:
    """The frames of its source at these times, in seconds from the clip's beginning."""
    alpha = film.encoding.holds_alpha
    return frames_at(film.source, film.options, seconds, size_hw=film.size_hw, alpha=alpha)


def read_film(film: Film, segment: Segment, prepared: Prepared) -> Generator[Frame, None, None]:
    """Its source's frames from a segment's first on, with shots marked and style weights set."""
    reading = Reading(
        film.size_hw,
        film.excerpt,
        alpha=film.encoding.holds_alpha,
        strict=film.options.strict,
        on_damage=film.on_damage,
    )
    frames = frames_from(film.source, segment, reading)
    if prepared.region_weights is not None:
        kept = KeptWeights(prepared.region_weights)
        frames = _weighed(frames, kept, segment.first_frame)
    if prepared.first_number is not None:
        frames = _numbered(frames, prepared.first_number + segment.first_frame)
    # The result's time begins where the film does, or with the excerpt.
    cut = film.excerpt.start_seconds is not None
    begins = Fraction(0 if cut else film.clip.start_seconds)
    return over_time(frames, film.options, origin_seconds=begins)


def _weighed(
    frames: Generator[Frame, None, None], weights: KeptWeights, first_frame: int
) -> Generator[Frame, None, None]:
    with closing(frames):
        for index, frame in enumerate(frames, first_frame):
            yield replace(frame, weights=weights.of_frame(index))


def _numbered(
    frames: Generator[Frame, None, None], first_number: int
) -> Generator[Frame, None, None]:
    with closing(frames):
        for number, frame in enumerate(frames, first_number):
            yield replace(frame, number=number)
