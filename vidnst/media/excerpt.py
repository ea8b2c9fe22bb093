"""A part of a film, by its times."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Excerpt:
    """Times in seconds from the film's beginning; None is the film's own beginning or end."""

    start_seconds: float | None = None
    end_seconds: float | None = None
