"""Painting by nearest neighbors: each place becomes the style's place with the nearest features.

Kolkin et al. 2022, "Neural Neighbor Style Transfer" (arXiv 2203.13215): coarse to fine, the queries
are mostly the scene's features; at the end, layer by layer, those of the picture being painted. For
film, the last frame's matches are warped along the optical flow (as optimizer.py does with pixels).
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.errors import UsageError
from vidnst.frames.frame import Picture, Weights
from vidnst.frames.resize import resize
from vidnst.motion.flow import View
from vidnst.motion.visibility import visible
from vidnst.nets.perceptual import PerceptualEncoder, named_encoder
from vidnst.nets.places import LAYERS, PLACE_SIDE
from vidnst.options.optimizing import GatysOptions, NeighborOptions
from vidnst.stylizers.optimized.descent import walk_down
from vidnst.stylizers.optimized.matching import Matching, PlacesLoss, Sought
from vidnst.stylizers.optimized.method import Method, Task, as_picture, scales_of, telling
from vidnst.stylizers.optimized.objective import MOST_UNTILED, Anchor
from vidnst.stylizers.optimized.places import SMALLEST_SIDE, PlaceReader, StylePlaces
from vidnst.stylizers.optimized.pyramid import Pyramid
from vidnst.stylizers.stylizer import State

_COARSEST_SIDE = 64
_REFINING_ROUNDS = 3
"""How often the layers are matched again at the end."""
_TOLERANCE = 1.5e-2
"""Of a film's frames, if `tolerance` is not given. With a third of it, a frame takes 85 steps
instead of 50, and neither marks nor steadiness differ (docs/research.md)."""


def neighbor_encoder(features: str) -> PerceptualEncoder:
    """The encoder that `features` names (nets/perceptual.py, named_encoder)."""
    return named_encoder(features, pooling="max")


class NeighborMethod(Method):
    """Paints a frame with the style's places nearest to its own."""

    targets: StylePlaces

    def __init__(
        self,
        task: Task,
        neighbor: NeighborOptions,
        gatys: GatysOptions,
        *,
        encoder: PerceptualEncoder | None = None,
    ) -> None:
        """gatys: of these, the features, scales, seed and the options for film are used.

        encoder: instead of the one that gatys.features names. Raises UsageError for sizes that are
        too small and an encoder that lacks a layer, WeightsError where it cannot be loaded.
        """
        self.task, self.gatys = task, gatys
        encoder = encoder or neighbor_encoder(gatys.features)
        encoder.requires_grad_(False).to(task.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if missing := sorted(set(LAYERS) - set(encoder.layer_names)):
            raise UsageError(f"no layer {missing[0]} in {gatys.features}: neighbor looks at it")
        if min(task.size_hw) < SMALLEST_SIDE:
            raise UsageError(
                f"the frame is {task.size_hw[1]}x{task.size_hw[0]}, but neighbor needs "
                f"{SMALLEST_SIDE} pixels on each side"
            )
        self._encoder, self._neighbor = encoder, neighbor
        self._scales = scales_of(
            task.size_hw,
            gatys.scales,
            (neighbor.neighbor_steps,),
            coarsest_side=_COARSEST_SIDE,
            smallest=SMALLEST_SIDE,
        )
        self._reader = PlaceReader(encoder, task.dtype)
        self.targets = StylePlaces(
            task.given,
            task.style_masks,
            self._reader,
            brush_size=task.options.brush_size,
            seed=gatys.seed,
            device=task.device,
        )
        self._field: Tensor | None = None
        """The index of the style's place matched to each place of the last frame: (K, L, h, w)."""

    def needed_bytes(self, pixels: int) -> int:
        """An upper estimate of the memory that painting takes."""
        at_once = min(pixels, MOST_UNTILED)
        channels = sum(self._encoder.channels(layer) for layer in LAYERS)
        kept = 24 * channels * pixels // PLACE_SIDE**2
        return 900 * 2**20 + self._encoder.bytes_per_pixel * at_once + 12 * 24 * pixels + kept

    def forget(self) -> None:
        self._field = None

    def state(self) -> State:
        """The matches of the last frame."""
        field = self._field
        return {} if field is None else {"field": field.to("cpu", torch.int32).numpy()}

    def restore(self, state: State) -> None:
        self._field = None
        if "field" in state:
            self._field = torch.tensor(state["field"]).to(self.task.device, torch.int64)

    def paint_first(self, picture: Picture, weights: Weights | None, strength: float) -> Picture:
        rounds = _REFINING_ROUNDS * self._refining_steps
        count, done = sum(steps for _, steps in self._scales) + rounds, 0
        point: Tensor | None = None
        for size_hw, steps in self._scales:
            scene = resize(picture, size_hw)
            matching = self._matching(scene, weights, strength)
            if point is None:
                begun, own_share = self.pixels(self.in_style_colors(scene, weights, strength)), 0.0
            else:
                begun = F.interpolate(point, size_hw, mode="bicubic", align_corners=False)
                own_share = 1 - self._neighbor.scene
            field = matching.joint(begun, own_share)
            point = self._descend(begun, matching, field, None, steps, done=done, count=count)
            done += steps
        assert point is not None
        for _ in range(_REFINING_ROUNDS):
            seen = matching.see(point)
            field, sought = matching.apart(seen), matching.sought(seen, self.gatys.seed)
            steps = self._refining_steps
            point = self._descend(
                point, matching, field, None, steps, sought=sought, done=done, count=count
            )
            done += steps
        self._field = field
        return self.in_style_colors(as_picture(point), weights, strength)

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
        matching = self._matching(here.picture, weights, strength)
        begun = self.pixels(seed)
        carried, known = self._carried(here, anchor, last)
        # Newly visible places are matched by the scene at first, then like all others.
        new = matching.joint(begun, 1 - self._neighbor.scene, ~known)
        first = torch.where(known, matching.apart(matching.see(begun), carried), new)
        half = max(1, self.gatys.frame_steps // 2)
        tolerance = _TOLERANCE if self.gatys.tolerance is None else self.gatys.tolerance
        point, count = begun, 2 * half
        point = self._descend(
            point, matching, first, anchor, half, done=0, count=count, tolerance=tolerance
        )
        self._field = matching.apart(matching.see(point), first)
        point = self._descend(
            point, matching, self._field, anchor, half, done=half, count=count, tolerance=tolerance
        )
        return as_picture(point)

    def _matching(self, scene: Picture, weights: Weights | None, strength: float) -> Matching:
        return Matching(
            self.pixels(scene),
            weights,
            strength,
            styles=self.targets,
            reader=self._reader,
            dtype=self.task.dtype,
        )

    @property
    def _refining_steps(self) -> int:
        return max(1, round(self._neighbor.neighbor_steps / _REFINING_ROUNDS))

    def _carried(
        self, here: View, anchor: Anchor, last: View | None
    ) -> tuple[Tensor | None, Tensor]:
        """The last frame's matches warped to this frame (-1: none), and the anchor's visibility."""
        height, width = here.picture.shape[:2]
        grid = (height // PLACE_SIDE, width // PLACE_SIDE)
        seen = F.avg_pool2d(anchor.visible, PLACE_SIDE)[0, 0] > 0.5
        if self._field is None or last is None:
            return None, seen
        flow = self.task.flow.between(here, last)
        sure = visible(flow, self.task.flow.between(last, here))
        coarse = cv2.resize(flow, (grid[1], grid[0]), interpolation=cv2.INTER_AREA) / PLACE_SIDE
        y, x = np.mgrid[: grid[0], : grid[1]]
        y = np.rint(y + coarse[..., 1]).clip(0, grid[0] - 1).astype(np.int64)
        x = np.rint(x + coarse[..., 0]).clip(0, grid[1] - 1).astype(np.int64)
        moved = self._field[:, :, torch.from_numpy(y), torch.from_numpy(x)]
        kept = torch.from_numpy(sure)[None, None].to(self.task.device)
        held = F.avg_pool2d(kept, PLACE_SIDE)[0, 0] > 0.5
        return torch.where(held, moved, -1), seen

    def _descend(
        self,
        start: Tensor,
        matching: Matching,
        field: Tensor,
        anchor: Anchor | None,
        steps: int,
        *,
        sought: Sequence[Sought] = (),
        done: int,
        count: int,
        tolerance: float = 0.0,
    ) -> Tensor:
        pyramid = Pyramid((start.shape[2], start.shape[3]))
        loss = PlacesLoss(
            self._reader,
            pyramid,
            matching.wanted(field),
            anchor,
            self.gatys.temporal_weight,
            sought,
        )
        reached = walk_down(
            pyramid.point(start),
            loss,
            steps,
            optimizer="adam",
            rate=self._neighbor.neighbor_rate,
            averaging=self.gatys.averaging,
            tolerance=tolerance,
            on_step=telling(
                self.task.on_step,
                done=done,
                count=count,
                size_hw=(start.shape[2], start.shape[3]),
                picture_of=pyramid.picture,
            ),
        )
        return pyramid.picture(reached)
