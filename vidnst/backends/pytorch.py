"""Run a network with PyTorch, on a CPU or a GPU."""

from threading import local

import numpy as np
import torch
from torch import Tensor, nn

from vidnst.frames import Picture


class PyTorchEngine:
    """Paints with a network for (B, 3, H, W) in [0, 1].

    On a GPU each thread has a stream of its own, and pinned memory.
    """

    def __init__(self, network: nn.Module, *, device: str, dtype: torch.dtype) -> None:
        self._device = torch.device(device)
        self._dtype = dtype
        self._network = network.to(
            self._device,
            dtype,
            memory_format=torch.channels_last,  # type: ignore[call-overload]
        )
        self._of_thread = local()

    def run(self, picture: Picture) -> Picture:
        """Paint RGB uint8 (H, W, 3), H and W multiples of STRIDE."""
        with torch.inference_mode():
            if self._device.type == "cuda":
                return self._run_on_cuda(picture)
            pixels = torch.from_numpy(picture).to(self._device)
            return np.asarray(self._painted(pixels).cpu().numpy(), np.uint8)

    def _painted(self, pixels: Tensor) -> Tensor:
        """uint8 (H, W, 3) on the device, to the same."""
        frame = pixels.permute(2, 0, 1)[None]
        frame = frame.to(self._dtype, memory_format=torch.channels_last).mul_(1 / 255)
        painted: Tensor = self._network(frame)[0]
        return (painted * 255).round_().to(torch.uint8).permute(1, 2, 0).contiguous()

    def _run_on_cuda(self, picture: Picture) -> Picture:
        mine = self._of_thread
        if not hasattr(mine, "stream"):
            mine.stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        if getattr(mine, "shape", None) != picture.shape:
            mine.shape = picture.shape
            mine.sent, mine.received = (
                torch.empty(picture.shape, dtype=torch.uint8, pin_memory=True) for _ in range(2)
            )
        with torch.cuda.stream(mine.stream):
            mine.sent.numpy()[:] = picture
            pixels = mine.sent.to(self._device, non_blocking=True)
            mine.received.copy_(self._painted(pixels), non_blocking=True)
        mine.stream.synchronize()
        return np.array(mine.received.numpy())
