"""Reads the paintings of a film's frames, with what they are of, shot by shot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from vidnst.errors import UsageError
from vidnst.frames.frame import Alpha, Picture, ShotFrame
from vidnst.media.pictures import read_layer, read_picture
from vidnst.motion.carry import Known, difference, thumbnail
from vidnst.motion.registration import place
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
        require_shape(frame.path, size_hw)


def require_shape(path: Path, size_hw: tuple[int, int], *, of: str = "the film") -> None:
    """Raises UsageError where a painting has another aspect ratio than size_hw, MediaError.

    of: whose size that is, for the message.
    """
    height, width = read_picture(path).shape[:2]
    if abs(width / height / (size_hw[1] / size_hw[0]) - 1) > _ASPECT_OFF:
        raise UsageError(
            f"{path} is {width}x{height}, of another shape than {of}'s {size_hw[1]}x"
            f"{size_hw[0]}: paint over the frame as it is"
        )


def read_over(path: Path, scene: Picture) -> Picture:
    """A painting at its scene's size, over the scene where it is transparent. Raises MediaError."""
    painting, opacity = read_layer(path, scene.shape[:2])
    return painting if opacity is None else _over(painting, opacity, scene)


def is_painted(painting: Picture, scene: Picture) -> bool:
    """Whether RGB uint8 (H, W, 3) was painted over: it differs from its scene, of one size."""
    return difference(painting, scene) >= _UNTOUCHED


def read_paintings(
    frames: Sequence[PaintedFrame],
    scenes: Sequence[ShotFrame],
    *,
    on_unpainted: Callable[[PaintedFrame], None] = lambda frame: None,
    on_note: Callable[[str], None] = lambda words: None,
) -> list[ShotPaintings]:
    """Read the paintings of these frames of the film, shot by shot, each laid right on its frame.

    on_unpainted: callback for each that does not differ from its frame, which is left out. on_note:
    callback for warnings. Raises UsageError where none differs or one is surely of another of the
    frames, MediaError where one cannot be read.
    """
    found: dict[int, list[tuple[PaintedFrame, Known]]] = {}
    notes: list[str] = []
    for frame, scene in zip(frames, scenes, strict=True):
        painting, opacity = read_layer(frame.path, scene.picture.shape[:2])
        over = painting if opacity is None else _over(painting, opacity, scene.picture)
        if not is_painted(over, scene.picture):
            on_unpainted(frame)
            continue
        if opacity is None:  # Otherwise the scene's own edges would show through.
            over = _laid_right(painting, frame, scene, scenes, notes.append)
        found.setdefault(scene.shot_pts, []).append((frame, Known(scene.picture, over)))
    if not found:
        raise UsageError("none of the painted frames differs from the film: paint over them")
    for note in notes:
        on_note(note)
    return [
        ShotPaintings(shot_pts, *zip(*paintings, strict=True))
        for shot_pts, paintings in found.items()
    ]


def _over(painting: Picture, opacity: Alpha, scene: Picture) -> Picture:
    share = opacity[..., None].astype(np.float32) / 255
    return np.rint(painting * share + scene * (1 - share)).astype(np.uint8)


def _laid_right(
    painting: Picture,
    frame: PaintedFrame,
    scene: ShotFrame,
    scenes: Sequence[ShotFrame],
    on_note: Callable[[str], None],
) -> Picture:
    """The painting, moved to where its frame has the same; as it is where that is not certain.

    scenes: frames that it must not rather be of. Raises UsageError.
    """
    placement = place(painting, scene.picture)
    if not placement.may_be_off and not placement.is_strange:
        return painting
    for other in scenes:
        if other is not scene and placement.surely_rather(place(painting, other.picture)):
            raise UsageError(
                f"{frame.path} shows what the film shows at {other.seconds:g} s, not at "
                f"{frame.seconds:g} s: give it the right name"
            )
    if placement.is_strange:
        on_note(
            f"{frame.path} has hardly an edge where the film has some at {frame.seconds:g} s; if "
            "it is of another frame, give it the time of that"
        )
    elif placement.is_off:
        on_note(f"{frame.path} lies off its frame ({placement}): it is laid right")
        return placement.undone(painting)
    else:
        on_note(f"{frame.path} may lie off its frame ({placement}): it is taken as it is")
    return painting


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
