"""Paints a film with a sequential stylizer: in one pass, or several over each shot."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from vidnst.frames.frame import Frame
from vidnst.frames.shares import in_floats
from vidnst.media.pictures import read_picture, write_picture
from vidnst.media.shots import in_shots
from vidnst.motion.look_back import Painted
from vidnst.stylizers.painting import Painting, paint_next, repaint
from vidnst.stylizers.stylizer import SequentialStylizer


def paint_film(
    stylizer: SequentialStylizer, frames: Iterator[Frame], *, folder: Path
) -> Generator[Frame, None, None]:
    """Yield the frames painted, in the requested colors; each shot is painted independently.

    With more than one pass, a shot's frames are stored as pictures in the folder, which needs the
    disk space, and yielded after the last pass.
    """
    with TemporaryDirectory(prefix="aside-", dir=folder) as kept:
        several = _SeveralPasses(stylizer, Path(kept))
        for shot in in_shots(frames, samples=stylizer.shot_samples):
            if shot.opens:
                stylizer.begin_shot(shot.samples)
            if stylizer.passes == 1:
                for frame in shot.frames:
                    painting = paint_next(stylizer, frame)
                    yield replace(frame, picture=painting.shown(), weights=None)
            else:
                yield from several.painted(shot.frames)


class _SeveralPasses:
    """Several passes over a shot, whose frames and current results are on disk."""

    def __init__(self, stylizer: SequentialStylizer, folder: Path) -> None:
        self._stylizer = stylizer
        self._folder = folder

    def painted(self, shot: Iterator[Frame]) -> Generator[Frame, None, None]:
        """Paint a shot, repaint it in the remaining passes, backward first; yield its frames."""
        frames = []
        for index, frame in enumerate(shot):
            self._write("source", index, frame.picture)
            self._write("result", index, paint_next(self._stylizer, frame).bare)
            if frame.weights is not None:
                np.save(self._weights_path(index), frame.weights)
            frames.append(replace(frame, picture=np.empty((0, 0, 3), np.uint8), weights=None))
        count = len(frames)
        for number in range(1, self._stylizer.passes):
            order = range(count - 1, -1, -1) if number % 2 else range(count)
            neighbor: Painted | None = None
            for index in order:
                source, result = self._read("source", index), self._read("result", index)
                own = Painted(source, result, frames[index].number)
                if neighbor is not None:
                    path = self._weights_path(index)
                    weights = in_floats(np.load(path)) if path.exists() else None
                    painting = repaint(self._stylizer, own, neighbor, weights)
                    own = replace(own, result=painting.bare)
                    self._write("result", index, own.result)
                neighbor = own
        for index, frame in enumerate(frames):
            result, source = self._read("result", index), self._read("source", index)
            painting = Painting(result, source, self._stylizer.options.color)
            yield replace(frame, picture=painting.shown())

    def _write(self, kind: str, index: int, picture: np.ndarray) -> None:
        write_picture(self._path(kind, index), picture)

    def _read(self, kind: str, index: int) -> np.ndarray:
        return read_picture(self._path(kind, index))

    def _weights_path(self, index: int) -> Path:
        return self._folder / f"weights_{index:06d}.npy"

    def _path(self, kind: str, index: int) -> Path:
        return self._folder / f"{kind}_{index:06d}.png"
