"""Optical flow by RAFT (Teed and Deng 2020), with torchvision's weights."""

from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.errors import WeightsError
from vidnst.frames.frame import Picture
from vidnst.motion.flow import Flow, FlowFunction

if TYPE_CHECKING:
    from torch import nn

_STRIDE = 8
_SMALLEST_SIDE = 128
"""RAFT correlates features at 1/8 of the size, and at three more halvings of that."""


def raft_flow() -> FlowFunction:
    """Load RAFT's weights from torch's cache or torchvision's server; the result is thread-safe.

    Its flow is in the convention of optical_flow. Raises WeightsError where neither has the
    weights.
    """
    from torchvision.models.optical_flow import Raft_Small_Weights, raft_small

    weights = Raft_Small_Weights.DEFAULT
    try:
        state = weights.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"RAFT's weights are not in torch's cache and cannot be downloaded from {weights.url} "
            "(leave `flow=raft` out to do without)"
        ) from error
    network = raft_small()
    network.load_state_dict(state)
    network.eval().requires_grad_(False)
    lock = Lock()

    def flow(here: Picture, there: Picture) -> Flow:
        # One at a time: it takes all cores, and much memory.
        with lock, torch.inference_mode():
            return _flow(network, here, there)

    return flow


def _flow(network: "nn.Module", here: Picture, there: Picture) -> Flow:
    height, width = here.shape[:2]
    padded_hw = tuple(max(_SMALLEST_SIDE, side + -side % _STRIDE) for side in (height, width))
    padding = (0, padded_hw[1] - width, 0, padded_hw[0] - height)
    pictures = [F.pad(_to_network(p), padding, mode="replicate") for p in (here, there)]
    estimates: Any = network(*pictures)
    last = estimates[-1][0, :, :height, :width]
    return np.ascontiguousarray(last.permute(1, 2, 0).numpy(), np.float32)


def _to_network(picture: Picture) -> Tensor:
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    return pixels / 127.5 - 1
