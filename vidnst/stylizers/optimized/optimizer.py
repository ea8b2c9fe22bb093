"""Painting of film by optimization, with any method that paints single frames.

A shot's first frame is painted coarse to fine. Each later one starts from earlier results, warped
along the optical flow, with a temporal loss that keeps it close to them (Ruder et al. 2016).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vidnst.frames.color import Palette, palette_of
from vidnst.frames.frame import Picture, Weights
from vidnst.frames.shares import painted_share, with_source
from vidnst.motion.flow import View
from vidnst.motion.look_back import Painted, look_back, recolored, seen_from
from vidnst.motion.visibility import Visible
from vidnst.nets.memory import is_out_of_memory, require_memory, too_large
from vidnst.stylizers.optimized.method import Method
from vidnst.stylizers.optimized.objective import Anchor
from vidnst.stylizers.optimized.targets import MatchedStyles
from vidnst.stylizers.stylizer import SequentialStylizer, State

_PALETTE = ("mean", "covariance")


class OptimizingStylizer(SequentialStylizer):
    """Paints frames of one size, one after the other, with a method that paints one."""

    shot_samples = 3
    """They give a shot's palette."""

    def __init__(self, method: Method) -> None:
        """method: for a task. Raises MediaError where memory does not suffice for its frames."""
        task, gatys = method.task, method.gatys
        self.options, self.size_hw = task.options, task.size_hw
        self.passes, self._long_term = gatys.passes, gatys.long_term
        self._method, self._device, self._flow = method, task.device, task.flow
        self._past: list[Painted] = []
        require_memory(task.size_hw, method.needed_bytes, task.device)

    @property
    def targets(self) -> MatchedStyles:
        """The styles, with colors matched to the shot if requested."""
        return self._method.targets

    def begin_shot(self, samples: Sequence[Picture] = ()) -> None:
        """Discard earlier frames: the next one is painted from scratch.

        samples: give the palette that the styles are matched to, if requested; without samples the
        next frame does.
        """
        self._past = []
        self._method.forget()
        matches = samples and self.options.color == "match"
        self.targets.match(palette_of(samples) if matches else None)

    def paint(
        self, picture: Picture, weights: Weights | None = None, *, number: int | None = None
    ) -> Picture:
        """Paint the next frame of the shot, as Stylizer.paint does.

        Uniform weights mix the styles' statistics with each other and with the frame's.
        """
        if self.options.strength == 0:
            return picture
        if weights is not None and not weights.any():
            self._past = []
            return picture
        with self._memory_errors():
            painted = self._paint(View(picture, number), weights)
        return _over(painted, picture, weights)

    def _paint(self, here: View, weights: Weights | None) -> Picture:
        picture = here.picture
        if self.options.color == "match" and self.targets.palette is None:
            self.targets.match(palette_of([picture]))
        if not self._past:
            painted = self._method.paint_first(picture, weights, self.options.strength)
        elif weights is None and np.array_equal(picture, self._past[-1].source):
            painted = self._past[-1].result
        else:
            ages = [age for age in self._long_term if age <= len(self._past)] or [1]
            known, seen = look_back(here, [self._past[-age] for age in ages], self._flow)
            seed = known + (1 - seen[..., None]) * recolored(picture, self._past[-1])
            painted = self._painted_next(here, seed, self._anchor(known, seen), weights)
        self._past.append(Painted(picture, painted, here.number))
        del self._past[: -self._long_term[-1]]
        return painted

    def _painted_next(
        self, here: View, seed: np.ndarray, anchor: Anchor, weights: Weights | None
    ) -> Picture:
        last = self._past[-1].view if self._past else None
        strength = self.options.strength
        return self._method.paint_next(here, seed, anchor, weights, strength, last=last)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The last frames and their results, uint8, and the method's state.

        Also the frames' numbers, if known, and the shot's palette, if its colors are matched.
        """
        known, palette = dict(self._method.state()), self.targets.palette
        if palette is not None:
            known |= {k: getattr(palette, k).copy() for k in _PALETTE}
        for index, past in enumerate(self._past):
            if past.number is not None:
                known[f"number_{index}"] = np.array(past.number)
        return known | {
            f"{name}_{index}": getattr(past, name).copy()
            for index, past in enumerate(self._past)
            for name in ("source", "result")
        }

    def restore(self, state: State) -> None:
        count = sum(name.startswith("source_") for name in state)
        self._past = [
            Painted(
                state[f"source_{index}"],
                state[f"result_{index}"],
                None if (number := state.get(f"number_{index}")) is None else int(number),
            )
            for index in range(count)
        ]
        matches = _PALETTE[0] in state
        palette = Palette(*(state[name] for name in _PALETTE)) if matches else None
        self.targets.match(palette)
        self._method.restore(state)

    def repaint(self, own: Painted, neighbor: Painted, weights: Weights | None = None) -> Picture:
        """As SequentialStylizer.repaint.

        Ruder et al. 2016, section 4.4: starts from the mean of the frame's own result and its
        neighbor's, warped, where that is visible; from its own elsewhere.
        """
        warped, seen = seen_from(own.view, neighbor, self._flow)
        half = 0.5 * seen[..., None]
        seed = half * warped + (1 - half) * own.result
        if weights is not None and not weights.any():
            return own.source
        self._method.forget()
        with self._memory_errors():
            painted = self._painted_next(own.view, seed, self._anchor(warped, seen), weights)
        return _over(painted, own.source, weights)

    @contextmanager
    def _memory_errors(self) -> Iterator[None]:
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            height, width = self.size_hw
            short = int(0.7 * self._method.needed_bytes(height * width))
            raise too_large(self.size_hw, self._method.needed_bytes, short) from error

    def _anchor(self, pixels: np.ndarray, seen: Visible) -> Anchor:
        pixels_seen = self._method.pixels(pixels)
        return Anchor(pixels_seen, torch.from_numpy(seen)[None, None].to(self._device))


def _over(painted: Picture, source: Picture, weights: Weights | None) -> Picture:
    if weights is None or weights.shape[1:] == (1, 1):  # Uniform weights acted as the strength.
        return painted
    return with_source(painted, source, painted_share(weights))
