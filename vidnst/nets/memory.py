"""The available memory, and the error where it is not enough."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch

from vidnst.errors import MediaError


def available_bytes(device: torch.device) -> int | None:
    """The memory that this process can still allocate; None if unknown.

    On a CPU, the minimum of the free memory and of what remains below a container's limit
    (cgroup 2) and below `ulimit -v`.
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    limits: list[int] = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(line for line in lines if line.startswith("MemAvailable"))
        limits.append(int(free.split()[1]) * 1024)
    with suppress(OSError, ValueError, StopIteration):  # "max" where there is no limit
        group = Path("/sys/fs/cgroup")
        most = int((group / "memory.max").read_text())
        lines = (group / "memory.stat").read_text().splitlines()
        cache = next(line for line in lines if line.startswith("inactive_file"))
        taken = int((group / "memory.current").read_text()) - int(cache.split()[1])
        limits.append(most - taken)
    with suppress(ImportError, OSError, ValueError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            limits.append(most - pages * os.sysconf("SC_PAGE_SIZE"))
    return min(limits) if limits else None


def require_memory(
    size_hw: tuple[int, int], needed_bytes: Callable[[int], int], device: torch.device
) -> None:
    """Check that frames of size_hw fit; needed_bytes: of a frame with a number of pixels.

    Raises MediaError naming the size that would fit.
    """
    available = available_bytes(device)
    if available is not None and needed_bytes(size_hw[0] * size_hw[1]) > available:
        raise too_large(size_hw, needed_bytes, available)


def too_large(
    size_hw: tuple[int, int], needed_bytes: Callable[[int], int], available: int
) -> MediaError:
    """The error that frames of size_hw do not fit, naming the size that would."""
    height, width = size_hw
    advice = "free some"
    for percent in range(95, 4, -5):
        fitting_hw = height * percent // 200 * 2, width * percent // 200 * 2
        if needed_bytes(fitting_hw[0] * fitting_hw[1]) <= available:
            advice = f"`size={fitting_hw[1]}x{fitting_hw[0]}` would fit"
            break
    return MediaError(
        f"painting {width}x{height} takes about {needed_bytes(height * width) / 2**30:.1f} GiB of "
        f"memory, and {available / 2**30:.1f} GiB are free: {advice}"
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that an allocation failed; torch raises several kinds."""
    return isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "allocate memory" in str(error)
    )
