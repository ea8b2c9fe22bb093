"""Run a network with PyTorch, on a CPU or a GPU."""

from threading import Lock, local

import numpy as np
import torch
from torch import Tensor, nn

from vidnst.frames.frame import Picture

_WARM_UPS = 3
"""Libraries set themselves up and choose kernels in the first runs, which no graph may hold."""
_laying = Lock()
"""CUDA records in one thread at a time; those whose lanes are there may paint on."""


class PixelNetwork(nn.Module):
    """A network for (B, 3, H, W) in [0, 1], from RGB uint8 (H, W, 3) to the same.

    What else the network takes is passed on to it.
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

    On CUDA each thread has a lane of its own.
    """

    def __init__(
        self, network: nn.Module, *, device: str, dtype: torch.dtype, graphed: bool = True
    ) -> None:
        """graphed: record the work on CUDA as a graph, rather than launch it piece by piece."""
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
        """This thread's lane; only the newest shape's, for each takes memory of its own."""
        mine = self._of_thread
        if not hasattr(mine, "lane") or mine.lane.shape != shape:
            mine.lane = None
            mine.lane = CudaLane(self._paint, shape, device=self._device, graphed=self._graphed)
        lane: CudaLane = mine.lane
        return lane


class CudaLane:
    """The way of pictures of one shape to the GPU and back: a stream, pinned memory and a graph.

    What is launched is the same for all of them: recorded and replayed, it is one launch. For one
    thread at a time, in inference mode.
    """

    def __init__(
        self,
        paint: PixelNetwork,
        shape: tuple[int, ...],
        *,
        device: torch.device,
        graphed: bool = True,
    ) -> None:
        """shape: (H, W, 3). graphed: replay; it does without where CUDA cannot record the work."""
        self.shape = shape
        self._paint = paint
        with _laying:
            self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            self._sent, self._received = (
                torch.empty(shape, dtype=torch.uint8, pin_memory=True) for _ in range(2)
            )
            self._pixels = torch.zeros(shape, dtype=torch.uint8, device=device)
            # The weights may still be on their way.
            self._stream.wait_stream(torch.cuda.current_stream(device))
            self._graph = self._recorded() if graphed else None

    @property
    def replays(self) -> bool:
        """Whether the work is replayed, not launched piece by piece."""
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
        """Paint what is on the GPU already; its result stays there."""
        if self._graph is None:
            self._painted = self._paint(self._pixels)
        else:
            self._graph.replay()

    def _recorded(self) -> torch.cuda.CUDAGraph | None:
        """All work from _pixels to _painted, which replaying it reads and writes again."""
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
