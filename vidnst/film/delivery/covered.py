"""A frame of a film with what painted frames cover of it, and a mark on what none does."""

from collections.abc import Sequence

import cv2
import numpy as np

from vidnst.film.delivery.labels import label, labeled
from vidnst.frames.frame import Picture
from vidnst.motion.carry import NO_PAINTING, Carried

_COLORS = (
    (0, 200, 255),
    (255, 120, 40),
    (150, 230, 60),
    (235, 90, 235),
    (255, 220, 60),
    (120, 140, 255),
)
"""Of a shot's painted frames, in turn: of their contours, and of their parts of the bar."""
_DIMMED, _STRIPE = 0.4, 0.35
_SMALLEST_PART = 0.0005
"""The share of the frame from which on a part gets a contour."""


def covered_picture(scene: Picture, carried: Carried, words: str, names: Sequence[str]) -> Picture:
    """The carried paintings, and the scene in dark gray with diagonal stripes where there is none.

    A contour tells which painted frame a part is from, and a bar at the top how much of the frame
    is from each. words: a label; names: of the painted frames. All pictures are RGB uint8 (H, W, 3)
    of one size.
    """
    height, width = scene.shape[:2]
    picture = carried.over(_left_bare(scene))
    shares = shares_of(carried)
    for index in shares:
        part = ((carried.taken == index) & carried.is_sure).astype(np.uint8)
        part = cv2.medianBlur(part, 2 * (height // 60) + 1)
        contours, _ = cv2.findContours(part, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        large = [c for c in contours if cv2.contourArea(c) > _SMALLEST_PART * height * width]
        cv2.drawContours(picture, large, -1, _color(index), max(1, height // 360))
    tall, letters = max(3, height // 50), max(14, height // 24)
    picture[:tall] //= 4
    done, right = 0.0, 0
    for index, share in sorted(shares.items()):
        start, done = round(done * width), done + share
        picture[:tall, start : round(done * width)] = _color(index)
        name = label(f"{names[index]}  {share:.0%}", letters)[:, : width - right, :3]
        there = picture[tall : tall + letters, right : right + name.shape[1]]
        there[:] = (name[: there.shape[0]] / 255 * _color(index)).astype(np.uint8)
        right += name.shape[1]
    return labeled(picture, words, letters)


def shares_of(carried: Carried) -> dict[int, float]:
    """Of each known frame, by its index, the share 0..1 of the frame that is from it."""
    size = carried.trust.size
    return {
        int(index): float(carried.trust[carried.taken == index].sum()) / size
        for index in np.unique(carried.taken)
        if index != NO_PAINTING
    }


def _left_bare(scene: Picture) -> Picture:
    height, width = scene.shape[:2]
    gray = _DIMMED * cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY).astype(np.float32)
    y, x = np.mgrid[:height, :width]
    period = max(8, height // 24)
    stripes = ((x + y) % period < period // 4)[..., None] * _STRIPE
    bare = gray[..., None] * (1 - stripes) + 255 * stripes
    return np.repeat(np.rint(bare), 3, 2).astype(np.uint8)


def _color(index: int) -> Sequence[int]:
    return _COLORS[index % len(_COLORS)]
