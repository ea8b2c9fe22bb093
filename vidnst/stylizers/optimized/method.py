"""What is painted by optimization, and the interface of the methods that do so."""

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
    """What is to be painted, and with what.

    styles: RGB uint8 (H, W, 3) each, or several mixed; those after the first are for frames that
    come with weights for each. size_hw: of the frames that will come. style_masks: of each style,
    uint8 (H, W), what of it counts; None is all. dtype: of the encoder's arithmetic. on_step: hears
    of each step. flow: where motion comes from.
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

    gatys: of these what is said of steps and of film counts for every method.
    """

    task: Task
    gatys: GatysOptions
    targets: MatchedStyles

    @abstractmethod
    def needed_bytes(self, pixels: int) -> int:
        """About how much memory painting so many pixels takes."""

    @abstractmethod
    def paint_first(self, picture: Picture, weights: Weights | None, strength: float) -> Picture:
        """Paint a frame of which nothing is known."""

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
        """Paint a frame from a seed (H, W, 3) in 0..255, tied to the anchor.

        last: the frame painted before, where what is known of it still counts.
        """

    def forget(self) -> None:
        """Forget what is known of the last frame."""
        return

    def state(self) -> State:
        """What is known of the last frame."""
        return {}

    def restore(self, state: State) -> None:
        """Know again what `state` told; others' entries may be among it."""
        return

    def pixels(self, picture: np.ndarray) -> Tensor:
        """A picture (H, W, 3) in 0..255 as the optimization sees it."""
        return as_tensor(picture, self.task.device)

    def in_style_colors(
        self, picture: Picture, weights: Weights | None, strength: float
    ) -> Picture:
        """With mean and covariance of the style's colors, where one style paints everything.

        As far as its strength says; where there are several, a picture as it is.
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
    """What tells a listener of the steps of walk_down.

    done, count: of all steps. picture_of: a point as a picture (1, 3, H, W).
    """

    def told(index: int, losses: Losses, point: Tensor) -> None:
        def picture() -> Picture:
            return as_picture(picture_of(point))

        on_step(Step(done + index, count, losses, size_hw=size_hw, picture=picture))

    return told


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
