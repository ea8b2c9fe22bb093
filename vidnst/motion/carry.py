"""Warp the paintings of known frames to another frame, where both show the same."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vidnst.frames.frame import Floats, Picture
from vidnst.motion.flow import Flow, optical_flow
from vidnst.motion.link import seen_small
from vidnst.motion.visibility import flow_disagreement, inside
from vidnst.motion.warp import warp

_AGREED = 0.5
"""In square pixels at the size of seen_small: the forward-backward disagreement of the flow at
which trust falls to 1/e."""
_ALIKE = (6.0, 18.0)
"""Color differences in 1/255: up to the first, trust is full, from the second on, it is 0. This
tolerates changes of light; alone it is not enough, as an occluder may have the same color."""
_EDGE_PX, _FEATHER_PX = 3, 5


@dataclass(frozen=True, eq=False)
class Known:
    """A frame of the scene and its painting, RGB uint8 (H, W, 3) each."""

    scene: Picture
    painting: Picture


def carried_over(painted: Picture, scene: Picture, known: Sequence[Known]) -> Picture:
    """Blend the warped known paintings into painted, wherever their frames show the same scene.

    Each pixel takes only the painting with the highest trust, so that two that differ do not show
    through each other. All are RGB uint8 (H, W, 3) of one size.
    """
    height, width = scene.shape[:2]
    best = np.zeros((height, width), np.float32)
    chosen = painted.astype(np.float32)
    here = seen_small(scene)
    for each in known:
        if np.array_equal(each.scene, scene):
            return each.painting
        there = seen_small(each.scene)
        flow_here_to_there = optical_flow(here, there)
        trust = cv2.resize(_trust(here, there, flow_here_to_there), (width, height))
        scales = np.array([width / here.shape[1], height / here.shape[0]], np.float32)
        flow = cv2.resize(flow_here_to_there * scales, (width, height))
        carried = warp(each.painting.astype(np.float32), np.asarray(flow, np.float32))
        better = trust > best
        chosen[better] = carried[better]
        best[better] = trust[better]
    share = best[..., None]
    return np.rint(share * chosen + (1 - share) * painted).astype(np.uint8)


def _trust(here: Picture, there: Picture, flow_here_to_there: Flow) -> Floats:
    """Confidence, 0..1, that the flow leads each pixel to the same thing in the other frame."""
    disagreement, _ = flow_disagreement(flow_here_to_there, optical_flow(there, here))
    brought = warp(there.astype(np.float32), flow_here_to_there)
    apart = cv2.blur(cv2.absdiff(brought, here.astype(np.float32)), (5, 5)).mean(2)
    alike = np.clip((_ALIKE[1] - apart) / (_ALIKE[1] - _ALIKE[0]), 0, 1)
    sure = inside(flow_here_to_there) * np.exp(-disagreement / _AGREED) * alike
    # Borders of trusted areas are unreliable: erode them, then feather.
    sure = cv2.erode(sure.astype(np.float32), np.ones((_EDGE_PX, _EDGE_PX)))
    feathered = cv2.blur(sure, (_FEATHER_PX, _FEATHER_PX))
    return np.asarray(np.where(sure > 0, feathered, 0), np.float32)
