"""Painting with a third-party network, with sound, flicker removal and all other features."""

from pathlib import Path

from vidnst.errors import UsageError
from vidnst.nets.engines.choose import torch_engine
from vidnst.nets.engines.foreign import ForeignEngine
from vidnst.nets.johnson import load_johnson
from vidnst.options.compute import ComputeOptions, NetworkRange
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.feed_forward import FeedForwardStylizer


class ForeignStylizer(FeedForwardStylizer):
    """Paints frames of one size with an image-to-image network from a file."""

    most_pixels = 40_000_000
    """Of one frame: it is not painted in tiles, since norms may depend on the whole frame."""

    def __init__(
        self,
        network: Path,
        options: StyleOptions,
        compute: ComputeOptions = ComputeOptions(),
        *,
        size_hw: tuple[int, int],
        value_range: NetworkRange = "auto",
        at_once: int | None = None,
    ) -> None:
        """network: .onnx, or .pth as PyTorch's fast_neural_style example writes it.

        Raises UsageError for other endings, WeightsError for unfit files.
        """
        super().__init__(options, compute, size_hw=size_hw, at_once=at_once)
        if network.suffix == ".onnx":
            self._engine = ForeignEngine(network, value_range, at_once=self.parallel)
        elif network.suffix in (".pth", ".pt", ".model"):
            self._engine = torch_engine(load_johnson(network), compute, dtype=self._dtype)
        else:
            raise UsageError(f"`network` {network}: give an .onnx or a .pth file")
