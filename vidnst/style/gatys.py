"""The reference stylizer: every frame is optimized until its statistics are the style's.

Gatys et al. 2015 for pictures, coarse to fine; Ruder et al. 2016 for film: each frame starts from
the previous result, warped along the optical flow, and is tied to it where it is still visible.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.errors import UsageError
from vidnst.frames import Picture, Weights
from vidnst.media.pictures import resize
from vidnst.memory import is_out_of_memory, require_memory, too_large
from vidnst.motion.visibility import Visible
from vidnst.style.color import Palette, palette_of
from vidnst.style.descent import descend
from vidnst.style.losses import Moments
from vidnst.style.objective import MOST_UNTILED, Anchor, LossWeights, PictureLoss, see
from vidnst.style.options import GatysOptions, StyleOptions
from vidnst.style.perceptual import PerceptualEncoder, load_encoder, torchvision_vgg19
from vidnst.style.pictures import StylePictures, style_pictures
from vidnst.style.precision import processor_dtype
from vidnst.style.shares import painted_share, with_source
from vidnst.style.targets import StyleTargets, as_guides, as_tensor
from vidnst.style.temporal import Painted, look_back, recolored, seen_from
from vidnst.weights import shipped_weights

_COARSEST_SIDE = 128
"""About so many pixels has the longer side of the coarsest scale, unless --scales says else."""
_PALETTE = ("mean", "covariance")
_LOOK_BACK = 10
"""Over so many steps a frame's loss must fall by the tolerance for more to follow."""


@dataclass(frozen=True)
class GatysStep:
    """Handed to the listener after each step, with the weighted losses it led to.

    step counts over all scales; picture() is the result so far, at the scale of size_hw.
    """

    step: int
    step_count: int
    size_hw: tuple[int, int]
    losses: Mapping[str, float]
    picture: Callable[[], Picture]

    @property
    def total(self) -> float:
        return sum(self.losses.values())


def perceptual_encoder(features: str) -> PerceptualEncoder:
    """The encoder that --features names: slim, vgg19, or a safetensors file.

    Raises WeightsError where it cannot be had.
    """
    if features == "slim":
        return load_encoder(shipped_weights("slim.safetensors"))
    if features == "vgg19":
        # Average pooling, as Gatys et al. 2015, section 2, found better for painting.
        return torchvision_vgg19(pooling="average")
    return load_encoder(Path(features))


class GatysStylizer:
    """Paints frames of one size, one after the other.

    begin_shot forgets the frames painted so far. `state` and `restore` carry them from one stylizer
    to another of the same settings, which then goes on exactly as the first would have.
    """

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
        on_step: Callable[[GatysStep], None] = lambda step: None,
        others: Sequence[Picture | StylePictures] = (),
        style_masks: Sequence[npt.NDArray[np.uint8] | None] = (),
    ) -> None:
        """style: RGB uint8 (H, W, 3), or several mixed. size_hw: of the frames that will come.

        others: more styles, of frames that come with weights for each. style_masks: of each style,
        uint8 (H, W), what of it counts; None is all.

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
                    "each side: a larger one, or only layers of lower blocks (--style-layer)"
                )
        self.options, self.gatys, self.size_hw = options, gatys, size_hw
        self._scales = _scales(size_hw, gatys, smallest)
        self._encoder, self._smallest = encoder, smallest
        self._device, self._dtype = torch.device(device), dtype or processor_dtype()
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
        self._on_step = on_step
        self._past: list[Painted] = []
        require_memory(size_hw, self._needed_bytes, self._device)

    def begin_shot(self, samples: Sequence[Picture] = ()) -> None:
        """Forget what was painted: the next frame starts anew.

        samples: frames of the shot, RGB uint8 (H, W, 3), in whose colors is painted where these are
        to be matched; without any it is the next frame alone.
        """
        self._past = []
        matches = samples and self.options.color == "match"
        self._targets.match(palette_of(samples) if matches else None)

    def paint(self, picture: Picture, weights: Weights | None = None) -> Picture:
        """Paint one frame, RGB uint8 (H, W, 3), the one that follows the last in its shot.

        weights: how much of each style is painted where; None paints all in the first. Where they
        are the same everywhere, they mix the styles' statistics with each other and the frame's.

        Raises MediaError where memory runs out.
        """
        if self.options.strength == 0:
            return picture
        if weights is not None and not weights.any():
            self._past = []
            return picture
        with self._memory_errors():
            painted = self._paint(picture, weights)
        return _over(painted, picture, weights)

    def _paint(self, picture: Picture, weights: Weights | None) -> Picture:
        if self.options.color == "match" and self._targets.palette is None:
            self._targets.match(palette_of([picture]))
        if not self._past:
            painted = self._paint_first(picture, weights)
        elif weights is None and np.array_equal(picture, self._past[-1].source):
            painted = self._past[-1].result
        else:
            ages = [age for age in self.gatys.long_term if age <= len(self._past)] or [1]
            known, seen = look_back(picture, [self._past[-age] for age in ages])
            seed = known + (1 - seen[..., None]) * recolored(picture, self._past[-1])
            painted = self._optimize_frame(picture, seed, self._anchor(known, seen), weights)
        self._past.append(Painted(picture, painted))
        del self._past[: -self.gatys.long_term[-1]]
        return painted

    def state(self) -> dict[str, Tensor]:
        """What painting the next frame depends on: the last frames and their results, uint8.

        And the shot's palette, where its colors are matched.
        """
        known, palette = {}, self._targets.palette
        if palette is not None:
            known = {k: torch.from_numpy(getattr(palette, k)) for k in _PALETTE}
        return known | {
            f"{name}_{index}": torch.from_numpy(getattr(past, name).copy())
            for index, past in enumerate(self._past)
            for name in ("source", "result")
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state that `state` gave."""
        count = sum(name.startswith("source_") for name in state)
        self._past = [
            Painted(state[f"source_{index}"].numpy(), state[f"result_{index}"].numpy())
            for index in range(count)
        ]
        matches = _PALETTE[0] in state
        palette = Palette(*(state[name].numpy() for name in _PALETTE)) if matches else None
        self._targets.match(palette)

    def repaint(self, own: Painted, neighbor: Painted, weights: Weights | None = None) -> Picture:
        """Paint a frame once more, nearer to its neighbor's result; weights: as paint takes them.

        Ruder et al. 2016, section 4.4: it starts from its own result, blended in halves with the
        neighbor's where that is visible.
        """
        warped, seen = seen_from(own.source, neighbor)
        half = 0.5 * seen[..., None]
        seed = half * warped + (1 - half) * own.result
        if weights is not None and not weights.any():
            return own.source
        with self._memory_errors():
            painted = self._optimize_frame(own.source, seed, self._anchor(warped, seen), weights)
        return _over(painted, own.source, weights)

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

    def _needed_bytes(self, pixels: int) -> int:
        """About how much memory painting takes; measured at 1.5 and 4.3 megapixels, rounded up."""
        pictures = {"lbfgs": 84, "adam": 64, "fgd": 64}[self.gatys.optimizer]
        at_once = min(pixels, MOST_UNTILED)
        return 300 * 2**20 + self._encoder.bytes_per_pixel * at_once + 12 * pictures * pixels

    def _paint_first(self, picture: Picture, weights: Weights | None) -> Picture:
        point: Tensor | None = None
        done, count = 0, sum(steps for _, steps in self._scales)
        for size_hw, steps in self._scales:
            content = self._pixels(resize(picture, size_hw))
            if point is None:
                start = self._start(content)
            else:
                start = F.interpolate(point, size_hw, mode="bicubic", align_corners=False)
            loss = self._loss(content, None, weights)
            point = self._optimize(start, loss, steps, tolerance=0.0, done=done, count=count)
            done += steps
        assert point is not None
        return _picture(point)

    def _start(self, content: Tensor) -> Tensor:
        if self.gatys.init == "content":
            return content
        if self.gatys.init == "style":
            size_hw = (content.shape[2], content.shape[3])
            return self._pixels(resize(self._targets.first_picture, size_hw))
        generator = torch.Generator().manual_seed(self.gatys.seed)
        noise = torch.rand(content.shape, generator=generator).to(content)
        # Of the content's brightness, so that little of the way is spent on it.
        return (content.mean() + 0.3 * (noise - 0.5)).clamp(0, 1)

    def _pixels(self, picture: np.ndarray) -> Tensor:
        return as_tensor(picture, self._device)

    def _optimize_frame(
        self, picture: Picture, seed: Picture, anchor: Anchor, weights: Weights | None
    ) -> Picture:
        loss = self._loss(self._pixels(picture), anchor, weights)
        steps = self.gatys.frame_steps
        point = self._optimize(
            self._pixels(seed), loss, steps, tolerance=self.gatys.tolerance, done=0, count=steps
        )
        return _picture(point)

    def _anchor(self, pixels: np.ndarray, seen: Visible) -> Anchor:
        return Anchor(self._pixels(pixels), torch.from_numpy(seen)[None, None].to(self._device))

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

    def _optimize(
        self,
        start: Tensor,
        loss: PictureLoss,
        steps: int,
        *,
        tolerance: float,
        done: int,
        count: int,
    ) -> Tensor:
        gatys = self.gatys
        average = start.clone() if gatys.averaging else None
        totals: list[float] = []
        point = start
        points = descend(start, loss, optimizer=gatys.optimizer, rate=gatys.learning_rate)
        for index, (point, losses) in enumerate(points):
            totals.append(sum(losses.values()))
            if index == 0:
                continue
            if average is not None:
                decay = min(gatys.averaging, index / (index + 10))
                average.lerp_(point, 1 - decay)
            shown = point if average is None else average
            self._on_step(
                GatysStep(
                    done + index,
                    count,
                    (point.shape[2], point.shape[3]),
                    losses,
                    lambda shown=shown: _picture(shown),  # type: ignore[misc]
                )
            )
            if index == steps or (tolerance and _settled(totals, tolerance)):
                break
        return point if average is None else average


def _picture(point: Tensor) -> Picture:
    pixels = (point[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
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


def _scales(
    size_hw: tuple[int, int], gatys: GatysOptions, smallest: int
) -> list[tuple[tuple[int, int], int]]:
    """The sizes a first frame is painted at, coarse to fine, each with its number of steps."""
    fitting = 1
    while min(size_hw) / 2**fitting >= smallest:
        fitting += 1
    count = gatys.scales
    if count is None:
        natural = 1 + max(0, round(math.log2(max(size_hw) / _COARSEST_SIDE)))
        count = min(fitting, max(natural, len(gatys.steps)))
    height, width = size_hw
    if count > fitting:
        raise UsageError(
            f"--scales is {count}, but {width}x{height} pixels can be halved only {fitting - 1} "
            f"times for this encoder: give {fitting} or fewer"
        )
    steps = [*gatys.steps[-count:], *[gatys.steps[-1]] * (count - len(gatys.steps))]
    sizes = [
        (max(smallest, round(height / 2**k)), max(smallest, round(width / 2**k)))
        for k in reversed(range(count))
    ]
    return list(zip(sizes, steps, strict=True))
