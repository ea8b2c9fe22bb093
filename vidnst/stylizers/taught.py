"""The taught stylizer: a network trained on a few frames of the clip that `neighbor` painted.

It runs as fast as other networks, and imitates results that take neighbor half a minute each.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.media.digest import content_digest
from vidnst.motion.coverage import choose_frames, seen_share
from vidnst.nets.device import chosen_device
from vidnst.nets.step import Step
from vidnst.nets.style_pictures import StylePictures
from vidnst.nets.training.teaching import Lesson, teach
from vidnst.options.compute import ComputeOptions
from vidnst.options.learning import TeachOptions, TuneOptions
from vidnst.options.optimizing import GatysOptions, NeighborOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.looks import Look, grouped, look_colors
from vidnst.stylizers.optimized.method import Task
from vidnst.stylizers.optimized.neighbor import NeighborMethod, neighbor_encoder
from vidnst.stylizers.optimized.optimizer import OptimizingStylizer
from vidnst.stylizers.optimized.places import SMALLEST_SIDE
from vidnst.stylizers.optimized.targets import brush_scale
from vidnst.stylizers.tuned import TAUGHT, TunedStylizer, without_brush

_LESSON_PIXELS = 480 * 270
"""Larger frames are downscaled for neighbor, at most to half their size, and the network learns
from the enlarged painting: at full size, neighbor would cost more than it improves the result."""
_MOST_STYLE_SIDE = 2048
"""In a style enlarged further, a patch would show a single mark, and it would take memory."""
_SAME_PLACE = 0.5
"""The share of a frame that must be visible in another for both to count as one shot."""
_TOLERANCE = 5e-3
"""Of neighbor's, for lessons after a shot's first: they lie far apart, and much in them is new."""


class TaughtStylizer(TunedStylizer):
    """Paints frames of one size with networks taught by paintings of some of the clip's frames.

    Shots of one look share a network.

    The frames to paint are chosen from those given to begin_clip. Trained networks are cached, as
    TunedStylizer describes.
    """

    def __init__(
        self,
        style: Picture | StylePictures,
        options: StyleOptions,
        teaching: TeachOptions,
        compute: ComputeOptions = ComputeOptions(),
        *,
        size_hw: tuple[int, int],
        neighbor: NeighborOptions = NeighborOptions(),
        gatys: GatysOptions = GatysOptions(),
        at_once: int | None = None,
        weights: Path | None = None,
        on_step: Callable[[Step], None] = lambda step: None,
    ) -> None:
        """neighbor, gatys: as for NeighborMethod. Others: as for TunedStylizer."""
        # Marks get their size from the lessons.
        super().__init__(
            style,
            without_brush(options),
            TuneOptions(),
            compute,
            size_hw=size_hw,
            at_once=at_once,
            weights=weights,
            on_step=on_step,
        )
        self._teaching, self._neighbor, self._gatys = teaching, neighbor, gatys
        self._brush_size = options.brush_size

    def _learned(self, samples: Sequence[Picture]) -> list[Look]:
        """A network for each look of the clip, taught by frames of it."""
        most = self._teaching.lessons
        groups = []
        for indices in grouped(samples, self._teaching.looks):
            own = [samples[index] for index in indices]
            shown = sorted(each.index for each in choose_frames(own, most=most))
            groups.append([own[index] for index in shown])
        lessons = self._lessons(groups, samples)
        style = self._wanted_style(samples)
        encoder = neighbor_encoder("slim").requires_grad_(False)
        looks = []
        for number, (chosen, own_lessons) in enumerate(zip(groups, lessons, strict=True), 1):
            taught = teach(
                self.bake(chosen, strength=1.0),
                own_lessons,
                style,
                encoder,
                style_side=self._lessons_style_side,
                steps=self._teaching.lesson_steps,
                seed=self._gatys.seed,
                dtype=self._dtype,
                device=chosen_device(self._compute.device),
                doing="learning" if len(groups) == 1 else f"learning {number} of {len(groups)}",
                on_step=self._on_step,
            )
            looks.append(Look(look_colors(chosen), taught))
        return looks

    @property
    def _lessons_style_side(self) -> int:
        """The style's longer side, in pixels, at which its marks are as large as the lessons'."""
        return min(_MOST_STYLE_SIDE, round(brush_scale(self._brush_size) * max(self._inner_hw)))

    def _lessons(
        self, groups: Sequence[Sequence[Picture]], samples: Sequence[Picture]
    ) -> list[list[Lesson]]:
        """The chosen frames and their paintings, each painted from the last if it overlaps it."""
        size_hw = lesson_size(self._inner_hw)
        done, count = 0, sum(map(len, groups))

        def listen(step: Step) -> None:
            doing = f"lesson {done + 1} of {count}"
            self._on_step(replace(step, doing=doing))

        task = Task(
            [self._style],
            replace(self.options, strength=1.0, brush_size=self._brush_size),
            size_hw,
            dtype=self._dtype,
            device=torch.device(chosen_device(self._compute.device)),
            on_step=listen,
        )
        gatys = self._gatys
        if gatys.tolerance is None:
            gatys = replace(gatys, tolerance=_TOLERANCE)
        painter = OptimizingStylizer(NeighborMethod(task, self._neighbor, gatys))
        lessons: list[list[Lesson]] = []
        before: Picture | None = None
        for chosen in groups:
            lessons.append([])
            for frame in chosen:
                scene = resize(frame, size_hw)
                if before is None or seen_share(frame, before) < _SAME_PLACE:
                    painter.begin_shot(samples)
                painting = painter.paint(scene)
                lessons[-1].append(
                    Lesson(self._to_network(frame).float(), self._to_network(painting).float())
                )
                before, done = frame, done + 1
        return lessons

    def _made_of(self, samples: Sequence[Picture]) -> dict[str, str]:
        settings = [asdict(each) for each in (self._teaching, self._neighbor, self._gatys)]
        brush_size = self._brush_size
        own = {"settings": json.dumps([*settings, brush_size]), TAUGHT: "neighbor"}
        if (features := self._gatys.features_file) is not None:
            own["features"] = content_digest(features)
        return super()._made_of(samples) | own


def lesson_size(size_hw: tuple[int, int]) -> tuple[int, int]:
    """The size that a frame of size_hw is painted at as a lesson."""
    scale = min(1.0, max(0.5, (_LESSON_PIXELS / (size_hw[0] * size_hw[1])) ** 0.5))
    height, width = (max(SMALLEST_SIDE, round(side * scale)) for side in size_hw)
    return height, width
