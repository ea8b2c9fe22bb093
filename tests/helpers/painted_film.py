"""A film whose painted version is known: surfaces painted once, seen by a camera that moves."""

import cv2
import numpy as np

from vidnst.frames.frame import Picture

_COLORS = [
    ((150, 160, 175), (230, 215, 170)),
    ((90, 120, 70), (60, 140, 110)),
    ((160, 90, 70), (200, 70, 50)),
    ((70, 80, 110), (50, 60, 130)),
]
"""Of each kind of surface: the scene's, and the painter's."""


def painted_film(
    count: int = 24, size_hw: tuple[int, int] = (96, 160), seed: int = 0
) -> tuple[list[Picture], list[Picture]]:
    """Frames and their true paintings: recolored, outlined, and hatched along the surfaces.

    The camera pans by three pixels a frame and turns a little.
    """
    height, width = size_hw
    wall = _wall(np.random.default_rng(seed), height + 60, width + 3 * count + 60)
    frames: tuple[list[Picture], list[Picture]] = ([], [])
    for index in range(count):
        turn = 0.02 * np.sin(index / 4)
        there = np.array([[1, -turn, -25 - 3 * index], [turn, 1, -30]], np.float32)
        for canvas, out in zip(wall, frames, strict=True):
            seen = cv2.warpAffine(canvas, there, (width, height), borderMode=cv2.BORDER_REFLECT)
            out.append(np.asarray(seen, np.uint8))
    return frames


def _wall(rng: np.random.Generator, height: int, width: int) -> tuple[Picture, Picture]:
    kinds = np.zeros((height, width), np.uint8)
    for number in range(height * width // 1200):
        center = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(8, 30)), int(rng.integers(8, 30)))
        kind = 1 + number % (len(_COLORS) - 1)
        cv2.ellipse(kinds, center, axes, float(rng.integers(180)), 0, 360, kind, -1)
    scene, painting = (np.array(each, np.float32)[kinds] for each in zip(*_COLORS, strict=True))
    for step, amount in ((32, 10), (6, 8), (3, 6)):
        noise = rng.standard_normal((height // step + 2, width // step + 2, 3)).astype(np.float32)
        scene += amount * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[:height, :width]
    for kind in range(len(_COLORS)):
        place = (x * np.cos(kind) + y * np.sin(kind)) / 7
        painting[(np.abs(place - np.rint(place)) < 0.14) & (kinds == kind)] *= 0.6
    edges = cv2.morphologyEx(kinds, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    painting[edges] = 25
    return np.clip(scene, 0, 255).astype(np.uint8), np.clip(painting, 0, 255).astype(np.uint8)
