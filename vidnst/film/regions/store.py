"""The weights of a film's frames in one file: a zip of PNG pictures, one for each that differs.

It is written once, before the first frame is painted, and read by frame index: every process that
paints a segment, on any machine or after a crash, gets the same weights.
"""

import zipfile
from bisect import bisect_right
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from vidnst.errors import MediaError, OutputError
from vidnst.film.regions.weigh import Planes
from vidnst.media.whole import whole_file

_NAME = "{:08d}_{}.png"


class WeightsWriter:
    """Writes the file frame by frame; it appears under its name once it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: Planes | None = None
        self._count = 0

    def __enter__(self) -> "WeightsWriter":
        try:
            with ExitStack() as opened:
                part = opened.enter_context(whole_file(self._path))
                self._zip = opened.enter_context(zipfile.ZipFile(part, "w"))
                self._file = opened.pop_all()
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error
        return self

    def add(self, planes: Planes) -> None:
        """Append the weights of the next frame."""
        if self._before is None or not np.array_equal(planes, self._before):
            _, data = cv2.imencode(".png", planes.reshape(-1, planes.shape[2]))
            self._zip.writestr(_NAME.format(self._count, len(planes)), data.tobytes())
            self._before = planes
        self._count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.__exit__(kind, error, trace)


class KeptWeights:
    """Reads the file. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        """Raises MediaError where it cannot be read."""
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise MediaError(f"{path} holds no weights: {error}") from error
        self._names = sorted(self._zip.namelist())
        self._firsts = [int(name[:8]) for name in self._names]
        self._read: tuple[str, Planes] | None = None

    def of_frame(self, index: int) -> Planes:
        """The weights of a frame, uint8 (K, H, W) in 1/255; frames that have the same share it."""
        name = self._names[bisect_right(self._firsts, index) - 1]
        if self._read is None or self._read[0] != name:
            count = int(name[9 : -len(".png")])
            data = np.frombuffer(self._zip.read(name), np.uint8)
            rows = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
            planes = rows.reshape(count, -1, rows.shape[1])
            self._read = name, planes
        return self._read[1]
