"""Run a baked network with ONNX Runtime, which is available for most platforms."""

from typing import Any

import numpy as np
import torch

from vidnst.frames.frame import Picture
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.engines.onnx_graph import pixel_graph

_SILENT = 4
"""Log nothing: errors are raised as exceptions anyway."""


def onnx_session(model: bytes, *, at_once: int = 1) -> Any:
    """An inference session on the CPU, for at_once concurrent threads."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = max(1, torch.get_num_threads() // at_once)
    options.log_severity_level = _SILENT
    return InferenceSession(model, options, providers=["CPUExecutionProvider"])


class OnnxRuntimeEngine:
    """Paints with ONNX Runtime, in float32."""

    def __init__(self, network: BakedNetwork, *, at_once: int) -> None:
        self._session = onnx_session(pixel_graph(network).SerializeToString(), at_once=at_once)

    def run(self, picture: Picture) -> Picture:
        """Paint RGB uint8 (H, W, 3), H and W multiples of STRIDE."""
        return np.asarray(self._session.run(None, {"frame": picture[None]})[0][0], np.uint8)
