"""A film through Gatys' optimization: frame by frame, or back and forth over each shot."""

from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from vidnst.frames import Frame
from vidnst.media.pictures import read_picture, write_picture
from vidnst.style.gatys import GatysStylizer
from vidnst.style.shares import in_floats
from vidnst.style.temporal import Painted


def paint_film(
    stylizer: GatysStylizer, frames: Iterable[Frame], *, folder: Path
) -> Generator[Frame, None, None]:
    """Yield the frames painted, starting anew where one opens a shot.

    With more than one pass, a shot is kept as pictures in the folder, which needs room for it, and
    comes out when it is done.
    """
    if stylizer.gatys.passes == 1:
        for frame in frames:
            yield _painted(stylizer, frame)
        return
    with TemporaryDirectory(dir=folder) as kept:
        shot = _Shot(stylizer, Path(kept))
        for frame in frames:
            if frame.opens_shot:
                yield from shot.finished()
            shot.add(frame)
        yield from shot.finished()


def _painted(stylizer: GatysStylizer, frame: Frame) -> Frame:
    if frame.opens_shot:
        stylizer.begin_shot()
    weights = None if frame.weights is None else in_floats(frame.weights)
    return replace(frame, picture=stylizer.paint(frame.picture, weights), weights=None)


class _Shot:
    """The frames of a shot on disk, each with its result so far."""

    def __init__(self, stylizer: GatysStylizer, folder: Path) -> None:
        self._stylizer = stylizer
        self._folder = folder
        self._frames: list[Frame] = []

    def add(self, frame: Frame) -> None:
        painted = _painted(self._stylizer, frame)
        self._write("source", len(self._frames), frame.picture)
        self._write("result", len(self._frames), painted.picture)
        if frame.weights is not None:
            np.save(self._weights_path(len(self._frames)), frame.weights)
        self._frames.append(replace(painted, picture=np.empty((0, 0, 3), np.uint8)))

    def finished(self) -> Generator[Frame, None, None]:
        """Go over the shot as often as is wanted, backward first; yield its frames, forget them."""
        count = len(self._frames)
        for number in range(1, self._stylizer.gatys.passes):
            order = range(count - 1, -1, -1) if number % 2 else range(count)
            neighbor: Painted | None = None
            for index in order:
                own = Painted(self._read("source", index), self._read("result", index))
                if neighbor is not None:
                    path = self._weights_path(index)
                    weights = in_floats(np.load(path)) if path.exists() else None
                    own = replace(own, result=self._stylizer.repaint(own, neighbor, weights))
                    self._write("result", index, own.result)
                neighbor = own
        for index, frame in enumerate(self._frames):
            yield replace(frame, picture=self._read("result", index))
        self._frames = []

    def _write(self, kind: str, index: int, picture: np.ndarray) -> None:
        write_picture(self._path(kind, index), picture)

    def _read(self, kind: str, index: int) -> np.ndarray:
        return read_picture(self._path(kind, index))

    def _weights_path(self, index: int) -> Path:
        return self._folder / f"weights_{index:06d}.npy"

    def _path(self, kind: str, index: int) -> Path:
        return self._folder / f"{kind}_{index:06d}.png"
