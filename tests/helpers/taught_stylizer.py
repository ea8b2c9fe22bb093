"""A taught stylizer that is soon taught."""

from helpers.pictures import brushwork
from vidnst.nets.step import Step
from vidnst.options.learning import TeachOptions
from vidnst.options.optimizing import NeighborOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.taught import TaughtStylizer

SIZE_HW = (72, 96)
SHORT = TeachOptions(lessons=2, lesson_steps=2, looks=1)
FEW = ["--lessons", "1", "--lesson-steps", "2", "--neighbor-steps", "1"]


def stylizer(steps: list[Step], teaching: TeachOptions = SHORT) -> TaughtStylizer:
    return TaughtStylizer(
        brushwork(),
        StyleOptions(),
        teaching,
        size_hw=SIZE_HW,
        neighbor=NeighborOptions(neighbor_steps=1),
        on_step=steps.append,
    )
