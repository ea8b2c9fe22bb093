"""The reference stylizer: every frame is optimized until its statistics are the style's.

Gatys et al. 2015 for pictures, coarse to fine; Ruder et al. 2016 for film (optimizer.py).
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.errors import UsageError
from vidnst.frames.frame import Picture, Weights
from vidnst.frames.resize import resize
from vidnst.motion.flow import FlowSource, View
from vidnst.nets.losses import Moments
from vidnst.nets.perceptual import PerceptualEncoder, named_encoder
from vidnst.nets.precision import processor_dtype
from vidnst.nets.step import Step
from vidnst.nets.style_pictures import StylePictures, style_pictures
from vidnst.options.optimizing import GatysOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.optimized.objective import MOST_UNTILED, Anchor, LossWeights, PictureLoss, see
from vidnst.stylizers.optimized.optimizer import OptimizingStylizer, as_picture, scales_of
from vidnst.stylizers.optimized.targets import StyleTargets, as_guides

_COARSEST_SIDE = 128
"""About so many pixels has the longer side of the coarsest scale, unless `scales` says else."""


def perceptual_encoder(features: str) -> PerceptualEncoder:
    """The encoder that `features` names (nets/perceptual.py, named_encoder)."""
    # Average pooling, as Gatys et al. 2015, section 2, found better for painting.
    return named_encoder(features, pooling="average")


class GatysStylizer(OptimizingStylizer):
    """Paints frames by their statistics, one after the other."""

    _targets: StyleTargets

    def __init__(
        self,
        style: Picture | StylePictures,
        options: StyleOptions,
        gatys: GatysOptions,
        *,
        size_hw: tuple[int, int],
        encoder: PerceptualEncoder | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str = "cpu",
        on_step: Callable[[Step], None] = lambda step: None,
        others: Sequence[Picture | StylePictures] = (),
        style_masks: Sequence[npt.NDArray[np.uint8] | None] = (),
        flow: FlowSource | None = None,
    ) -> None:
        """style: RGB uint8 (H, W, 3), or several mixed. size_hw: of the frames that will come.

        others: more styles, of frames that come with weights for each. style_masks: of each style,
        uint8 (H, W), what of it counts; None is all. flow: None estimates it.

        encoder: instead of the one that gatys.features names. dtype: of the encoder's arithmetic.

        Raises UsageError for layers the encoder lacks and sizes it cannot see, WeightsError where
        it cannot be had, MediaError where there is not enough memory.
        """
        style = style_pictures(style)
        encoder = encoder or perceptual_encoder(gatys.features)
        encoder.requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        layers = {*gatys.content_layer, *gatys.style_layer}
        if missing := sorted(layers - set(encoder.layer_names)):
            raise UsageError(
                f"no layer {missing[0]} in {gatys.features}: it has "
                f"{', '.join(encoder.layer_names)}"
            )
        smallest = 2 * max(encoder.stride(layer) for layer in layers)
        given = [style_pictures(each) for each in (style, *others)]
        sizes = [("style", p.shape[:2]) for each in given for p in each.pictures]
        for name, (height, width) in [*sizes, ("frame", size_hw)]:
            if min(height, width) < smallest:
                raise UsageError(
                    f"the {name} is {width}x{height}, but its layers need {smallest} pixels on "
                    "each side: a larger one, or only layers of lower blocks (`style_layer`)"
                )
        self._encoder, self._dtype = encoder, dtype or processor_dtype()
        super().__init__(
            options, gatys, size_hw=size_hw, device=torch.device(device), on_step=on_step, flow=flow
        )
        self._scales = scales_of(
            size_hw, gatys.scales, gatys.steps, coarsest_side=_COARSEST_SIDE, smallest=smallest
        )
        self._targets = StyleTargets(
            given,
            style_masks,
            encoder,
            layers=gatys.style_layer,
            smallest=smallest,
            brush_size=options.brush_size,
            device=self._device,
            dtype=self._dtype,
        )

    def _needed_bytes(self, pixels: int) -> int:
        """About how much memory painting takes; measured at 1.5 and 4.3 megapixels, rounded up."""
        pictures = {"lbfgs": 84, "adam": 64, "fgd": 64}[self.gatys.optimizer]
        at_once = min(pixels, MOST_UNTILED)
        return 300 * 2**20 + self._encoder.bytes_per_pixel * at_once + 12 * pictures * pixels

    def _paint_first(self, picture: Picture, weights: Weights | None) -> Picture:
        point: Tensor | None = None
        done, count = 0, sum(steps for _, steps in self._scales)
        for size_hw, steps in self._scales:
            scene = resize(picture, size_hw)
            content = self._pixels(scene)
            if point is None:
                start = self._start(scene, content, weights)
            else:
                start = F.interpolate(point, size_hw, mode="bicubic", align_corners=False)
            loss = self._loss(content, None, weights)
            point = self._descend(start, loss, steps, done=done, count=count)
            done += steps
        assert point is not None
        return as_picture(point)

    def _start(self, scene: Picture, content: Tensor, weights: Weights | None) -> Tensor:
        if self.gatys.init == "content":
            # Means and covariances of features alone would leave it in colors between both.
            return self._pixels(self._in_style_colors(scene, weights))
        if self.gatys.init == "style":
            size_hw = (content.shape[2], content.shape[3])
            return self._pixels(resize(self._targets.pictures(0)[0], size_hw))
        generator = torch.Generator().manual_seed(self.gatys.seed)
        noise = torch.rand(content.shape, generator=generator).to(content)
        # Of the content's brightness, so that little of the way is spent on it.
        return (content.mean() + 0.3 * (noise - 0.5)).clamp(0, 1)

    def _paint_next(
        self, here: View, seed: np.ndarray, anchor: Anchor, weights: Weights | None
    ) -> Picture:
        loss = self._loss(self._pixels(here.picture), anchor, weights)
        steps, tolerance = self.gatys.frame_steps, self.gatys.tolerance
        point = self._descend(self._pixels(seed), loss, steps, count=steps, tolerance=tolerance)
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
        return self._optimize(
            start,
            loss,
            steps,
            optimizer=self.gatys.optimizer,
            rate=self.gatys.learning_rate,
            tolerance=tolerance,
            done=done,
            count=count,
        )

    def _loss(self, content: Tensor, anchor: Anchor | None, weights: Weights | None) -> PictureLoss:
        size_hw = (content.shape[2], content.shape[3])
        mixture, strength = None, self.options.strength
        if weights is not None and weights.shape[1:] == (1, 1):
            # The same everywhere: not regions, but one style between several, and a strength.
            total = float(weights.sum())
            mixture, strength, weights = weights[:, 0, 0] / total, strength * total, None
        guides = as_guides(weights, size_hw, self._device)
        own_layers = self.gatys.style_layer if strength < 1 else ()
        with torch.no_grad():
            maps, own = see(
                self._encoder,
                content,
                self.gatys.content_layer,
                own_layers,
                guides=guides,
                dtype=self._dtype,
            )
        if mixture is not None:
            style = self._targets.mixed_at(size_hw, mixture)
        else:
            style = self._targets.at(size_hw, 1 if guides is None else len(guides))
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
            dtype=self._dtype,
        )
