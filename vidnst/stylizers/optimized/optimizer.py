"""What painting by optimization has in common, whatever is made small.

A shot's first frame is painted coarse to fine. Each later one starts from what is known of it
already, earlier results brought along the optical flow (Ruder et al. 2016), and is tied to that.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vidnst.errors import UsageError
from vidnst.frames.color import Palette, matched, palette_of
from vidnst.frames.frame import Picture, Weights
from vidnst.frames.shares import painted_share, with_source
from vidnst.motion.flow import EstimatedFlow, FlowSource, View
from vidnst.motion.look_back import Painted, look_back, recolored, seen_from
from vidnst.motion.visibility import Visible
from vidnst.nets.memory import is_out_of_memory, require_memory, too_large
from vidnst.nets.step import Step
from vidnst.nets.tensors import as_tensor
from vidnst.options.optimizing import GatysOptions, OptimizerName
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.optimized.descent import Objective, descend
from vidnst.stylizers.optimized.objective import Anchor
from vidnst.stylizers.optimized.targets import MatchedStyles
from vidnst.stylizers.stylizer import SequentialStylizer, State

_PALETTE = ("mean", "covariance")
_LOOK_BACK = 10
"""Over so many steps a frame's loss must fall by the tolerance for more to follow."""


class OptimizingStylizer(SequentialStylizer):
    """Paints frames of one size, one after the other."""

    shot_samples = 3
    """By whose colors a shot is known."""
    _targets: MatchedStyles

    def __init__(
        self,
        options: StyleOptions,
        gatys: GatysOptions,
        *,
        size_hw: tuple[int, int],
        device: torch.device,
        on_step: Callable[[Step], None],
        flow: FlowSource | None = None,
    ) -> None:
        """gatys: how it is optimized. size_hw: of the frames. flow: None estimates it.

        Raises MediaError without memory.
        """
        self.options, self.gatys, self.size_hw = options, gatys, size_hw
        self.passes = gatys.passes
        self._device, self._on_step = device, on_step
        self._flow = flow or EstimatedFlow()
        self._past: list[Painted] = []
        require_memory(size_hw, self._needed_bytes, device)

    @abstractmethod
    def _needed_bytes(self, pixels: int) -> int:
        """About how much memory painting so many pixels takes."""

    @abstractmethod
    def _paint_first(self, picture: Picture, weights: Weights | None) -> Picture:
        """Paint a frame of which nothing is known."""

    @abstractmethod
    def _paint_next(
        self, here: View, seed: np.ndarray, anchor: Anchor, weights: Weights | None
    ) -> Picture:
        """Paint a frame from a seed (H, W, 3) in 0..255, tied to the anchor."""

    def begin_shot(self, samples: Sequence[Picture] = ()) -> None:
        """Forget what was painted: the next frame starts anew.

        samples: in whose colors is painted where these are to be matched; without any it is the
        next frame alone.
        """
        self._past = []
        matches = samples and self.options.color == "match"
        self._targets.match(palette_of(samples) if matches else None)

    def paint(
        self, picture: Picture, weights: Weights | None = None, *, number: int | None = None
    ) -> Picture:
        """Paint the frame that follows the last in its shot, as Stylizer.paint says.

        Weights that are the same everywhere mix the styles' statistics with each other and the
        frame's.
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
        if self.options.color == "match" and self._targets.palette is None:
            self._targets.match(palette_of([picture]))
        if not self._past:
            painted = self._paint_first(picture, weights)
        elif weights is None and np.array_equal(picture, self._past[-1].source):
            painted = self._past[-1].result
        else:
            ages = [age for age in self.gatys.long_term if age <= len(self._past)] or [1]
            known, seen = look_back(here, [self._past[-age] for age in ages], self._flow)
            seed = known + (1 - seen[..., None]) * recolored(picture, self._past[-1])
            painted = self._paint_next(here, seed, self._anchor(known, seen), weights)
        self._past.append(Painted(picture, painted, here.number))
        del self._past[: -self.gatys.long_term[-1]]
        return painted

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The last frames and their results, uint8.

        And the frames' numbers, where known, and the shot's palette, where its colors are matched.
        """
        known, palette = {}, self._targets.palette
        if palette is not None:
            known = {k: getattr(palette, k).copy() for k in _PALETTE}
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
        self._targets.match(palette)

    def repaint(self, own: Painted, neighbor: Painted, weights: Weights | None = None) -> Picture:
        """As SequentialStylizer.repaint says.

        Ruder et al. 2016, section 4.4: it starts from its own result, blended in halves with the
        neighbor's where that is visible.
        """
        warped, seen = seen_from(own.view, neighbor, self._flow)
        half = 0.5 * seen[..., None]
        seed = half * warped + (1 - half) * own.result
        if weights is not None and not weights.any():
            return own.source
        with self._memory_errors():
            painted = self._paint_next(own.view, seed, self._anchor(warped, seen), weights)
        return _over(painted, own.source, weights)

    def _in_style_colors(self, picture: Picture, weights: Weights | None) -> Picture:
        """With mean and covariance of the style's colors, where one style paints everything.

        As far as its strength says; where there are several, a picture as it is.
        """
        strength = self.options.strength
        if weights is not None:
            if weights.shape != (1, 1, 1):
                return picture
            strength *= float(weights[0, 0, 0])
        wanted = matched(picture, self._targets.colors(0))
        return np.asarray(cv2.addWeighted(wanted, strength, picture, 1 - strength, 0), np.uint8)

    @contextmanager
    def _memory_errors(self) -> Iterator[None]:
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            height, width = self.size_hw
            short = int(0.7 * self._needed_bytes(height * width))
            raise too_large(self.size_hw, self._needed_bytes, short) from error

    def _pixels(self, picture: np.ndarray) -> Tensor:
        return as_tensor(picture, self._device)

    def _anchor(self, pixels: np.ndarray, seen: Visible) -> Anchor:
        return Anchor(self._pixels(pixels), torch.from_numpy(seen)[None, None].to(self._device))

    def _optimize(
        self,
        start: Tensor,
        objective: Objective,
        steps: int,
        *,
        optimizer: OptimizerName,
        rate: float | None,
        tolerance: float = 0.0,
        done: int,
        count: int,
        picture_of: Callable[[Tensor], Tensor] = lambda point: point,
    ) -> Tensor:
        """Go so many steps down from start, fewer where it settles, and return what is reached.

        done, count: of all steps, for the listener. picture_of: a point as a picture (1, 3, H, W).
        """
        averaging = self.gatys.averaging
        first = picture_of(start)
        size_hw = (first.shape[2], first.shape[3])
        average = start.clone() if averaging else None
        totals: list[float] = []
        point = start
        points = descend(start, objective, optimizer=optimizer, rate=rate)
        for index, (point, losses) in enumerate(points):
            totals.append(sum(losses.values()))
            if index == 0:
                continue
            if average is not None:
                decay = min(averaging, index / (index + 10))
                average.lerp_(point, 1 - decay)
            shown = point if average is None else average
            self._on_step(
                Step(
                    done + index,
                    count,
                    losses,
                    size_hw=size_hw,
                    picture=lambda shown=shown: as_picture(picture_of(shown)),  # type: ignore[misc]
                )
            )
            if index == steps or (tolerance and _settled(totals, tolerance)):
                break
        return point if average is None else average


def as_picture(picture: Tensor) -> Picture:
    """A picture (1, 3, H, W) in [0, 1] as RGB uint8 (H, W, 3)."""
    pixels = (picture[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
    return np.ascontiguousarray(pixels.cpu().numpy())


def _over(painted: Picture, source: Picture, weights: Weights | None) -> Picture:
    if weights is None or weights.shape[1:] == (1, 1):  # which was the strength
        return painted
    return with_source(painted, source, painted_share(weights))


def _settled(totals: Sequence[float], tolerance: float) -> bool:
    """Whether the last steps have lessened the loss by less than the share `tolerance`."""
    if len(totals) <= _LOOK_BACK:
        return False
    return min(totals[-_LOOK_BACK:]) > (1 - tolerance) * min(totals[:-_LOOK_BACK])


def scales_of(
    size_hw: tuple[int, int],
    count: int | None,
    steps_by_scale: tuple[int, ...],
    *,
    coarsest_side: int,
    smallest: int,
) -> list[tuple[tuple[int, int], int]]:
    """The sizes a first frame is painted at, coarse to fine, each with its number of steps.

    count: of the sizes, each twice the one before; None begins where the longer side is about
    coarsest_side. smallest: a side in pixels, below which the encoder sees nothing.
    """
    fitting = 1
    while min(size_hw) / 2**fitting >= smallest:
        fitting += 1
    if count is None:
        natural = 1 + max(0, round(math.log2(max(size_hw) / coarsest_side)))
        count = min(fitting, max(natural, len(steps_by_scale)))
    height, width = size_hw
    if count > fitting:
        raise UsageError(
            f"`scales` is {count}, but {width}x{height} pixels can be halved only {fitting - 1} "
            f"times for this encoder: give {fitting} or fewer"
        )
    steps = [*steps_by_scale[-count:], *[steps_by_scale[-1]] * (count - len(steps_by_scale))]
    sizes = [
        (max(smallest, round(height / 2**k)), max(smallest, round(width / 2**k)))
        for k in reversed(range(count))
    ]
    return list(zip(sizes, steps, strict=True))
