"""Convolutions fused with an addition and a ReLU, by oneDNN on a CPU.

The operator is internal to torch, for torch.compile, and may change: `fuses` checks that it exists
and gives the right result.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@lru_cache
def fuses(dtype: torch.dtype) -> bool:
    """Whether fused_convolution works on this machine, tested on a small input."""
    convolution = nn.Conv2d(16, 16, 3).to(dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    x, plus = torch.rand(1, 16, 6, 6, dtype=dtype), torch.rand(1, 16, 4, 4, dtype=dtype)
    try:
        with torch.inference_mode():
            expected = F.relu(convolution(x) + plus)
            found = fused_convolution(x, convolution, plus=plus, rectify=True)
            return torch.allclose(found.float(), expected.float(), atol=0.05)
    except (AttributeError, RuntimeError, TypeError):
        return False


def fused_convolution(
    x: Tensor, convolution: nn.Conv2d, *, plus: Tensor | None, rectify: bool
) -> Tensor:
    """The unpadded convolution of x (B, C, H, W), with an optional addition and ReLU."""
    operator = torch.ops.mkldnn._convolution_pointwise
    common = (convolution.weight, convolution.bias, (0, 0), convolution.stride, (1, 1), 1)
    result: Tensor
    if plus is None:
        result = operator(x, *common, "relu" if rectify else "none", [], "")
    else:
        after = "relu" if rectify else None
        result = operator.binary(x, plus, *common, "add", 1.0, after, [], None)
    return result
