"""Pictures as tensors."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


def as_tensor(picture: npt.NDArray[np.generic], device: torch.device) -> Tensor:
    """A picture (H, W, 3) of 0..255 as float32 (1, 3, H, W) in [0, 1]."""
    pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None]
    return pixels.to(device, torch.float32).contiguous() / 255
