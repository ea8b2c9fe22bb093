"""Run a baked network with OpenVINO, the fastest on CPUs."""

import sys
from threading import Lock, local
from typing import Any, cast

import numpy as np
import torch

from vidnst.frames.frame import Picture
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.engines.onnx_graph import pixel_graph

Shape = tuple[int, ...]


class OpenVinoEngine:
    """Paints with OpenVINO; each thread has its own infer requests.

    The network is compiled for each input size, which takes 50 ms; compiled for dynamic sizes, it
    would run 5 % slower.
    """

    def __init__(self, network: BakedNetwork, *, bf16: bool, at_once: int) -> None:
        # Disable its telemetry, which forks a process that reports to the vendor.
        sys.modules.setdefault("openvino_telemetry", cast(Any, None))
        import openvino

        self._core = openvino.Core()
        self._graph = pixel_graph(network).SerializeToString()
        self._settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "NUM_STREAMS": at_once,
        }
        self._beginning = Lock()
        self._compiled: dict[Shape, Any] = {}
        self._of_thread = local()

    def run(self, picture: Picture) -> Picture:
        """Paint RGB uint8 (H, W, 3), H and W multiples of STRIDE."""
        requests = self._of_thread.__dict__.setdefault("requests", {})
        if picture.shape in requests:
            return _painted(requests[picture.shape], picture)
        # OpenVINO deadlocks if two threads pass it their first array at the same time.
        with self._beginning:
            requests[picture.shape] = self._model(picture.shape).create_infer_request()
            return _painted(requests[picture.shape], picture)

    def _model(self, shape: Shape) -> Any:
        if shape not in self._compiled:
            model = self._core.read_model(self._graph)
            model.reshape([1, *shape])
            self._compiled[shape] = self._core.compile_model(model, "CPU", self._settings)
        return self._compiled[shape]


def _painted(request: Any, picture: Picture) -> Picture:
    outputs = request.infer([picture[None]], share_inputs=True, share_outputs=True)
    return np.array(outputs[0][0], np.uint8)
