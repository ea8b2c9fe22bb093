"""Several styles in one frame, mixed inside the network by a weight map for each.

Baked networks of one shape differ only in their kernels. At each layer the shared features are
convolved with each network's kernels, and the results are averaged by the weight maps at that
layer's size: where two styles meet, strokes of one turn into strokes of the other, without a seam.
(Feature-space masks: Gatys et al. 2017, section 4, for the optimization; networks mixed by weights:
Huang and Belongie 2017, section 7.2.)
"""

import copy
from collections.abc import Sequence
from threading import Lock

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidnst.errors import UsageError
from vidnst.frames.frame import Picture, Weights
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.channels_last import reflect
from vidnst.nets.device import chosen_device
from vidnst.nets.engines.choose import make_engine, most_in_one_piece
from vidnst.nets.engines.engine import Engine
from vidnst.nets.engines.pytorch import PixelNetwork
from vidnst.nets.engines.tiles import halo_px, in_tiles
from vidnst.nets.network import TENSORS, finished, paint
from vidnst.options.compute import ComputeOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.feed_forward import FeedForwardStylizer


class MixedNetwork(nn.Module):
    """Paint RGB frames (B, 3, H, W) in [0, 1] in several styles; H and W are multiples of STRIDE.

    Weight maps (K, H, W) or (K, 1, 1), which sum to 1, are those of K networks.
    """

    def __init__(self, networks: Sequence[BakedNetwork]) -> None:
        """networks: of one shape; they are copied."""
        super().__init__()
        self.shape = networks[0].shape
        self.networks = nn.ModuleList(copy.deepcopy(network) for network in networks)

    def forward(self, frame: Tensor, weights: Tensor) -> Tensor:
        used = weights.flatten(1).any(1).nonzero().flatten().tolist()
        weights = weights[used].to(frame.dtype)
        networks = [self.networks[index] for index in used]
        uniform = weights.shape[1:] == (1, 1)

        def layer(
            name: str, x: Tensor, *, plus: Tensor | None = None, rectify: bool = False
        ) -> Tensor:
            layers = [network.get_submodule(f"convolutions.{name}") for network in networks]
            x = reflect(x) if layers[0].kernel_size == (3, 3) else x
            stride = layers[0].stride
            if uniform:
                # A convolution is linear: averaging kernels averages results, at the cost of one.
                kernels = torch.stack([layer.weight for layer in layers])
                shifts = torch.stack([layer.bias for layer in layers])
                kernel = torch.einsum("k,koihw->oihw", weights[:, 0, 0], kernels)
                shift = weights[:, 0, 0] @ shifts
                kernel = kernel.contiguous(memory_format=torch.channels_last)
                return finished(F.conv2d(x, kernel, shift, stride), plus, rectify)
            results = [F.conv2d(x, layer.weight, layer.bias, stride) for layer in layers]
            shares = F.adaptive_avg_pool2d(
                weights[:, None], (results[0].shape[2], results[0].shape[3])
            )
            y = results[0] * shares[0]
            for result, share in zip(results[1:], shares[1:], strict=True):
                y = torch.addcmul(y, result, share)
            return finished(y, plus, rectify)

        return paint(frame, self.shape, layer, TENSORS)


class MixingEngine:
    """Paints in several styles; many threads may call it at once.

    Where a frame, or a tile of a large one, is entirely in one style, that style's engine paints
    it.
    """

    def __init__(
        self,
        networks: Sequence[BakedNetwork],
        compute: ComputeOptions,
        *,
        dtype: torch.dtype,
        at_once: int,
    ) -> None:
        """networks: of one shape. Others: as for make_engine."""
        self._networks = list(networks)
        self._compute, self._dtype, self._at_once = compute, dtype, at_once
        self._halo_px = halo_px(networks[0].shape)
        self._device = torch.device(chosen_device(compute.device))
        self._making = Lock()
        self._alone: dict[int, Engine] = {}
        self._mixed: PixelNetwork | None = None

    def run(self, picture: Picture, weights: Weights) -> Picture:
        """Paint RGB uint8 (H, W, 3), H and W multiples of STRIDE.

        weights: (K, H, W) or (K, 1, 1), which sum to 1.
        """

        def paint_tile(rows: slice, columns: slice) -> Picture:
            tile = np.ascontiguousarray(picture[rows, columns])
            own = weights if weights.shape[1:] == (1, 1) else weights[:, rows, columns]
            return self._run_tile(tile, own)

        size_hw = picture.shape[0], picture.shape[1]
        most = most_in_one_piece(self._compute)
        return in_tiles(paint_tile, size_hw, halo_px=self._halo_px, most_pixels=most)

    def _run_tile(self, picture: Picture, weights: Weights) -> Picture:
        if (weights == weights[:, :1, :1]).all():
            weights = weights[:, :1, :1]
        used = np.flatnonzero(weights.any((1, 2)))
        if len(used) == 1:
            return self._engine(int(used[0])).run(picture)
        with torch.inference_mode():
            network = self._mixed_network()
            given = torch.from_numpy(np.ascontiguousarray(weights)).to(self._device)
            painted = network(torch.from_numpy(picture).to(self._device), given)
            return np.asarray(painted.cpu().numpy(), np.uint8)

    def _engine(self, index: int) -> Engine:
        with self._making:
            if index not in self._alone:
                self._alone[index] = make_engine(
                    self._networks[index],
                    self._compute,
                    dtype=self._dtype,
                    at_once=self._at_once,
                )
            return self._alone[index]

    def _mixed_network(self) -> PixelNetwork:
        with self._making:
            if self._mixed is None:
                dtype = self._dtype if self._device.type == "cpu" else torch.float16
                mixed = MixedNetwork(self._networks)
                self._mixed = PixelNetwork(mixed, device=self._device, dtype=dtype)
            return self._mixed


class MixingStylizer(FeedForwardStylizer):
    """Paints frames of one size in several styles, mixed by the weight maps given with each."""

    def __init__(
        self,
        stylizers: Sequence[FeedForwardStylizer],
        options: StyleOptions,
        compute: ComputeOptions = ComputeOptions(),
        *,
        size_hw: tuple[int, int],
        at_once: int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """stylizers: one for each style, for frames of the same size; their networks are used.

        Others, and the errors raised: as for FeedForwardStylizer.
        """
        super().__init__(options, compute, size_hw=size_hw, at_once=at_once, dtype=dtype)
        self._stylizers = list(stylizers)
        self.clip_samples = max(stylizer.clip_samples for stylizer in stylizers)
        self.shot_samples = max(stylizer.shot_samples for stylizer in stylizers)
        self._networks: list[BakedNetwork | None] = [None] * len(stylizers)
        self._mixing: MixingEngine | None = None

    def _blend_weight(self) -> float:
        return self._stylizers[0]._blend_weight()

    def begin_clip(self, samples: Sequence[Picture]) -> None:
        self._networks = [stylizer.of_clip(samples) for stylizer in self._stylizers]

    def begin_shot(self, samples: Sequence[Picture]) -> None:
        self._mixing = None  # Free the old engine before the next is built.
        known = zip(self._stylizers, self._networks, strict=True)
        networks = [stylizer.of_shot(samples) or network for stylizer, network in known]
        if any(network is None for network in networks):
            raise RuntimeError("begin_clip must come before begin_shot")
        given = [network for network in networks if network is not None]
        if len({network.shape for network in given}) > 1:
            raise UsageError("networks of several shapes cannot be mixed")
        self._mixing = MixingEngine(given, self._compute, dtype=self._dtype, at_once=self.parallel)

    def _run(self, padded: Picture, weights: Weights) -> Picture:
        if self._mixing is None:
            raise RuntimeError("begin_clip and begin_shot must come before paint")
        return self._mixing.run(padded, weights)
