"""Run a baked network with OpenVINO, the fastest on CPUs."""

import sys
from threading import local
from typing import Any, cast

import numpy as np
import torch

from vidnst.backends.onnx_graph import pixel_graph
from vidnst.frames import Picture
from vidnst.style.bake import BakedNetwork
from vidnst.style.network import STRIDE

_TRIED_SIDE = 4 * STRIDE


class OpenVinoEngine:
    """Paints with OpenVINO, each thread with a request of its own."""

    def __init__(self, network: BakedNetwork, *, bf16: bool, at_once: int) -> None:
        # Its telemetry forks a process that reports to its maker, whom no one here asked.
        sys.modules.setdefault("openvino_telemetry", cast(Any, None))
        import openvino

        core = openvino.Core()
        self._model = core.compile_model(
            core.read_model(pixel_graph(network).SerializeToString()),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
                "INFERENCE_NUM_THREADS": torch.get_num_threads(),
                "NUM_STREAMS": at_once,
            },
        )
        self._of_thread = local()
        # Two threads that hand it their first array at the same time wait for each other forever.
        self.run(np.zeros((_TRIED_SIDE, _TRIED_SIDE, 3), np.uint8))

    def run(self, picture: Picture) -> Picture:
        """Paint RGB uint8 (H, W, 3), H and W multiples of STRIDE."""
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._model.create_infer_request()
        request: Any = self._of_thread.request
        outputs = request.infer([picture[None]], share_inputs=True, share_outputs=True)
        return np.array(outputs[0][0], np.uint8)
