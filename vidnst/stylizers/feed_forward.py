"""Painting with a baked network: the base class of all feed-forward stylizers."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from vidnst.errors import MediaError
from vidnst.frames.frame import Picture, Weights
from vidnst.frames.resize import resize
from vidnst.frames.shares import all_painted, continued_from, fitted, painted_share, with_source
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.engines.choose import chosen_backend, frames_at_once, make_engine
from vidnst.nets.engines.engine import Engine
from vidnst.nets.network import STRIDE
from vidnst.nets.precision import processor_dtype
from vidnst.options.compute import ComputeOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.stylizer import Stylizer

NATURAL_BRUSH_PX = 16
"""The approximate size of the network's marks, in pixels of its output."""
_SMALLEST_SIDE = 32
_LITTLE = 1.4
_READ_SIDES = (64, 768)
"""The range for the longer side of a style's picture; training covered no other scales."""
_PARALLEL_PIXELS = 16_000_000
"""Limit on the pixels of frames in progress; each frame also holds its optical flow."""
_FIRST = np.ones((1, 1, 1), np.float32)


class FeedForwardStylizer(Stylizer):
    """Paints frames of one size with a baked network.

    A subclass makes the network from sampled frames of the clip or of each shot.
    """

    most_pixels = 140_000_000
    """Of one frame: painted in tiles, it takes some 20 bytes a pixel."""

    def __init__(
        self,
        options: StyleOptions,
        compute: ComputeOptions = ComputeOptions(),
        *,
        size_hw: tuple[int, int],
        at_once: int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """size_hw: of the frames that will come. at_once: how many threads will paint, at most.

        Raises MediaError beyond most_pixels, UsageError where device or backend is unavailable.
        """
        self._compute = compute
        self._cores = torch.get_num_threads()
        self._at_once = at_once or frames_at_once(compute, cores=self._cores)
        self.options = options
        self.size_hw = size_hw
        self._inner_hw = _inner_size(size_hw, options.brush_size)
        for height, width in (size_hw, self._inner_hw):
            if height * width > self.most_pixels:
                raise MediaError(
                    f"{width}x{height} pixels are too many to paint at once (at most "
                    f"{self.most_pixels // 1_000_000} megapixels): give a smaller `size`"
                )
        self._dtype = dtype or processor_dtype()
        self._engine: Engine | None = None
        self._network: BakedNetwork | None = None
        chosen_backend(compute)

    @property
    def parallel(self) -> int:
        """How many frames to paint at once, each on its share of the cores.

        One frame per core keeps all cores busy without synchronization; there are fewer large
        frames, to limit memory.
        """
        height, width = self._inner_hw
        return max(1, min(self._at_once, _PARALLEL_PIXELS // (height * width)))

    @property
    def inner_hw(self) -> tuple[int, int]:
        """The size that frames are painted at, before they are resized to size_hw."""
        return self._inner_hw

    def paint_at(self, scale: float) -> None:
        """From the next frame on, paint at this fraction, in (0, 1], of the usual size; enlarge."""
        self._inner_hw = _inner_size(self.size_hw, self.options.brush_size, scale)

    def begin_worker(self) -> None:
        torch.set_num_threads(max(1, self._cores // self.parallel))

    def begin_clip(self, samples: Sequence[Picture]) -> None:
        network = self.of_clip(samples)
        if network is not None:
            self._use(network)

    def begin_shot(self, samples: Sequence[Picture]) -> None:
        network = self.of_shot(samples)
        if network is not None:
            self._use(network)

    def of_clip(self, samples: Sequence[Picture]) -> BakedNetwork | None:
        """The network for a clip, from frames of it; None where each shot has its own."""
        return None

    def of_shot(self, samples: Sequence[Picture]) -> BakedNetwork | None:
        """The network for a shot, from frames of it; None to keep using the clip's."""
        return None

    def _use(self, network: BakedNetwork) -> None:
        if network is self._network:
            return  # Two consecutive shots of one look.
        self._network = network
        self._engine = make_engine(network, self._compute, dtype=self._dtype, at_once=self.parallel)

    def follow(self, sample: Picture, *, share: float) -> None:
        """For live video: update norm statistics, if used, toward this frame's by a share."""

    def paint(self, picture: Picture, weights: Weights | None = None) -> Picture:
        if self.options.strength == 0 or (weights is not None and not weights.any()):
            return picture
        height, width = self._inner_hw
        shares = _FIRST if weights is None else self._padded_weights(all_painted(weights))
        scene = picture if weights is None else continued_from(picture, painted_share(weights))
        painted = self._run(self._padded(scene), shares)[:height, :width]
        pixels = _enlarge(painted, scene)
        weight = self._blend_weight()
        if weight < 1:
            pixels = np.asarray(cv2.addWeighted(pixels, weight, picture, 1 - weight, 0), np.uint8)
        return pixels if weights is None else with_source(pixels, picture, painted_share(weights))

    def _run(self, padded: Picture, weights: Weights) -> Picture:
        """Paint a frame from _padded; weights sum to 1 and are of the same size or (K, 1, 1)."""
        if self._engine is None:
            raise RuntimeError("begin_clip and begin_shot must come before paint")
        return self._engine.run(padded)

    def _blend_weight(self) -> float:
        """The opacity of the painted frame over the source, in [0, 1]."""
        return self.options.strength

    def _spread(self, samples: Sequence[Picture], most_pixels: int) -> list[Tensor]:
        """Evenly chosen samples as network inputs, as many as fit into most_pixels."""
        height, width = self._inner_hw
        most = max(1, min(len(samples), most_pixels // (height * width)))
        chosen = [samples[round(i)] for i in np.linspace(0, len(samples) - 1, most)]
        return [self._to_network(picture) for picture in chosen]

    def _to_network(self, picture: Picture, columns: slice = slice(None)) -> Tensor:
        pixels = torch.from_numpy(self._padded(picture)[:, columns]).permute(2, 0, 1)[None]
        return pixels.to(self._dtype, memory_format=torch.channels_last).mul_(1 / 255)

    def _padded(self, picture: Picture) -> Picture:
        """A frame as an engine takes it: resized to inner_hw, padded to multiples of STRIDE."""
        inner_hw = self._inner_hw
        small = _resampled(picture, inner_hw)
        below, right = (-side % STRIDE for side in inner_hw)
        if not below and not right:
            return small
        padded = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_REPLICATE)
        return np.asarray(padded, np.uint8)

    def _padded_weights(self, weights: Weights) -> Weights:
        """Weights of the size that _padded brings frames to."""
        if weights.shape[1:] == (1, 1):
            return weights
        inner_hw = self._inner_hw
        below, right = (-side % STRIDE for side in inner_hw)
        return np.pad(fitted(weights, inner_hw), ((0, 0), (0, below), (0, right)), mode="edge")

    def _style_side(self) -> int:
        """The longer side, in pixels, at which a style's marks are as large as in the frames."""
        return min(max(max(self._inner_hw), _READ_SIDES[0]), _READ_SIDES[1])

    def _at_frame_scale(self, style: Picture) -> Tensor:
        """A style (1, 3, H, W) in [0, 1] with its marks as large as they are in the frames."""
        scale = self._style_side() / max(style.shape[:2])
        size_hw = tuple(max(_SMALLEST_SIDE, round(side * scale)) for side in style.shape[:2])
        pixels = resize(style, (size_hw[0], size_hw[1]))
        return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


def _inner_size(
    size_hw: tuple[int, int], brush_size: float | None, scale: float = 1.0
) -> tuple[int, int]:
    """The size frames are painted at: theirs, or that at which marks have the wanted size.

    Either is multiplied by scale.
    """
    if brush_size is not None:
        scale *= NATURAL_BRUSH_PX / (brush_size / 100 * size_hw[0])
    scale = max(scale, _SMALLEST_SIDE / min(size_hw))
    return round(size_hw[0] * scale), round(size_hw[1] * scale)


def _resampled(picture: Picture, size_hw: tuple[int, int]) -> Picture:
    """Resize a picture to size_hw; by bicubic interpolation where it is only slightly reduced.

    There area averaging would blur, and marks of one brush size would be softer in frames of some
    sizes than in others.
    """
    if size_hw[0] < picture.shape[0] < _LITTLE * size_hw[0]:
        small = cv2.resize(picture, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
        return np.asarray(small, np.uint8)
    return resize(picture, size_hw)


def _enlarge(painted: Picture, picture: Picture) -> Picture:
    """Resize painted to picture's size; where that enlarges, add picture's fine luma detail.

    Coarse strokes are painted at a small size; merely enlarged, the scene's edges would be blurred.
    """
    size_hw = (picture.shape[0], picture.shape[1])
    large = _resampled(painted, size_hw)
    if painted.shape[0] >= size_hw[0]:
        return large
    blurred = resize(_resampled(picture, (painted.shape[0], painted.shape[1])), size_hw)
    gray = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.int16) for p in (picture, blurred)]
    return np.clip(large + (gray[0] - gray[1])[..., None], 0, 255).astype(np.uint8)
