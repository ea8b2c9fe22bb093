"""How pictures are painted by optimization."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vidnst.errors import UsageError
from vidnst.options.fields import option, require_in_range

StyleStatistics = Literal["covariance", "gram"]
Init = Literal["content", "noise", "style"]
OptimizerName = Literal["lbfgs", "adam", "fgd"]


@dataclass(frozen=True)
class NeighborOptions:
    """How neighbor paints, which matches each place of a picture with the nearest in the style.

    Each field is an option of the command line. The perceptual encoder and the settings for film
    are fields of GatysOptions.
    """

    scene: float = option(
        0.75, "how much the scene counts where places of the style are looked for", low=0, high=1
    )
    neighbor_steps: int = option(60, "steps at each scale, and to refine", low=1, high=100_000)
    neighbor_rate: float = option(2e-3, "how far a step goes", low=1e-6, high=1)

    def __post_init__(self) -> None:
        require_in_range(self)


BOTH_OPTIMIZE = (
    "features",
    "scales",
    "seed",
    "averaging",
    "temporal_weight",
    "long_term",
    "frame_steps",
    "tolerance",
    "passes",
)
"""The fields of GatysOptions that neighbor takes as well."""


@dataclass(frozen=True)
class GatysOptions:
    """How Gatys' optimization paints. Each field is an option of the command line.

    Of the weights only the ratios matter.
    """

    features: str = option(
        "slim", "perceptual encoder: slim, vgg19, or a file of vidnst train-encoder"
    )
    content_layer: tuple[str, ...] = option(("relu4_3",), "where scenes are compared")
    style_layer: tuple[str, ...] = option(
        ("relu1_2", "relu2_2", "relu3_3", "relu4_3"), "where styles are compared"
    )
    style_statistics: StyleStatistics = option(
        "covariance",
        "what of a style is compared: covariance (with the mean) or gram",
        choices=get_args(StyleStatistics),
    )
    content_weight: float = option(1.1e4, "how much the scene counts", low=0)
    style_weight: float = option(1e5, "how much the style counts", low=0)
    variation_weight: float = option(2.5e3, "how much smoothness counts", low=0)
    scales: int | None = option(
        None, "sizes to paint at, each twice the one before", low=1, high=10
    )
    steps: tuple[int, ...] = option(
        (150, 100, 150),
        "steps at each scale, coarse to fine; the last repeats",
        low=1,
        high=100_000,
    )
    init: Init = option(
        "content",
        "what a shot's first frame starts from: content, noise or style",
        choices=get_args(Init),
    )
    seed: int = option(
        0,
        "random seed of the noise start; neighbor: of which places are left out",
        low=0,
        high=2**31,
    )
    optimizer: OptimizerName = option(
        "lbfgs",
        "lbfgs, adam, or fgd: accelerated gradient descent that finds its step length",
        choices=get_args(OptimizerName),
    )
    learning_rate: float | None = option(
        None, "adam's rate, a factor on the steps of lbfgs, the first step length of fgd", low=1e-12
    )
    averaging: float = option(
        0.0, "decay of a running average over the steps; 0 is off", low=0, high=0.999
    )
    temporal_weight: float = option(1e6, "film: how much steadiness counts", low=0)
    long_term: tuple[int, ...] = option(
        (1, 2, 4), "film: to which earlier frames a frame is tied", low=1, high=100
    )
    frame_steps: int = option(
        100, "film: steps for each frame after a shot's first, at most", low=1, high=100_000
    )
    tolerance: float | None = option(
        None,
        "film: a frame is done when ten steps lessen its loss by a smaller share: by default 5e-3, "
        "with neighbor 1.5e-2",
        low=0,
        high=1,
    )
    passes: int = option(
        1, "film: passes over each shot, forward and backward in turn", low=1, high=100
    )

    @property
    def features_file(self) -> Path | None:
        """The encoder's file; None for an encoder that comes with vidnst or torchvision."""
        return None if self.features in ("slim", "vgg19") else Path(self.features)

    def __post_init__(self) -> None:
        require_in_range(self)
        if not self.style_weight and not self.content_weight:
            raise UsageError("`style_weight` and `content_weight` are both 0: nothing to paint for")
        if list(self.long_term) != sorted(set(self.long_term)):
            raise UsageError("`long_term` must name ever earlier frames, such as 1+2+4")
        if self.scales is not None and len(self.steps) > self.scales:
            raise UsageError(f"`steps` names {len(self.steps)} scales, but `scales={self.scales}`")
