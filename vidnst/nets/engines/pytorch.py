"""Run a network with PyTorch, on a CPU or a GPU."""

from threading import Lock, local

import numpy as np
import torch
from torch import Tensor, nn

from vidnst.frames.frame import Picture

_WARM_UPS = 3
"""Runs before graph capture, in which libraries initialize and choose kernels."""
_laying = Lock()
"""CUDA captures in one thread at a time; threads that have a lane are not blocked."""


class PixelNetwork(nn.Module):
    """Wraps a network for (B, 3, H, W) in [0, 1] as one for RGB uint8 (H, W, 3).

    Further arguments are passed on to the network.
    """

    def __init__(self, network: nn.Module, *, device: torch.device, dtype: torch.dtype) -> None:
        super().__init__()
        self._dtype = dtype
        self._network = network.to(device, dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, pixels: Tensor, *given: Tensor) -> Tensor:
        frame = pixels.permute(2, 0, 1)[None]
        frame = frame.to(self._dtype, memory_format=torch.channels_last).mul_(1 / 255)
        painted: Tensor = self._network(frame, *given)[0]
        return (painted * 255).round_().to(torch.uint8).permute(1, 2, 0).contiguous()


class PyTorchEngine:
    """Paints with a network for (B, 3, H, W) in [0, 1].

    On CUDA each thread has its own CudaLane.
    """

    def __init__(
        self, network: nn.Module, *, device: str, dtype: torch.dtype, graphed: bool = True
    ) -> None:
        """graphed: on CUDA, replay a CUDA graph instead of launching each kernel."""
        self._device = torch.device(device)
        self._paint = PixelNetwork(network, device=self._device, dtype=dtype)
        self._graphed = graphed
        self._of_thread = local()

    def run(self, picture: Picture) -> Picture:
        """Paint RGB uint8 (H, W, 3), H and W multiples of STRIDE."""
        with torch.inference_mode():
            if self._device.type == "cuda":
                return self._lane(picture.shape).run(picture)
            pixels = torch.from_numpy(picture).to(self._device)
            return np.asarray(self._paint(pixels).cpu().numpy(), np.uint8)

    def _lane(self, shape: tuple[int, ...]) -> "CudaLane":
        """This thread's lane; only the latest shape's is kept, to save memory."""
        mine = self._of_thread
        if not hasattr(mine, "lane") or mine.lane.shape != shape:
            mine.lane = None
            mine.lane = CudaLane(self._paint, shape, device=self._device, graphed=self._graphed)
        lane: CudaLane = mine.lane
        return lane


class CudaLane:
    """Runs pictures of one shape on a GPU, with a stream, pinned memory and a CUDA graph.

    The kernels are the same for all pictures, so replaying a captured graph launches them all at
    once. Not thread-safe; used in inference mode.
    """

    def __init__(
        self,
        paint: PixelNetwork,
        shape: tuple[int, ...],
        *,
        device: torch.device,
        graphed: bool = True,
    ) -> None:
        """shape: (H, W, 3). graphed: use a CUDA graph, unless CUDA cannot capture the work."""
        self.shape = shape
        self._paint = paint
        with _laying:
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            self._sent, self._received = (
                torch.empty(shape, dtype=torch.uint8, pin_memory=True) for _ in range(2)
            )
            self._pixels = torch.zeros(shape, dtype=torch.uint8, device=device)
            # The transfer of the weights may not have finished.
            self._stream.wait_stream(torch.cuda.current_stream(device))
            self._graph = self._recorded() if graphed else None

    @property
    def replays(self) -> bool:
        """Whether a CUDA graph is replayed."""
        return self._graph is not None

    def run(self, picture: Picture) -> Picture:
        """Paint RGB uint8 (H, W, 3)."""
        with torch.cuda.stream(self._stream):
            self._sent.numpy()[:] = picture
            self._pixels.copy_(self._sent, non_blocking=True)
            self.launch()
            self._received.copy_(self._painted, non_blocking=True)
        self._stream.synchronize()
        return np.array(self._received.numpy())

    def launch(self) -> None:
        """Paint the picture already on the GPU; the result stays there."""
        if self._graph is None:
            self._painted = self._paint(self._pixels)
        else:
            self._graph.replay()

    def _recorded(self) -> torch.cuda.CUDAGraph | None:
        """Capture the work from _pixels to _painted as a graph; None if CUDA cannot."""
        with torch.cuda.stream(self._stream):
            for _ in range(_WARM_UPS):
                self._paint(self._pixels)
            graph = torch.cuda.CUDAGraph()
            try:
                # Other threads may allocate meanwhile.
                with torch.cuda.graph(
                    graph, stream=self._stream, capture_error_mode="thread_local"
                ):
                    self._painted = self._paint(self._pixels)
            except RuntimeError:
                return None
            return graph
