"""Ground-truth flow: files in MPI-Sintel's layout (Butler et al. 2012), or a 3D renderer's."""

from pathlib import Path

import cv2
import numpy as np

from vidnst.errors import MediaError
from vidnst.media.names import flow_files
from vidnst.motion.files import read_flow
from vidnst.motion.flow import Flow
from vidnst.motion.visibility import Visible, inside

_NEXT = "forward"
_PLACES = ("occlusions", "invalid")


class KnownFlow:
    """Flow from each frame to the next, and a mask of the pixels that are visible in both.

    The files of a folder such as training/flow/alley_1, in the order of their names, are those of
    frames 1, 2, ...: .flo, float32 displacements in pixels. Masks of the same names, white where a
    pixel is hidden in the next frame or not known, lie in training/occlusions/alley_1 and
    training/invalid/alley_1, or in folders of these names inside; either may be absent.

    Where files are named by two frames (motion/files.py), the forward ones are used.
    """

    def __init__(self, folder: Path, size_hw: tuple[int, int]) -> None:
        """Raises MediaError where the folder holds no flow."""
        named = flow_files(folder) if folder.is_dir() else []
        forward = sorted((here, path) for path, direction, here, _ in named if direction == _NEXT)
        self._files = [path for _, path in forward] if named else sorted(folder.glob("*.flo"))
        if not self._files:
            raise MediaError(f"{folder} holds no flow files (.flo)")
        self._size_hw = size_hw
        outside = folder.parent.parent
        places = [p for name in _PLACES for p in (outside / name / folder.name, folder / name)]
        self._masks = [place for place in places if place.is_dir()]

    def pair(self, number: int) -> tuple[Flow, Visible]:
        """Flow from frame `number`, the first being 0, to the next, and where both show the same.

        Raises MediaError where a file is missing, damaged or of another size than the frames.
        """
        if number >= len(self._files):
            raise MediaError(f"{self._files[0].parent} holds no flow for frame {number + 1}")
        path = self._files[number]
        flow = read_flow(path)
        self._require_size(path, flow.shape)
        seen = inside(flow)
        for place in self._masks:
            mask_path = place / f"{path.stem}.png"
            if mask_path.exists():
                mask = cv2.imread(str(mask_path), cv2.IMREAD_GRAYSCALE)
                if mask is None:
                    raise MediaError(f"{mask_path} is no picture")
                self._require_size(mask_path, mask.shape)
                seen &= mask < 128
        return flow, seen.astype(np.float32)

    def _require_size(self, path: Path, shape: tuple[int, ...]) -> None:
        if shape[:2] != self._size_hw:
            (height, width), (own_height, own_width) = self._size_hw, shape[:2]
            raise MediaError(
                f"{path} is of {own_width}x{own_height}, but the frames of {width}x{height}"
            )
