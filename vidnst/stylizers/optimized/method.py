"""The task of painting by optimization, and the interface of the methods for it."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from torch import Tensor

from vidnst.errors import UsageError
from vidnst.frames.color import matched
from vidnst.frames.frame import Picture, Weights
from vidnst.motion.flow import EstimatedFlow, FlowSource, View
from vidnst.nets.precision import processor_dtype
from vidnst.nets.step import Step
from vidnst.nets.style_pictures import StylePictures, style_pictures
from vidnst.nets.tensors import as_tensor
from vidnst.options.optimizing import GatysOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.optimized.descent import Losses
from vidnst.stylizers.optimized.objective import Anchor
from vidnst.stylizers.optimized.targets import Mask, MatchedStyles
from vidnst.stylizers.stylizer import State


@dataclass(frozen=True)
class Task:
    """The styles, options and frame size to paint with, and the hardware to use.

    styles: RGB uint8 (H, W, 3) each, or several mixed; those after the first are for frames that
    come with weights for each. size_hw: of the frames that will come. style_masks: of each style,
    uint8 (H, W), the part of it to use; None is all. dtype: of the encoder's arithmetic. on_step:
    the callback for each step. flow: the source of optical flow.
    """

    styles: Sequence[Picture | StylePictures]
    options: StyleOptions
    size_hw: tuple[int, int]
    style_masks: Sequence[Mask | None] = ()
    device: torch.device = torch.device("cpu")
    dtype: torch.dtype = field(default_factory=processor_dtype)
    on_step: Callable[[Step], None] = lambda step: None
    flow: FlowSource = field(default_factory=EstimatedFlow)

    @property
    def given(self) -> list[StylePictures]:
        """The styles, each as pictures with their shares."""
        return [style_pictures(each) for each in self.styles]


class Method(ABC):
    """How one frame is painted by optimization.

    gatys: every method uses at least its options on steps and film.
    """

    task: Task
    gatys: GatysOptions
    targets: MatchedStyles

    @abstractmethod
    def needed_bytes(self, pixels: int) -> int:
        """An estimate of the memory for painting a frame of this many pixels."""

    @abstractmethod
    def paint_first(self, picture: Picture, weights: Weights | None, strength: float) -> Picture:
        """Paint a frame without a previous one."""

    @abstractmethod
    def paint_next(
        self,
        here: View,
        seed: np.ndarray,
        anchor: Anchor,
        weights: Weights | None,
        strength: float,
        *,
        last: View | None,
    ) -> Picture:
        """Paint a frame, starting from a seed (H, W, 3) in 0..255, with a temporal loss to anchor.

        last: the frame painted before, if the method's state is of that frame.
        """

    def forget(self) -> None:
        """Discard the state of the last frame."""
        return

    def state(self) -> State:
        """The method's state after the last frame, to be serialized."""
        return {}

    def restore(self, state: State) -> None:
        """Restore the result of `state`; entries of others are ignored."""
        return

    def pixels(self, picture: np.ndarray) -> Tensor:
        """A picture (H, W, 3) in 0..255 as a tensor on the task's device."""
        return as_tensor(picture, self.task.device)

    def in_style_colors(
        self, picture: Picture, weights: Weights | None, strength: float
    ) -> Picture:
        """Match the mean and covariance of a picture's colors to the style's, by the strength.

        With several styles or a weight map the picture is returned unchanged.
        """
        if weights is not None:
            if weights.shape != (1, 1, 1):
                return picture
            strength *= float(weights[0, 0, 0])
        wanted = matched(picture, self.targets.colors(0))
        return np.asarray(cv2.addWeighted(wanted, strength, picture, 1 - strength, 0), np.uint8)


def telling(
    on_step: Callable[[Step], None],
    *,
    done: int,
    count: int,
    size_hw: tuple[int, int],
    picture_of: Callable[[Tensor], Tensor] = lambda point: point,
) -> Callable[[int, Losses, Tensor], None]:
    """A callback for walk_down that passes each step on to a callback for Steps.

    done, count: steps taken before, and steps in all. picture_of: converts a point to a picture
    (1, 3, H, W).
    """

    def callback(index: int, losses: Losses, point: Tensor) -> None:
        def picture() -> Picture:
            return as_picture(picture_of(point))

        on_step(Step(done + index, count, losses, size_hw=size_hw, picture=picture))

    return callback


def as_picture(picture: Tensor) -> Picture:
    """A picture (1, 3, H, W) in [0, 1] as RGB uint8 (H, W, 3)."""
    pixels = (picture[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
    return np.ascontiguousarray(pixels.cpu().numpy())


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
    coarsest_side. smallest: the minimum side for the encoder, in pixels.
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
