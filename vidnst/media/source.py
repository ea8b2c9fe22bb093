"""What a film is painted from: a video, numbered pictures, or whatever else yields frames."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from vidnst.frames.frame import Frame, Picture
from vidnst.media.clip import Clip, probe
from vidnst.media.decode import decode, sample
from vidnst.media.excerpt import Excerpt


@dataclass(frozen=True)
class Reading:
    """How a source's frames are wanted; the rest is as media.decode.decode takes it."""

    size_hw: tuple[int, int] | None = None
    excerpt: Excerpt = Excerpt()
    from_pts: int | None = None
    alpha: bool = False
    strict: bool = False
    on_damage: Callable[[str], None] = lambda words: None


class Source(ABC):
    """Yields frames. facts tells of them, and of the sound and metadata that go with them."""

    facts: Clip

    @abstractmethod
    def frames(self, reading: Reading) -> Generator[Frame, None, None]:
        """Yield frames in order, RGB, the same ones each time. Raises MediaError."""

    @abstractmethod
    def sample(self, count: int, reading: Reading) -> list[Picture]:
        """Up to `count` frames spread evenly over the excerpt, RGB uint8 (H, W, 3)."""


class VideoSource(Source):
    """A video, or numbered pictures, read by FFmpeg."""

    def __init__(self, path: Path) -> None:
        """Raises MediaError where it cannot be read."""
        self.facts = probe(path)

    def frames(self, reading: Reading) -> Generator[Frame, None, None]:
        return decode(
            self.facts,
            size_hw=reading.size_hw,
            start_seconds=reading.excerpt.start_seconds,
            end_seconds=reading.excerpt.end_seconds,
            from_pts=reading.from_pts,
            alpha=reading.alpha,
            strict=reading.strict,
            on_damage=reading.on_damage,
        )

    def sample(self, count: int, reading: Reading) -> list[Picture]:
        return sample(
            self.facts,
            count,
            size_hw=reading.size_hw,
            start_seconds=reading.excerpt.start_seconds,
            end_seconds=reading.excerpt.end_seconds,
            alpha=reading.alpha,
        )


_KINDS: dict[str, Callable[[Path], Source]] = {}
"""By the ending of a file's name, in lower case; all others are videos."""


def register_source(ending: str, make: Callable[[Path], Source]) -> None:
    """Take in a kind of source from outside: for files of this ending, such as ".scene".

    Each process that paints needs to have registered it.
    """
    _KINDS[ending.lower()] = make


def open_source(path: Path) -> Source:
    """The source that a path means. Raises MediaError where it cannot be read."""
    return _KINDS.get(path.suffix.lower(), VideoSource)(path)
