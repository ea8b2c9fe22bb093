"""Which kind of processor this is: on one kind, the same numbers come out bit for bit."""

import os
import platform
from pathlib import Path
from typing import Any

import torch

_TELLING = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU part")
_VECTORS = ("sse4", "avx", "amx", "fma", "f16c", "asimd", "sve", "bf16", "i8mm")
_VARIABLES = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_CBWR")
"""They make libraries take fewer instructions than the processor has."""


def processor_kind(device: str) -> dict[str, Any]:
    """Maker, model and vector instructions, and what libraries make of them; plain values.

    device: what is painted on; of a graphics card its name.
    """
    kind: dict[str, Any] = {
        "machine": platform.machine(),
        "model": _model() or platform.processor(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "variables": {name: os.environ[name] for name in _VARIABLES if os.environ.get(name)},
    }
    if device.startswith("cuda"):
        kind["card"] = torch.cuda.get_device_name(device)
    return kind


def _model() -> str:
    """What Linux tells of the first processor; elsewhere nothing."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    told = {key.strip(): value.strip() for key, _, value in pairs}
    flags = (told.get("flags") or told.get("Features") or "").split()
    vectors = sorted(flag for flag in flags if flag.startswith(_VECTORS))
    return " ".join([*(told[name] for name in _TELLING if name in told), *vectors])
