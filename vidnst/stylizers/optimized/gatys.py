"""The reference stylizer: optimizes every frame to match the style's feature statistics.

Gatys et al. 2015 for pictures, coarse to fine; Ruder et al. 2016 for film (optimizer.py).
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.errors import UsageError
from vidnst.frames.frame import Picture, Weights
from vidnst.frames.resize import resize
from vidnst.motion.flow import View
from vidnst.nets.losses import Moments
from vidnst.nets.perceptual import PerceptualEncoder, named_encoder
from vidnst.options.optimizing import GatysOptions
from vidnst.stylizers.optimized.descent import walk_down
from vidnst.stylizers.optimized.method import Method, Task, as_picture, scales_of, telling
from vidnst.stylizers.optimized.objective import MOST_UNTILED, Anchor, LossWeights, PictureLoss, see
from vidnst.stylizers.optimized.targets import StyleTargets, as_guides

_COARSEST_SIDE = 128
"""The approximate longer side of the coarsest scale, in pixels, if `scales` is not given."""
_TOLERANCE = 5e-3
"""Of a film's frames, if `tolerance` is not given."""


def perceptual_encoder(features: str) -> PerceptualEncoder:
    """The encoder that `features` names (nets/perceptual.py, named_encoder)."""
    # Average pooling, as Gatys et al. 2015, section 2, found better for painting.
    return named_encoder(features, pooling="average")


class GatysMethod(Method):
    """Optimizes a frame to match the style's feature statistics."""

    targets: StyleTargets

    def __init__(
        self, task: Task, gatys: GatysOptions, *, encoder: PerceptualEncoder | None = None
    ) -> None:
        """encoder: instead of the one that gatys.features names.

        Raises UsageError for layers the encoder lacks and sizes too small for it, WeightsError
        where it cannot be loaded.
        """
        self.task, self.gatys = task, gatys
        encoder = encoder or perceptual_encoder(gatys.features)
        encoder.requires_grad_(False).to(task.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        layers = {*gatys.content_layer, *gatys.style_layer}
        if missing := sorted(layers - set(encoder.layer_names)):
            raise UsageError(
                f"no layer {missing[0]} in {gatys.features}: it has "
                f"{', '.join(encoder.layer_names)}"
            )
        smallest = 2 * max(encoder.stride(layer) for layer in layers)
        given = task.given
        sizes = [("style", p.shape[:2]) for each in given for p in each.pictures]
        for name, (height, width) in [*sizes, ("frame", task.size_hw)]:
            if min(height, width) < smallest:
                raise UsageError(
                    f"the {name} is {width}x{height}, but its layers need {smallest} pixels on "
                    "each side: a larger one, or only layers of lower blocks (`style_layer`)"
                )
        self._encoder = encoder
        self._scales = scales_of(
            task.size_hw, gatys.scales, gatys.steps, coarsest_side=_COARSEST_SIDE, smallest=smallest
        )
        self.targets = StyleTargets(
            given,
            task.style_masks,
            encoder,
            layers=gatys.style_layer,
            smallest=smallest,
            brush_size=task.options.brush_size,
            device=task.device,
            dtype=task.dtype,
        )

    def needed_bytes(self, pixels: int) -> int:
        """About how much memory painting takes; measured at 1.5 and 4.3 megapixels, rounded up."""
        pictures = {"lbfgs": 84, "adam": 64, "fgd": 64}[self.gatys.optimizer]
        at_once = min(pixels, MOST_UNTILED)
        return 300 * 2**20 + self._encoder.bytes_per_pixel * at_once + 12 * pictures * pixels

    def paint_first(self, picture: Picture, weights: Weights | None, strength: float) -> Picture:
        point: Tensor | None = None
        done, count = 0, sum(steps for _, steps in self._scales)
        for size_hw, steps in self._scales:
            scene = resize(picture, size_hw)
            content = self.pixels(scene)
            if point is None:
                start = self._start(scene, content, weights, strength)
            else:
                start = F.interpolate(point, size_hw, mode="bicubic", align_corners=False)
            loss = self._loss(content, None, weights, strength)
            point = self._descend(start, loss, steps, done=done, count=count)
            done += steps
        assert point is not None
        return as_picture(point)

    def _start(
        self, scene: Picture, content: Tensor, weights: Weights | None, strength: float
    ) -> Tensor:
        if self.gatys.init == "content":
            # Matching moments of features alone would leave colors between the scene's and the
            # style's.
            return self.pixels(self.in_style_colors(scene, weights, strength))
        if self.gatys.init == "style":
            size_hw = (content.shape[2], content.shape[3])
            return self.pixels(resize(self.targets.pictures(0)[0], size_hw))
        generator = torch.Generator().manual_seed(self.gatys.seed)
        noise = torch.rand(content.shape, generator=generator).to(content)
        # Around the content's mean brightness, so that few steps are spent on it.
        return (content.mean() + 0.3 * (noise - 0.5)).clamp(0, 1)

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
        loss = self._loss(self.pixels(here.picture), anchor, weights, strength)
        steps = self.gatys.frame_steps
        tolerance = _TOLERANCE if self.gatys.tolerance is None else self.gatys.tolerance
        point = self._descend(self.pixels(seed), loss, steps, count=steps, tolerance=tolerance)
        return as_picture(point)

    def _descend(
        self,
        start: Tensor,
        loss: PictureLoss,
        steps: int,
        *,
        done: int = 0,
        count: int,
        tolerance: float = 0.0,
    ) -> Tensor:
        size_hw = (start.shape[2], start.shape[3])
        return walk_down(
            start,
            loss,
            steps,
            optimizer=self.gatys.optimizer,
            rate=self.gatys.learning_rate,
            averaging=self.gatys.averaging,
            tolerance=tolerance,
            on_step=telling(self.task.on_step, done=done, count=count, size_hw=size_hw),
        )

    def _loss(
        self, content: Tensor, anchor: Anchor | None, weights: Weights | None, strength: float
    ) -> PictureLoss:
        size_hw = (content.shape[2], content.shape[3])
        mixture = None
        if weights is not None and weights.shape[1:] == (1, 1):
            # Uniform weights: not regions, but a mixture of the styles, and a strength.
            total = float(weights.sum())
            mixture, strength, weights = weights[:, 0, 0] / total, strength * total, None
        guides = as_guides(weights, size_hw, self.task.device)
        own_layers = self.gatys.style_layer if strength < 1 else ()
        with torch.no_grad():
            maps, own = see(
                self._encoder,
                content,
                self.gatys.content_layer,
                own_layers,
                guides=guides,
                dtype=self.task.dtype,
            )
        if mixture is not None:
            style = self.targets.mixed_at(size_hw, mixture)
        else:
            style = self.targets.at(size_hw, 1 if guides is None else len(guides))
        if own:
            style = {
                layer: Moments(
                    torch.lerp(own[layer].mean, wanted.mean, strength),
                    torch.lerp(own[layer].covariance, wanted.covariance, strength),
                )
                for layer, wanted in style.items()
            }
        gatys = self.gatys
        return PictureLoss(
            self._encoder,
            LossWeights(
                content=gatys.content_weight,
                style=gatys.style_weight,
                variation=gatys.variation_weight,
                temporal=gatys.temporal_weight,
            ),
            content=maps,
            style=style,
            statistics=gatys.style_statistics,
            anchor=anchor,
            guides=guides,
            dtype=self.task.dtype,
        )
