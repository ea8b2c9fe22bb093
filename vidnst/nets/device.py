"""The device that networks run on."""

import torch

from vidnst.errors import UsageError
from vidnst.options.compute import Device


def chosen_device(device: Device) -> Device:
    """Resolve "auto" to a device. Raises UsageError where torch sees no such device."""
    there: dict[Device, bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return next(name for name, is_there in there.items() if is_there)
    if not there[device]:
        raise UsageError(f"`device={device}`: torch {torch.__version__} sees no such device here")
    return device
