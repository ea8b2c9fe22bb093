"""Sources of frames: a video, numbered pictures, or a registered kind."""

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
    """How to read a source's frames; fields are as in media.decode.decode."""

    size_hw: tuple[int, int] | None = None
    excerpt: Excerpt = Excerpt()
    from_pts: int | None = None
    alpha: bool = False
    strict: bool = False
    on_damage: Callable[[str], None] = lambda words: None


class Source(ABC):
    """Yields frames. facts: their properties, and the sound and metadata that go with them."""

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
"""File ending in lower case -> constructor; other endings are videos."""


def register_source(ending: str, make: Callable[[Path], Source]) -> None:
    """Register a custom kind of source, for files of this ending, such as ".scene".

    Each worker process has to register it.
    """
    _KINDS[ending.lower()] = make


def open_source(path: Path) -> Source:
    """Open the source at a path. Raises MediaError where it cannot be read."""
    return _KINDS.get(path.suffix.lower(), VideoSource)(path)
