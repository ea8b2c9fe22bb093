"""The precision that networks compute in."""

import torch


def processor_dtype() -> torch.dtype:
    """bfloat16 where this processor multiplies it in hardware, float32 elsewhere."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    # These are private to torch, so a version may lack them.
    supported = any(getattr(torch.cpu, check, lambda: False)() for check in checks)
    return torch.bfloat16 if supported else torch.float32


def autocast(device: torch.device, dtype: torch.dtype | None = None) -> torch.autocast:
    """A context in which networks compute in dtype; None is the fastest that the device has.

    A processor that does not multiply bfloat16 in hardware is tens of times slower with it.
    """
    if dtype is None:
        dtype = processor_dtype() if device.type == "cpu" else torch.bfloat16
    return torch.autocast(device.type, dtype, enabled=dtype != torch.float32)
