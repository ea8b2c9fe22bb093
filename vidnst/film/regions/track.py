"""Propagate drawn masks through a shot, along the optical flow of the source.

The flow is composed from frame to frame, which maps each pixel to its position in the frame that
the masks were drawn on (the anchor). The composed flow is corrected against the anchor, so that
errors do not accumulate, and masks stay sharp because they are sampled from the drawn ones. A pixel
that was occluded in the anchor has no position there: it takes its label from nearby pixels of
similar color and motion, and that label is propagated from then on.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from vidnst.frames.frame import Floats, Picture
from vidnst.frames.resize import resize
from vidnst.media.masks import Mask
from vidnst.motion.flow import Flow, optical_flow
from vidnst.motion.visibility import flow_disagreement, visible
from vidnst.motion.warp import pixel_grid, sampled, warp

_SEEN_SIDE = 640
"""Optical flow is computed with the longer side at most this, in pixels."""
_FARTHEST_CORRECTION_PX = 3.0
_NOISE_FACTOR, _NOISE = 2.0, 6.0
_REACH_PX = 12
_STRIDE_PX = 3
"""Search radius and step for similar pixels around one whose label is uncertain."""
_SAME_COLOR = 24.0
"""Difference in 1/255, and"""
_SAME_MOTION_PX = 0.7
"""in pixels per frame, at which the filter of _looked_around weighs by exp(-1/2)."""
_LEARNT = 0.1
"""Confidence that a label gains per frame, where it was occluded in the anchor."""
_UNSURE = 0.02
_SHARPNESS = 3.0
"""Contrast applied to mask edges that _looked_around has softened."""


class Tracker:
    """Propagates the masks of one shot's regions from frame to frame."""

    def __init__(self, picture: Picture, masks: Mapping[str, Mask]) -> None:
        """picture: the frame that the masks are drawn on, RGB uint8 (H, W, 3)."""
        self._size_hw = (picture.shape[0], picture.shape[1])
        scale = min(1.0, _SEEN_SIDE / max(self._size_hw))
        self._seen_hw = round(self._size_hw[0] * scale), round(self._size_hw[1] * scale)
        self._anchor = self._before = resize(picture, self._seen_hw)
        self._drawn = {name: self._seen(mask) for name, mask in masks.items()}
        self._masks = dict(self._drawn)
        self._places = pixel_grid(*self._seen_hw).copy()
        self._known = np.ones(self._seen_hw, np.float32)
        self._sure = np.ones(self._seen_hw, np.float32)

    def follow(self, picture: Picture) -> dict[str, Mask]:
        """The masks on the next frame, RGB uint8 of the size of the first; uint8 (H, W) each."""
        here = resize(picture, self._seen_hw)
        back, forth = optical_flow(here, self._before), optical_flow(self._before, here)
        trusted = visible(back, forth) * _alike(here, self._before, back)
        self._known = warp(self._known, back) * trusted
        self._correct(here, warp(self._places, back))
        self._sure = np.minimum(1, warp(self._sure, back) * trusted + _LEARNT * trusted)
        for name, mask in self._masks.items():
            carried = warp(mask, back)
            drawn = sampled(self._drawn[name], self._places)
            carried = np.where(self._known > 0.5, drawn, carried)
            self._masks[name] = self._looked_around(carried, here, back)
        self._before = here
        return {name: self._full(mask) for name, mask in self._masks.items()}

    def _correct(self, here: Picture, places: Flow) -> None:
        """Correct positions in the anchor by the residual flow; drop those that do not match."""
        shown = sampled(self._anchor.astype(np.float32), places)
        expected = np.asarray(cv2.convertScaleAbs(shown), np.uint8)
        astray, opposite = optical_flow(here, expected), optical_flow(expected, here)
        near = cv2.magnitude(astray[..., 0], astray[..., 1]) < _FARTHEST_CORRECTION_PX
        alike = _agree(astray, opposite) * _alike(here, expected, astray) * near
        self._places = warp(places, np.asarray(astray * (alike * self._known)[..., None]))
        self._known = self._known * alike

    def _looked_around(self, mask: Floats, here: Picture, back: Flow) -> Floats:
        """The mask, its uncertain pixels filled in from nearby ones of similar color and motion.

        A joint bilateral filter (Kopf et al. 2007, equation 3) over color and flow.
        """
        rows, columns = np.nonzero(self._sure < 0.5)
        if not len(rows):
            return mask
        height, width = mask.shape
        color, motion = here.astype(np.float32) / _SAME_COLOR, back / _SAME_MOTION_PX
        seen = np.concatenate([color, motion], 2)
        own = seen[rows, columns]
        total = np.full(len(rows), 1e-6, np.float32)
        marked = 0.5 * total
        steps = range(-_REACH_PX, _REACH_PX + 1, _STRIDE_PX)
        for down in steps:
            for right in steps:
                at = (rows + down).clip(0, height - 1), (columns + right).clip(0, width - 1)
                apart = np.square(seen[at] - own).sum(1)
                apart += (down * down + right * right) / (0.5 * _REACH_PX**2)
                weight = np.exp(-0.5 * apart) * np.maximum(self._sure[at], _UNSURE)
                total += weight
                marked += weight * mask[at]
        result = mask.copy()
        result[rows, columns] = np.clip(0.5 + _SHARPNESS * (marked / total - 0.5), 0, 1)
        return result

    def _seen(self, mask: Mask) -> Floats:
        small = cv2.resize(mask, self._seen_hw[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(small / np.float32(255), np.float32)

    def _full(self, mask: Floats) -> Mask:
        full = cv2.resize(mask, self._size_hw[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray((full * 255).round(), np.uint8)


def _agree(flow: Flow, opposite: Flow) -> Floats:
    """1 where forward and backward flow agree, by the rule of `visible` without its soft edge."""
    disagreement, allowed = flow_disagreement(flow, opposite)
    return np.asarray(disagreement < allowed + 0.5, np.float32)


def _alike(here: Picture, there: Picture, flow: Flow) -> Floats:
    """1 where a picture matches the other one warped by the flow, up to noise."""
    apart = np.abs(warp(there.astype(np.float32), flow) - here).max(2)
    apart = cv2.blur(apart, (3, 3))
    return np.asarray(apart < _NOISE_FACTOR * np.median(apart) + _NOISE, np.float32)
