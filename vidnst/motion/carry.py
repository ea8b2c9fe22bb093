"""Carry paintings of known frames over to another frame, where it shows the same."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vidnst.frames.frame import Floats, Picture
from vidnst.motion.flow import Flow, optical_flow
from vidnst.motion.visibility import flow_disagreement, inside
from vidnst.motion.warp import warp

_AGREED = 0.5
"""In square pixels: flows there and back that differ by more are trusted by less than a third."""
_ALIKE = (6.0, 18.0)
"""In 1/255: of colors less apart than the first a painting is carried whole, than the second not at
all; light changes, and what is hidden by something of its own color is still hidden."""
_EDGE_PX, _FEATHER_PX = 5, 9


@dataclass(frozen=True, eq=False)
class Known:
    """A frame of the scene and its painting, RGB uint8 (H, W, 3) each."""

    scene: Picture
    painting: Picture


def carried_over(painted: Picture, scene: Picture, known: Sequence[Known]) -> Picture:
    """Painted, with the known paintings in it wherever their frames show what this scene shows.

    Each pixel takes one painting, that of which it can be trusted most, so that where two differ
    none shines through the other. All are RGB uint8 (H, W, 3) of one size.
    """
    best = np.zeros(scene.shape[:2], np.float32)
    chosen = painted.astype(np.float32)
    for each in known:
        if np.array_equal(each.scene, scene):
            return each.painting
        flow_here_to_known = optical_flow(scene, each.scene)
        trust = _trust(scene, each.scene, flow_here_to_known)
        carried = warp(each.painting.astype(np.float32), flow_here_to_known)
        better = trust > best
        chosen[better] = carried[better]
        best[better] = trust[better]
    share = best[..., None]
    return np.rint(share * chosen + (1 - share) * painted).astype(np.uint8)


def _trust(scene: Picture, known: Picture, flow_here_to_known: Flow) -> Floats:
    """How surely each pixel of the scene is seen in the known frame where the flow says, 0..1."""
    disagreement, _ = flow_disagreement(flow_here_to_known, optical_flow(known, scene))
    there = warp(known.astype(np.float32), flow_here_to_known)
    apart = cv2.blur(np.abs(there - scene).mean(2), (5, 5))
    alike = np.clip((_ALIKE[1] - apart) / (_ALIKE[1] - _ALIKE[0]), 0, 1)
    sure = inside(flow_here_to_known) * np.exp(-disagreement / _AGREED) * alike
    # Edges of what is sure are not, and what is carried ends softly.
    sure = cv2.erode(sure.astype(np.float32), np.ones((_EDGE_PX, _EDGE_PX)))
    feathered = cv2.blur(sure, (_FEATHER_PX, _FEATHER_PX))
    return np.asarray(np.where(sure > 0, feathered, 0), np.float32)
