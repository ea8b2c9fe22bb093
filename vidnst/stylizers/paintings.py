"""Reads the paintings of a film's frames, with what they are of, shot by shot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from vidnst.errors import UsageError
from vidnst.frames.frame import Picture, ShotFrame
from vidnst.media.pictures import read_over, read_picture
from vidnst.motion.carry import Known, difference, thumbnail
from vidnst.options.painted import PaintedFrame

_ASPECT_OFF = 0.02
_UNTOUCHED = 1.0
"""In 1/255: a painting that differs from its frame by less on average was not painted."""


@dataclass(frozen=True, eq=False)
class ShotPaintings:
    """The painted frames of one shot, and what they are of. shot_pts: as in ShotFrame."""

    shot_pts: int
    frames: tuple[PaintedFrame, ...]
    known: tuple[Known, ...]


class OfShot(Protocol):
    """What is known of a shot with painted frames; shot_pts: None where it is not known."""

    @property
    def shot_pts(self) -> int | None: ...

    @property
    def known(self) -> Sequence[Known]: ...


Shot = TypeVar("Shot", bound=OfShot)


def require_fitting(frames: Sequence[PaintedFrame], size_hw: tuple[int, int]) -> None:
    """Check paintings before the film is read; size_hw: of its frames as they are painted.

    Raises UsageError for two of one time or one of another aspect ratio, MediaError where one
    cannot be read.
    """
    seen: dict[float, Path] = {}
    for frame in frames:
        if frame.seconds in seen:
            raise UsageError(
                f"{seen[frame.seconds]} and {frame.path} are both of {frame.seconds:g} s"
            )
        seen[frame.seconds] = frame.path
    for frame in frames:
        _require_shape(frame.path, size_hw)


def read_paintings(
    frames: Sequence[PaintedFrame],
    scenes: Sequence[ShotFrame],
    *,
    on_unpainted: Callable[[PaintedFrame], None] = lambda frame: None,
) -> list[ShotPaintings]:
    """Read the paintings of these frames of the film, shot by shot.

    on_unpainted: callback for each that does not differ from its frame, which is left out. Raises
    UsageError where none differs, MediaError where one cannot be read.
    """
    found: dict[int, list[tuple[PaintedFrame, Known]]] = {}
    for frame, scene in zip(frames, scenes, strict=True):
        painting = read_over(frame.path, scene.picture)
        if difference(painting, scene.picture) < _UNTOUCHED:
            on_unpainted(frame)
            continue
        found.setdefault(scene.shot_pts, []).append((frame, Known(scene.picture, painting)))
    if not found:
        raise UsageError("none of the painted frames differs from the film: paint over them")
    return [
        ShotPaintings(shot_pts, *zip(*paintings, strict=True))
        for shot_pts, paintings in found.items()
    ]


def own_shot(shots: Sequence[Shot], shot_pts: int | None) -> Shot | None:
    """The shot that begins at shot_pts; None where it has no painted frame."""
    return next((s for s in shots if s.shot_pts is not None and s.shot_pts == shot_pts), None)


def nearest_shot(shots: Sequence[Shot], samples: Sequence[Picture]) -> Shot:
    """The shot with a painted frame that looks most like one of the samples."""
    return min(shots, key=lambda shot: _apart(shot.known, samples))


def _apart(known: Sequence[Known], samples: Sequence[Picture]) -> float:
    """The least difference, in 1/255, between one of the samples and one of the known frames."""
    thumbnails = [thumbnail(sample) for sample in samples]
    return min(
        (difference(each, thumbnail(k.scene)) for each in thumbnails for k in known), default=0.0
    )


def _require_shape(path: Path, size_hw: tuple[int, int]) -> None:
    height, width = read_picture(path).shape[:2]
    if abs(width / height / (size_hw[1] / size_hw[0]) - 1) > _ASPECT_OFF:
        raise UsageError(
            f"{path} is {width}x{height}, of another shape than the film's {size_hw[1]}x"
            f"{size_hw[0]}: paint over the frame as it is"
        )
