"""How a clip's own network learns."""

from dataclasses import dataclass
from typing import Literal, get_args

from vidnst.options.fields import option, require_in_range


@dataclass(frozen=True)
class TuneOptions:
    """How a network is tuned to a clip. Each field is an option of the command line."""

    boldness: float = option(
        0.5, "0 keeps the scene, 1 paints it over with the style's marks", low=0, high=1
    )
    tune_steps: int = option(300, "steps of tuning", low=1, high=100_000)
    tune_rate: float = option(2e-3, "how far a step goes", low=0, high=1)
    tune_content_weight: float = option(1.0, "how much the scene counts", low=0)
    tune_style_weight: float = option(1.0, "how much the style's marks count", low=0)
    tune_color_weight: float = option(1.0, "how much its colors and tones count", low=0)
    tune_flat_weight: float = option(0.0, "how much calm flat regions count", low=0)
    tune_temporal_weight: float = option(1.0, "how much steadiness counts", low=0)
    tune_seed: int = option(0, "which frames are seen in which order", low=0, high=2**31)

    def __post_init__(self) -> None:
        require_in_range(self)


Teach = Literal["neighbor", "losses"]


@dataclass(frozen=True)
class TeachOptions:
    """What a clip's network learns from. Each field is an option of the command line."""

    teach: Teach = option(
        "neighbor",
        "neighbor: learns what that paints of a few frames; losses: learns from the style alone",
        choices=get_args(Teach),
    )
    lessons: int = option(
        4, "frames of each look that neighbor paints to learn from, at most", low=1, high=16
    )
    lesson_steps: int = option(450, "steps of learning from them", low=1, high=100_000)
    looks: int = option(
        4,
        "looks of a film, by their colors, that get a network of their own, at most",
        low=1,
        high=16,
    )

    def __post_init__(self) -> None:
        require_in_range(self)
