"""On which device and with which backend to compute."""

from dataclasses import dataclass
from typing import Literal, get_args

from vidnst.options.fields import option, require_in_range

Device = Literal["auto", "cpu", "cuda", "mps"]
NetworkRange = Literal["auto", "0..1", "0..255", "-1..1"]
Backend = Literal["auto", "torch", "openvino", "onnxruntime"]


@dataclass(frozen=True)
class ComputeOptions:
    """Device and backend. Each field is an option of the command line."""

    device: Device = option(
        "auto", "where is computed; auto takes a GPU where there is one", choices=get_args(Device)
    )
    backend: Backend = option(
        "auto",
        "what runs the network; auto takes the fastest that is installed",
        choices=get_args(Backend),
    )

    def __post_init__(self) -> None:
        require_in_range(self)
