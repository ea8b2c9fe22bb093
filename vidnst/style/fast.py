"""The fast stylizer: one feed-forward network for any style."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.errors import MediaError
from vidnst.frames import Picture
from vidnst.media.pictures import resize
from vidnst.options import StyleOptions
from vidnst.style.bake import BakedNetwork
from vidnst.style.network import STRIDE, load_network
from vidnst.style.precision import processor_dtype
from vidnst.weights import shipped_weights

_NATURAL_BRUSH_PX = 16
"""How large the network's marks are at its own scale, roughly."""
_SMALLEST_SIDE = 32
_READ_SIDES = (64, 768)
"""Between these the longer side of a style is read; finer or coarser was never trained."""
_STATISTICS_PIXELS = 3_000_000
_PARALLEL_PIXELS = 16_000_000
MOST_PIXELS = 40_000_000
"""Larger frames would need more memory than most machines have."""


class FastStylizer:
    """Paints frames of one size with the conditional network, baked for one style.

    Call begin_shot with some of a shot's frames before painting it: they give the statistics that
    stay frozen through the shot.
    """

    def __init__(
        self,
        style: Picture,
        options: StyleOptions,
        *,
        size_hw: tuple[int, int],
        weights: Path | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """style: RGB uint8 (H, W, 3). size_hw: of the frames that will come.

        Raises MediaError for frames larger than MOST_PIXELS, WeightsError for unfit weights.
        """
        self._cores = torch.get_num_threads()
        self.options = options
        self.size_hw = size_hw
        self._inner_hw = _inner_size(size_hw, options.brush_size)
        for height, width in (size_hw, self._inner_hw):
            if height * width > MOST_PIXELS:
                raise MediaError(
                    f"{width}x{height} pixels are too many to paint at once (at most "
                    f"{MOST_PIXELS // 1_000_000} megapixels): give a smaller --size"
                )
        self._dtype = dtype or processor_dtype()
        network = load_network(weights or shipped_weights("fast.safetensors"))
        network.requires_grad_(False).to(memory_format=torch.channels_last)
        self._network = network
        self._code = self._read(style)
        self._baked: BakedNetwork | None = None

    @property
    def parallel(self) -> int:
        """How many frames to paint at once, each on its share of the cores.

        One frame to a core keeps all cores busy without their waiting for each other; large frames
        are fewer, for their memory.
        """
        height, width = self._inner_hw
        return max(1, min(self._cores, _PARALLEL_PIXELS // (height * width)))

    def begin_worker(self) -> None:
        """Take this thread's share of the cores; each thread that paints calls it once."""
        torch.set_num_threads(max(1, self._cores // self.parallel))

    def begin_shot(self, samples: Sequence[Picture]) -> None:
        """Bake the style with the statistics of these frames of a shot, RGB uint8 (H, W, 3)."""
        height, width = self._inner_hw
        most = max(1, min(len(samples), _STATISTICS_PIXELS // (height * width)))
        chosen = [samples[round(i)] for i in np.linspace(0, len(samples) - 1, most)]
        with torch.inference_mode():
            frames = torch.cat([self._to_network(picture) for picture in chosen])
            code = self._code
            if self.options.strength < 1:
                own = self._network.read(frames.float()).mean(0, keepdim=True)
                code = torch.lerp(own, code, self.options.strength)
            with torch.autocast("cpu", self._dtype, enabled=self._dtype != torch.float32):
                self._baked = BakedNetwork(self._network, code, frames)
            self._baked.to(self._dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def paint(self, picture: Picture) -> Picture:
        """Paint one frame, RGB uint8 (H, W, 3), of the size this stylizer was made for."""
        if self._baked is None:
            raise RuntimeError("begin_shot must come before paint")
        if self.options.strength == 0:
            return picture
        with torch.inference_mode():
            height, width = self._inner_hw
            painted = self._baked(self._to_network(picture))[0, :, :height, :width]
            rounded = (painted * 255).round_().to(torch.uint8).permute(1, 2, 0).contiguous()
        pixels = _enlarge(rounded.numpy(), picture)
        weight = _blend_weight(self.options.strength)
        if weight < 1:
            pixels = np.asarray(cv2.addWeighted(pixels, weight, picture, 1 - weight, 0), np.uint8)
        return pixels

    def _to_network(self, picture: Picture) -> Tensor:
        pixels = torch.from_numpy(resize(picture, self._inner_hw)).permute(2, 0, 1)[None]
        frame = pixels.to(self._dtype, memory_format=torch.channels_last).mul_(1 / 255)
        height, width = self._inner_hw
        below, right = -height % STRIDE, -width % STRIDE
        if below or right:
            frame = F.pad(frame, (0, right, 0, below), mode="replicate")
        return frame.contiguous(memory_format=torch.channels_last)

    def _read(self, style: Picture) -> Tensor:
        """Read the style at the frames' scale, so that its marks are as large as they are there."""
        long_side = min(max(max(self._inner_hw), _READ_SIDES[0]), _READ_SIDES[1])
        scale = long_side / max(style.shape[:2])
        size_hw = tuple(max(_SMALLEST_SIDE, round(side * scale)) for side in style.shape[:2])
        pixels = resize(style, (size_hw[0], size_hw[1]))
        with torch.inference_mode():
            return self._network.read(torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255)


def _inner_size(size_hw: tuple[int, int], brush_size: float | None) -> tuple[int, int]:
    """The size frames are painted at: theirs, or that at which marks have the wanted size."""
    scale = 1.0
    if brush_size is not None:
        scale = _NATURAL_BRUSH_PX / (brush_size / 100 * size_hw[0])
    scale = max(scale, _SMALLEST_SIDE / min(size_hw))
    return round(size_hw[0] * scale), round(size_hw[1] * scale)


def _enlarge(painted: Picture, picture: Picture) -> Picture:
    """Bring painted to picture's size; where that enlarges, its fine lightness comes back.

    Coarse strokes are painted small; enlarged alone, they would blur the scene's edges as well.
    """
    size_hw = (picture.shape[0], picture.shape[1])
    large = resize(painted, size_hw)
    if painted.shape[0] >= size_hw[0]:
        return large
    blurred = resize(resize(picture, (painted.shape[0], painted.shape[1])), size_hw)
    gray = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.int16) for p in (picture, blurred)]
    return np.clip(large + (gray[0] - gray[1])[..., None], 0, 255).astype(np.uint8)


def _blend_weight(strength: float) -> float:
    """How much of the painted frame is mixed into the source's: all from a strength of 0.5 on.

    Above, the style code alone moves between the scene's own style and the wanted one; mixing
    pictures would show both.
    """
    return min(1.0, 2 * strength)
