"""Reads the paintings of a film's frames, with what they are of, shot by shot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidnst.errors import UsageError
from vidnst.frames.frame import Picture, ShotFrame
from vidnst.media.pictures import read_over, read_picture
from vidnst.motion.carry import Known, difference, thumbnail
from vidnst.options.painted import PaintedFrame

_ASPECT_OFF = 0.02
_UNTOUCHED = 1.0
"""In 1/255: a painting that differs from its frame by less on average was not painted."""


@dataclass(frozen=True, eq=False)
class Painting:
    """A painted frame and what it is of. shot_pts: as in ShotFrame."""

    frame: PaintedFrame
    shot_pts: int
    known: Known


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
) -> list[Painting]:
    """Read the paintings of these frames of the film, in the same order.

    on_unpainted: callback for each that does not differ from its frame, which is left out. Raises
    UsageError where none differs, MediaError where one cannot be read.
    """
    paintings = []
    for frame, scene in zip(frames, scenes, strict=True):
        painting = read_over(frame.path, scene.picture)
        if difference(painting, scene.picture) < _UNTOUCHED:
            on_unpainted(frame)
        else:
            paintings.append(Painting(frame, scene.shot_pts, Known(scene.picture, painting)))
    if not paintings:
        raise UsageError("none of the painted frames differs from the film: paint over them")
    return paintings


def in_shots(paintings: Sequence[Painting]) -> dict[int, list[Painting]]:
    """Paintings by their shot_pts."""
    shots: dict[int, list[Painting]] = {}
    for painting in paintings:
        shots.setdefault(painting.shot_pts, []).append(painting)
    return shots


def apart(known: Sequence[Known], samples: Sequence[Picture]) -> float:
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
