"""The settings of training runs."""

from dataclasses import dataclass, fields
from typing import Any

from vidnst.errors import TrainingError
from vidnst.nets.shape import NetworkShape


@dataclass(frozen=True)
class TrainingSettings(NetworkShape):
    """What determines the conditional network, besides pictures, teachers and initial weights.

    size: of the crops that are painted. style_size: of the crops that styles are read from. The
    weights are those of the losses of nets/training/likeness.py.
    """

    steps: int = 3000
    batch: int = 2
    size: int = 192
    style_size: int = 256
    rate: float = 5e-4
    statistics_weight: float = 10.0
    near_weight: float = 1.5
    cover_weight: float = 20.0
    fine_weight: float = 2.0
    scene_weight: float = 12.0
    content_weight: float = 0.4
    detail_weight: float = 0.15
    color_weight: float = 12.0
    tone_weight: float = 5.0
    temporal_weight: float = 30.0
    lattice_weight: float = 4000.0
    average_decay: float = 0.998
    seed: int = 0

    def __post_init__(self) -> None:
        _require_at_least_one(self)
        _require_sizes(self)


@dataclass(frozen=True)
class SingleSettings:
    """What determines a network for a single style, besides pictures and teacher.

    size: of the crops that are painted. style_low, style_high: the range that the style's longer
    side is scaled to before crops of style_size are taken; it sets the size of marks relative to
    the scene's objects. The weights are those of the losses of nets/training/likeness.py.
    """

    steps: int = 500
    batch: int = 2
    size: int = 192
    style_size: int = 256
    style_low: int = 512
    style_high: int = 704
    rate: float = 1e-3
    statistics_weight: float = 10.0
    near_weight: float = 3.0
    cover_weight: float = 13.0
    fine_weight: float = 2.0
    scene_weight: float = 14.0
    content_weight: float = 0.9
    detail_weight: float = 0.5
    color_weight: float = 14.0
    tone_weight: float = 8.0
    temporal_weight: float = 30.0
    lattice_weight: float = 4000.0
    average_decay: float = 0.995
    seed: int = 0

    def __post_init__(self) -> None:
        _require_at_least_one(self)
        _require_sizes(self)
        if not self.style_size <= self.style_low <= self.style_high <= 2048:
            raise TrainingError(
                f"style_low is {self.style_low} and style_high {self.style_high}, but must be in "
                f"{self.style_size}..2048, the second not below the first"
            )


@dataclass(frozen=True)
class EncoderSettings:
    """What determines an encoder, besides pictures, teachers and initial weights.

    First it is trained to match the teachers' features; the settings that begin with gradient_ are
    those of the steps that then train it to match the first teacher's gradient.
    """

    steps: int = 9000
    batch: int = 4
    size: int = 160
    rate: float = 2.5e-3
    gradient_steps: int = 3000
    gradient_batch: int = 3
    gradient_size: int = 128
    gradient_rate: float = 7e-4
    seed: int = 0

    def __post_init__(self) -> None:
        _require_at_least_one(self)
        for name, size in (("size", self.size), ("gradient_size", self.gradient_size)):
            if size % 16 or not 32 <= size <= 224:
                raise TrainingError(f"{name} is {size}, but must be a multiple of 16 in 32..224")


Settings = TrainingSettings | SingleSettings | EncoderSettings
"""Of any training."""


def loss_weights(settings: TrainingSettings | SingleSettings) -> dict[str, float]:
    """Of each loss, by its name."""
    values: dict[str, Any] = {f.name: getattr(settings, f.name) for f in fields(settings)}
    ending = "_weight"
    return {n.removesuffix(ending): float(v) for n, v in values.items() if n.endswith(ending)}


def _require_sizes(settings: TrainingSettings | SingleSettings) -> None:
    if settings.size % 16 or not 64 <= settings.size <= 256:
        raise TrainingError(f"size is {settings.size}, but must be a multiple of 16 in 64..256")
    if not 64 <= settings.style_size <= 384:
        raise TrainingError(f"style_size is {settings.style_size}, but must be in 64..384")


def _require_at_least_one(settings: Settings) -> None:
    """Whole numbers but the seed must be 1 or more, and no value negative."""
    for field in fields(settings):
        low = 1 if field.type is int and field.name != "seed" else 0
        value = getattr(settings, field.name)
        if value < low:
            raise TrainingError(f"{field.name} is {value}, but must not be below {low}")
