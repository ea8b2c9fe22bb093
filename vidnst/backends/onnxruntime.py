"""Run a baked network with ONNX Runtime, which is there for most machines."""

import numpy as np
import torch

from vidnst.backends.onnx_graph import pixel_graph
from vidnst.frames import Picture
from vidnst.style.bake import BakedNetwork


class OnnxRuntimeEngine:
    """Paints with ONNX Runtime, in float32."""

    def __init__(self, network: BakedNetwork, *, at_once: int) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = max(1, torch.get_num_threads() // at_once)
        self._session = InferenceSession(
            pixel_graph(network).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def run(self, picture: Picture) -> Picture:
        """Paint RGB uint8 (H, W, 3), H and W multiples of STRIDE."""
        return np.asarray(self._session.run(None, {"frame": picture[None]})[0][0], np.uint8)
