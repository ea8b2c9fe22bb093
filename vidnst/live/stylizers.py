"""The stylizers of a live session, each made when it is first wanted."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from vidnst.errors import UsageError
from vidnst.frames.frame import Picture, Weights
from vidnst.nets.bake import BakedNetwork
from vidnst.options.compute import ComputeOptions
from vidnst.options.styles import StyleOptions, WeightedStyle
from vidnst.options.webcam import WebcamOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.feed_forward import FeedForwardStylizer
from vidnst.stylizers.styles import read_styles
from vidnst.stylizers.tuned import RetrievedStylizer, is_tuned, without_brush

Make = Callable[[], FeedForwardStylizer]
"""Makes a stylizer; may run in another thread than paints."""

_LIVE = ComputeOptions(backend="torch")
"""This backend supports any size and number of cores, and a change of either per frame."""


def in_styles(
    styles: Sequence[Path],
    options: StyleOptions,
    *,
    size_hw: tuple[int, int],
    weights: Path | None = None,
) -> list[Make]:
    """Stylizers for frames of size_hw, one for each style; the pictures are read at once.

    Raises MediaError where a style cannot be read, UsageError for several styles with weights that
    were tuned to one; those returned raise WeightsError for unfit weights.
    """
    if len(styles) > 1 and weights is not None and is_tuned(weights):
        raise UsageError(f"{weights} was tuned to one style: give one `style`")
    pictures = [read_styles([WeightedStyle(path)]) for path in styles]
    if weights is not None and is_tuned(weights):
        return [
            partial(
                RetrievedStylizer, weights, style, options, _LIVE, size_hw=size_hw, at_once=1
            )
            for style in pictures
        ]  # fmt: skip
    return [
        partial(FastStylizer, style, options, _LIVE, size_hw=size_hw, at_once=1, weights=weights)
        for style in pictures
    ]


def stylizers_of(
    options: WebcamOptions, learned: BakedNetwork | None, *, size_hw: tuple[int, int]
) -> list[Make]:
    """The stylizers that a session can show, for frames of size_hw; the first is shown at first.

    learned: the network of its painted frames. Raises what in_styles raises.
    """
    if learned is not None:
        return [partial(NetworkStylizer, learned, options.painting, size_hw=size_hw)]
    if not options.styles:
        return [partial(Unpainted, options.painting, size_hw=size_hw)]
    return in_styles(options.styles, options.painting, size_hw=size_hw, weights=options.weights)


class NetworkStylizer(FeedForwardStylizer):
    """Paints frames of one size with a network that was trained before, and nothing else."""

    def __init__(
        self, network: BakedNetwork, options: StyleOptions, *, size_hw: tuple[int, int]
    ) -> None:
        super().__init__(without_brush(options), _LIVE, size_hw=size_hw, at_once=1)
        self._use(network)


class Unpainted(FeedForwardStylizer):
    """Leaves frames of one size as they are."""

    def __init__(self, options: StyleOptions, *, size_hw: tuple[int, int]) -> None:
        super().__init__(options, _LIVE, size_hw=size_hw, at_once=1)

    def paint(self, picture: Picture, weights: Weights | None = None) -> Picture:
        return picture
