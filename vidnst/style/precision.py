"""In which numbers the networks compute."""

import torch


def processor_dtype() -> torch.dtype:
    """bfloat16 where this processor multiplies it in hardware, float32 elsewhere."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    # torch keeps these to itself, so a version may lack them.
    supported = any(getattr(torch.cpu, check, lambda: False)() for check in checks)
    return torch.bfloat16 if supported else torch.float32
