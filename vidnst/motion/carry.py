"""Warp the paintings of known frames to another frame, where both show the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Floats, Picture
from vidnst.frames.resize import resize
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
_MOST_CARRIED = 2
"""The number of known frames, those most similar to a frame, that are carried over to it."""
_THUMBNAIL_HW = (18, 32)
NO_PAINTING = -1
_SURE = 0.5


@dataclass(frozen=True, eq=False)
class Known:
    """A frame of the scene and its painting, RGB uint8 (H, W, 3) each."""

    scene: Picture
    painting: Picture


@dataclass(frozen=True, eq=False)
class Carried:
    """Known paintings, warped to one frame of the scene.

    Each pixel takes only the painting with the highest trust, so that two that differ do not show
    through each other. picture: float32 (H, W, 3) in 0..255, black where nothing is known. trust:
    float32 (H, W) in 0..1. taken: int16 (H, W), which known frame each pixel is from, by its index,
    or NO_PAINTING.
    """

    picture: Floats
    trust: Floats
    taken: npt.NDArray[np.int16]

    @property
    def is_sure(self) -> npt.NDArray[np.bool_]:
        """Where a pixel counts as known, bool (H, W)."""
        return np.asarray(self.trust >= _SURE)

    def over(self, picture: Picture) -> Picture:
        """Blend the known paintings into a picture of this size, RGB uint8, by their trust."""
        share = self.trust[..., None]
        return np.rint(share * self.picture + (1 - share) * picture).astype(np.uint8)


class Carrier:
    """Carries the paintings of known frames, all of one size, to any frame of their scene."""

    def __init__(
        self, known: Sequence[Known], fitted: Callable[[Picture], Picture] = lambda picture: picture
    ) -> None:
        """fitted: brings the known pictures to the size of the frames that will come."""
        self._thumbnails = [thumbnail(each.scene) for each in known]
        self._known = [Known(fitted(each.scene), fitted(each.painting)) for each in known]

    def to(self, scene: Picture) -> Carried:
        """Carry the paintings of the most similar known frames to a frame, RGB uint8 (H, W, 3)."""
        seen = thumbnail(scene)
        apart = [difference(seen, each) for each in self._thumbnails]
        nearest = np.argsort(apart, kind="stable")[:_MOST_CARRIED]
        return _carried(scene, [(int(index), self._known[index]) for index in nearest])


def thumbnail(picture: Picture) -> Picture:
    """A picture, reduced to what tells scenes apart."""
    return resize(picture, _THUMBNAIL_HW)


def difference(a: Picture, b: Picture) -> float:
    """The mean difference of two pictures of one size, in 1/255."""
    return float(np.abs(a.astype(np.int16) - b).mean())


def _carried(scene: Picture, known: Sequence[tuple[int, Known]]) -> Carried:
    """known: each with its index."""
    height, width = scene.shape[:2]
    picture = np.zeros(scene.shape, np.float32)
    best = np.zeros((height, width), np.float32)
    taken = np.full((height, width), NO_PAINTING, np.int16)
    here = seen_small(scene)
    for index, each in known:
        if np.array_equal(each.scene, scene):
            painting = each.painting.astype(np.float32)
            return Carried(painting, np.ones_like(best), np.full_like(taken, index))
        there = seen_small(each.scene)
        flow_here_to_there = optical_flow(here, there)
        trust = cv2.resize(_trust(here, there, flow_here_to_there), (width, height))
        scales = np.array([width / here.shape[1], height / here.shape[0]], np.float32)
        flow = cv2.resize(flow_here_to_there * scales, (width, height))
        warped = warp(each.painting.astype(np.float32), np.asarray(flow, np.float32))
        better = trust > best
        picture[better], best[better], taken[better] = warped[better], trust[better], index
    return Carried(picture, best, taken)


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
