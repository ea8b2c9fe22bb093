"""The kind of processor: within one kind, results are identical bit for bit."""

import os
import platform
from pathlib import Path
from typing import Any

import torch

_TELLING = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU part")
_VECTORS = ("sse4", "avx", "amx", "fma", "f16c", "asimd", "sve", "bf16", "i8mm")
_VARIABLES = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_CBWR")
"""They restrict libraries to a subset of the processor's instructions."""


def processor_kind(device: str) -> dict[str, Any]:
    """Vendor, model, vector instructions, and which of these PyTorch uses; as plain values.

    device: the one that paints; a GPU is identified by its name.
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
    """The first processor in Linux's /proc/cpuinfo; empty on other systems."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    fields = {key.strip(): value.strip() for key, _, value in pairs}
    flags = (fields.get("flags") or fields.get("Features") or "").split()
    vectors = sorted(flag for flag in flags if flag.startswith(_VECTORS))
    return " ".join([*(fields[name] for name in _TELLING if name in fields), *vectors])
