"""Optical flow from other programs: a folder of files, each for two consecutive frames."""

from pathlib import Path

import cv2
import numpy as np

from vidnst.errors import MediaError, UsageError
from vidnst.media.names import flow_files
from vidnst.motion.flow import Flow, View
from vidnst.motion.warp import warp

_MAGIC = b"PIEH"
_HEADER_BYTES = 12
_UNKNOWN = 1e9
"""Middlebury's files mark unknown flow by components larger than this."""
_FAR = 4
"""Unknown flow is set to this many times the longer side, which leads outside of every frame."""


class FlowFolder:
    """Flow files named by direction: backward_5_4.flo is from frame 5 to 4, forward_4_5.flo back.

    The names are those of Ruder et al. 2016 (artistic-videos); numbers may have leading zeros. A
    file is Middlebury's .flo, or .npy, (H, W, 2).

    Convention: flow[y, x] = (dx, dy) in pixels of the file, x to the right, y down. What the first
    frame of the name shows at (x, y) is at (x + dx, y + dy) in the second.
    """

    def __init__(self, folder: Path) -> None:
        """Raises UsageError where the folder is missing or has no flow, or a name is not valid."""
        self.folder = folder
        self._files: dict[tuple[int, int], Path] = {}
        if not folder.is_dir():
            raise UsageError(f"`flow_dir` {folder} is no folder")
        for path, direction, here, there in flow_files(folder):
            if there != here + (1 if direction == "forward" else -1):
                raise UsageError(
                    f"{path}: backward leads from a frame to the one before it, as in "
                    "backward_5_4.flo, and forward to the next, as in forward_4_5.flo"
                )
            if (here, there) in self._files:
                raise UsageError(f"{path} and {self._files[here, there].name} are for the same")
            self._files[here, there] = path
        if not self._files:
            raise UsageError(
                f"`flow_dir` {folder} holds no flow, such as backward_5_4.flo and forward_4_5.flo"
            )

    def read(self, here: int, there: int) -> Flow:
        """The flow from a frame to the next or the previous one, at the size of its file.

        Raises MediaError where there is none, or its file is damaged.
        """
        if (here, there) not in self._files:
            kind = "forward" if there > here else "backward"
            raise MediaError(
                f"{self.folder} holds no {kind}_{here}_{there}.flo (or .npy): the flow from frame "
                f"{here} to {there}"
            )
        path = self._files[here, there]
        flow = read_flow(path)
        if np.isnan(flow).any():
            raise MediaError(f"{path} holds values that are no numbers (NaN)")
        unknown = (np.abs(flow) > _UNKNOWN).any(-1)
        flow[unknown] = _FAR * max(flow.shape)
        return flow

    def between(self, here: View, there: View) -> Flow:
        """See FlowSource; between frames further apart, flows of consecutive frames are chained.

        Raises MediaError as read does.
        """
        if here.number is None or there.number is None:
            raise MediaError(
                f"{self.folder}: flow from files is for films whose frames are counted"
            )
        size_hw = here.picture.shape[0], here.picture.shape[1]
        if here.number == there.number:
            return np.zeros((*size_hw, 2), np.float32)
        step = 1 if there.number > here.number else -1
        whole = _scaled(self.read(here.number, here.number + step), size_hw)
        for number in range(here.number + step, there.number, step):
            whole = whole + warp(_scaled(self.read(number, number + step), size_hw), whole)
        return whole


def _scaled(flow: Flow, size_hw: tuple[int, int]) -> Flow:
    """Flow resized to size_hw, its displacements scaled to pixels of that size."""
    if flow.shape[:2] == size_hw:
        return flow
    shrinks = size_hw[0] < flow.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    scales = np.array([size_hw[1] / flow.shape[1], size_hw[0] / flow.shape[0]], np.float32)
    return np.asarray(cv2.resize(flow, size_hw[::-1], interpolation=method) * scales, np.float32)


def read_flow(path: Path) -> Flow:
    """Read displacements (H, W, 2) from a .flo or .npy file. Raises MediaError."""
    try:
        if path.suffix.lower() == ".npy":
            flow = np.load(path, allow_pickle=False)
        else:
            flow = _of_middlebury(path.read_bytes())
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError) as error:
        raise MediaError(f"{path} is no flow file: {error}") from error
    if flow.ndim != 3 or flow.shape[2] != 2 or not flow.size or flow.dtype.kind != "f":
        raise MediaError(
            f"{path} is no flow file: it holds {flow.dtype} {flow.shape}, but must hold floats "
            "(H, W, 2)"
        )
    return np.array(flow, np.float32)


def _of_middlebury(content: bytes) -> Flow:
    """Parse Middlebury's .flo format. Raises ValueError for anything else."""
    if content[:4] != _MAGIC or len(content) < _HEADER_BYTES:
        raise ValueError("it does not begin as one")
    width, height = (int(side) for side in np.frombuffer(content, "<i4", 2, 4))
    pixels = np.frombuffer(content, "<f4", offset=_HEADER_BYTES)
    if min(width, height) < 1 or pixels.size != 2 * width * height:
        raise ValueError(f"{width}x{height} pixels do not fill it")
    return pixels.reshape(height, width, 2)
