"""Run somebody else's image-to-image network from an ONNX file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.errors import UsageError, WeightsError
from vidnst.frames.frame import Picture
from vidnst.nets.engines.onnxruntime import onnx_session
from vidnst.options.compute import NetworkRange

_RANGES: dict[NetworkRange, tuple[float, float]] = {
    "0..1": (0.0, 1.0),
    "0..255": (0.0, 255.0),
    "-1..1": (-1.0, 1.0),
}
_TRIED_HW = (224, 224)


class ForeignEngine:
    """Paints with an ONNX network, one picture in and one out, NCHW or NHWC, RGB.

    The range of its values is detected where it is not given: the one for which the output looks
    most like the input. A network declared for a fixed size is tried with other sizes; if that
    fails, frames are resized to the fixed size and back.
    """

    def __init__(self, path: Path, value_range: NetworkRange, *, at_once: int) -> None:
        """Raises WeightsError where the file holds no such network."""
        try:
            import onnx
            import onnxruntime  # noqa: F401
        except ImportError as error:
            raise UsageError(
                "`network` with an ONNX file needs onnxruntime: pip install 'vidnst[onnxruntime]'"
            ) from error
        try:
            model = onnx.load(str(path), load_external_data=False)
            ends = [*_inputs(model), *model.graph.output]
            shapes = [[d.dim_value for d in end.type.tensor_type.shape.dim] for end in ends]
        except OSError as error:
            raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
        except Exception as error:  # What protobuf raises differs between its versions.
            raise WeightsError(f"{path} is no ONNX file") from error
        if apart := sorted({place for place in _kept_apart(model) if place}):
            raise WeightsError(
                f"{path} keeps its weights in other files ({', '.join(apart)}): save it as one file"
            )
        if len(ends) != 2 or any(len(shape) != 4 or 3 not in shape for shape in shapes):
            raise WeightsError(f"{path} does not take one RGB picture and give one back")
        self._input = ends[0].name
        self._channels_last = [shape[1] != 3 for shape in shapes]
        own = shapes[0][1:3] if self._channels_last[0] else shapes[0][2:]
        self._fixed_hw: tuple[int, int] | None = None
        _free_the_size(ends, self._channels_last)
        try:
            self._session = onnx_session(model.SerializeToString(), at_once=at_once)
            self._infer(np.zeros((*_TRIED_HW, 3), np.float32))
            self._infer(np.zeros((_TRIED_HW[0] + 32, _TRIED_HW[1] + 64, 3), np.float32))
        except Exception as error:  # onnxruntime has a class for each kind, and no common one.
            if not all(own):
                raise WeightsError(f"{path} cannot be run: {error}") from error
            model = onnx.load(str(path), load_external_data=False)
            self._fixed_hw = (own[0], own[1])
            try:
                self._session = onnx_session(model.SerializeToString(), at_once=at_once)
                self._infer(np.zeros((*self._fixed_hw, 3), np.float32))
            except Exception as error:
                raise WeightsError(f"{path} cannot be run: {error}") from error
        self._range = _RANGES[self._found_range() if value_range == "auto" else value_range]

    def run(self, picture: Picture) -> Picture:
        """Paint RGB uint8 (H, W, 3)."""
        painted = self._painted(picture, self._range)
        height, width = picture.shape[:2]
        if painted.shape[:2] != (height, width):
            painted = np.asarray(cv2.resize(painted, (width, height)), np.float32)
        return np.asarray(np.rint(painted.clip(0, 1) * 255), np.uint8)

    def _painted(
        self, picture: Picture, value_range: tuple[float, float]
    ) -> npt.NDArray[np.float32]:
        if self._fixed_hw is not None:
            picture = np.asarray(cv2.resize(picture, self._fixed_hw[::-1]), np.uint8)
        low, high = value_range
        frame = picture.astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)
        return (self._infer(frame) - low) / (high - low)

    def _infer(self, frame: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(H, W, 3) to the same, in the network's own range."""
        value = frame if self._channels_last[0] else frame.transpose(2, 0, 1)
        painted = self._session.run(None, {self._input: np.ascontiguousarray(value[None])})[0][0]
        return np.asarray(painted if self._channels_last[1] else painted.transpose(1, 2, 0))

    def _found_range(self) -> NetworkRange:
        picture = _test_picture()
        return max(_RANGES, key=lambda name: _likeness(self._painted(picture, _RANGES[name])))


def _inputs(model: Any) -> list[Any]:
    """The graph's inputs without the weights, which older files list among them."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return [given for given in model.graph.input if given.name not in weights]


def _kept_apart(part: Any) -> Iterator[str]:
    """The external data files of the tensors in a protobuf message and all messages in it."""
    if part.DESCRIPTOR.name == "TensorProto":
        yield from (entry.value for entry in part.external_data if entry.key == "location")
        return
    for kind, value in part.ListFields():
        if kind.message_type is not None:
            for inner in value if isinstance(value, Sequence) else [value]:
                yield from _kept_apart(inner)


def _free_the_size(ends: list[Any], channels_last: list[bool]) -> None:
    for end, last in zip(ends, channels_last, strict=True):
        axes = end.type.tensor_type.shape.dim
        for place in (1, 2) if last else (2, 3):
            axes[place].Clear()


def _test_picture() -> Picture:
    """Soft shapes of all colors."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(20, 236, (7, 7, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, _TRIED_HW[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def _likeness(painted: npt.NDArray[np.float32]) -> float:
    """How much a result looks like the test picture: correlation, less what is out of range."""
    picture = _test_picture().astype(np.float32) / 255
    height, width = picture.shape[:2]
    painted = np.asarray(cv2.resize(painted, (width, height)), np.float32)
    if not np.isfinite(painted).all():
        return -2.0
    inside = painted.clip(0, 1)
    if inside.std() < 0.02:
        return -1.0
    alike = float(np.corrcoef(inside.mean(2).ravel(), picture.mean(2).ravel())[0, 1])
    contrast = min(1.0, float(inside.std() / picture.std()))
    return alike * contrast - float(np.abs(painted - inside).mean())
