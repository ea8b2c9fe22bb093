"""The choice of the engine that runs a network."""

from importlib.util import find_spec

import torch
from torch import nn

from vidnst.errors import UsageError
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.device import chosen_device
from vidnst.nets.engines.engine import Engine
from vidnst.nets.engines.tiles import TilingEngine
from vidnst.options.compute import Backend, ComputeOptions

_AT_ONCE_ON_GPU = 3
"""One frame is uploaded, one painted and one downloaded."""
_PIXELS_ON_CPU, _PIXELS_ON_GPU = 2_500_000, 9_000_000
"""Larger pictures are painted in tiles; painting takes about 100 bytes a pixel."""


def make_engine(
    network: BakedNetwork, compute: ComputeOptions, *, dtype: torch.dtype, at_once: int
) -> Engine:
    """An engine for this network, large pictures in tiles; at_once: how many threads will call it.

    dtype: of the arithmetic on a CPU. Raises UsageError where device or backend is unavailable.
    """
    return TilingEngine(
        _whole_engine(network, compute, dtype=dtype, at_once=at_once),
        network.shape,
        most_pixels=most_in_one_piece(compute),
    )


def most_in_one_piece(compute: ComputeOptions) -> int:
    """Pictures of more pixels are painted in tiles."""
    return _PIXELS_ON_CPU if chosen_device(compute.device) == "cpu" else _PIXELS_ON_GPU


def torch_engine(network: nn.Module, compute: ComputeOptions, *, dtype: torch.dtype) -> Engine:
    """An engine for any network (B, 3, H, W) in [0, 1]; on a GPU it computes in float16.

    dtype: of the arithmetic on a CPU. Raises UsageError where the device is unavailable.
    """
    from vidnst.nets.engines.pytorch import PyTorchEngine

    device = chosen_device(compute.device)
    return PyTorchEngine(network, device=device, dtype=dtype if device == "cpu" else torch.float16)


def chosen_backend(compute: ComputeOptions) -> Backend:
    """Resolve "auto" to a backend: on a CPU OpenVINO, the fastest, if it is installed.

    Raises UsageError where the requested backend is unavailable.
    """
    on_cpu = chosen_device(compute.device) == "cpu"
    if compute.backend == "auto":
        return "openvino" if on_cpu and _missing("openvino") is None else "torch"
    if compute.backend == "torch":
        return "torch"
    if not on_cpu:
        raise UsageError(f"`backend={compute.backend}` computes on the CPU: add `device=cpu`")
    missing = _missing(compute.backend)
    if missing is not None:
        raise UsageError(
            f"`backend={compute.backend}` needs {missing}: pip install 'vidnst[{compute.backend}]'"
        )
    return compute.backend


def frames_at_once(compute: ComputeOptions, *, cores: int) -> int:
    """How many frames to paint at once: one to a core, or as many as keep a GPU busy."""
    return cores if chosen_device(compute.device) == "cpu" else _AT_ONCE_ON_GPU


def _whole_engine(
    network: BakedNetwork, compute: ComputeOptions, *, dtype: torch.dtype, at_once: int
) -> Engine:
    backend = chosen_backend(compute)
    if backend == "openvino":
        from vidnst.nets.engines.openvino import OpenVinoEngine

        return OpenVinoEngine(network, bf16=dtype == torch.bfloat16, at_once=at_once)
    if backend == "onnxruntime":
        from vidnst.nets.engines.onnxruntime import OnnxRuntimeEngine

        return OnnxRuntimeEngine(network, at_once=at_once)
    return torch_engine(network, compute, dtype=dtype)


def _missing(backend: Backend) -> str | None:
    """The first package that the backend needs and that is not installed; None if none is."""
    return next((name for name in (backend, "onnx") if find_spec(name) is None), None)
