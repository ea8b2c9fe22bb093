"""Carry drawn masks through a shot, along the optical flow of the source.

Where each pixel lay in the frame that the masks were drawn on is found by composing the flow from
frame to frame, and corrected against that very frame: small errors do not add up, and masks that
are sampled from the drawn ones stay sharp. What was hidden in that frame has no place there. Its
label comes from around, from what looks and moves like it, and is carried on from there.
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
"""Motion is looked for at this size at most."""
_FARTHEST_CORRECTION_PX = 3.0
_NOISE_FACTOR, _NOISE = 2.0, 6.0
_REACH_PX = 12
_STRIDE_PX = 3
"""Pixels whose label is not sure look so far, in such steps, for others like them."""
_SAME_COLOR = 24.0
"""In 1/255, and"""
_SAME_MOTION_PX = 0.7
"""in pixels a frame: what differs by less belongs together."""
_LEARNT = 0.1
"""In each frame so much surer is what was hidden at first."""
_UNSURE = 0.02
_SHARPNESS = 3.0
"""How steep edges are made that looking around has softened."""


class Tracker:
    """Carries the masks of one shot's regions from frame to frame."""

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
            told = warp(mask, back)
            drawn = sampled(self._drawn[name], self._places)
            told = np.where(self._known > 0.5, drawn, told)
            self._masks[name] = self._looked_around(told, here, back)
        self._before = here
        return {name: self._full(mask) for name, mask in self._masks.items()}

    def _correct(self, here: Picture, places: Flow) -> None:
        """Move places in the drawn frame to where it looks like here; forget where it does not."""
        shown = sampled(self._anchor.astype(np.float32), places)
        expected = np.asarray(cv2.convertScaleAbs(shown), np.uint8)
        astray, opposite = optical_flow(here, expected), optical_flow(expected, here)
        near = cv2.magnitude(astray[..., 0], astray[..., 1]) < _FARTHEST_CORRECTION_PX
        alike = _agree(astray, opposite) * _alike(here, expected, astray) * near
        self._places = warp(places, np.asarray(astray * (alike * self._known)[..., None]))
        self._known = self._known * alike

    def _looked_around(self, told: Floats, here: Picture, back: Flow) -> Floats:
        """A mask in whose doubtful places those count that have the same color and motion.

        A joint bilateral filter (Kopf et al. 2007, equation 3) over color and flow.
        """
        rows, columns = np.nonzero(self._sure < 0.5)
        if not len(rows):
            return told
        height, width = told.shape
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
                marked += weight * told[at]
        result = told.copy()
        result[rows, columns] = np.clip(0.5 + _SHARPNESS * (marked / total - 0.5), 0, 1)
        return result

    def _seen(self, mask: Mask) -> Floats:
        small = cv2.resize(mask, self._seen_hw[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(small / np.float32(255), np.float32)

    def _full(self, mask: Floats) -> Mask:
        full = cv2.resize(mask, self._size_hw[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray((full * 255).round(), np.uint8)


def _agree(flow: Flow, opposite: Flow) -> Floats:
    """1 where the two flows lead back to where they began, as visible has it but for its edges."""
    disagreement, allowed = flow_disagreement(flow, opposite)
    return np.asarray(disagreement < allowed + 0.5, np.float32)


def _alike(here: Picture, there: Picture, flow: Flow) -> Floats:
    """1 where the one picture shows what the other does, but for noise."""
    apart = np.abs(warp(there.astype(np.float32), flow) - here).max(2)
    apart = cv2.blur(apart, (3, 3))
    return np.asarray(apart < _NOISE_FACTOR * np.median(apart) + _NOISE, np.float32)
