"""What decides how a training run goes."""

from dataclasses import dataclass, fields

from vidnst.errors import TrainingError
from vidnst.style.shape import NetworkShape


@dataclass(frozen=True)
class TrainingSettings(NetworkShape):
    """Everything that decides what comes out, besides the pictures and the teachers.

    The weights are those of the losses. flat_from is the part of the run after which flat regions
    are held flat: strokes are learned first.
    """

    steps: int = 36300
    batch: int = 4
    size: int = 192
    rate: float = 1e-3
    content_weight: float = 1.1
    style_weight: float = 8.0
    variation_weight: float = 0.1
    flat_weight: float = 30.0
    flat_from: float = 0.05
    temporal_weight: float = 30.0
    average_decay: float = 0.998
    seed: int = 0

    def __post_init__(self) -> None:
        _require_at_least_one(self)
        if self.size % 16 or not 64 <= self.size <= 224:
            raise TrainingError(f"size is {self.size}, but must be a multiple of 16 in 64..224")


@dataclass(frozen=True)
class EncoderSettings:
    """What decides how an encoder comes out, besides the pictures and the teachers."""

    steps: int = 9000
    batch: int = 4
    size: int = 160
    rate: float = 2.5e-3
    seed: int = 0

    def __post_init__(self) -> None:
        _require_at_least_one(self)
        if self.size % 16 or not 32 <= self.size <= 224:
            raise TrainingError(f"size is {self.size}, but must be a multiple of 16 in 32..224")


def _require_at_least_one(settings: TrainingSettings | EncoderSettings) -> None:
    """Whole numbers but the seed must be 1 or more, and no value negative."""
    for field in fields(settings):
        low = 1 if field.type is int and field.name != "seed" else 0
        value = getattr(settings, field.name)
        if value < low:
            raise TrainingError(f"{field.name} is {value}, but must not be below {low}")
