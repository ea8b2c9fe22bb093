"""A motif, and what stands in it: houses, trees, flowers, boats.

A motif says of each pixel what it shows, how light that is, and along which lines it is drawn; each
technique makes its own colors and marks of that.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from painting.canvas import HEIGHT, SIZE_HW, Image, Mask, X, Y, noise, ramp

KINDS = (
    "sky",
    "sun",
    "cloud",
    "far",
    "hill",
    "field",
    "near",
    "tree",
    "trunk",
    "wall",
    "shade",
    "roof",
    "window",
    "water",
    "path",
    "petal",
    "heart",
    "leaf",
    "sail",
    "hull",
)
Point = tuple[float, float]


class Motif:
    """kind: numbers of KINDS. part: which of all that was put there it is. light: 0..1.

    across: in pixels; its level lines are the strokes'. angle: of the strokes, in radians.
    """

    def __init__(self) -> None:
        self.kind = np.zeros(SIZE_HW, np.uint8)
        self.part = np.zeros(SIZE_HW, np.int32)
        self.parts = 0
        self.light, self.across, self.angle = (np.zeros(SIZE_HW, np.float32) for _ in range(3))

    def put(self, kind: str, inside: Mask, light: Image | float, across: Image) -> None:
        """Set something before all that is there. across: in heights of the picture."""
        if not inside.any():
            return
        left, top, width, height = cv2.boundingRect(inside.astype(np.uint8))
        box = (slice(top, top + height + 1), slice(left, left + width + 1))
        inside, across = inside[box], np.broadcast_to(across, SIZE_HW)[box]
        light = np.broadcast_to(np.asarray(light, np.float32), SIZE_HW)[box]
        down, right = np.gradient(across)
        angle = np.arctan2(down, right) + np.pi / 2
        self.parts += 1
        self.kind[box][inside], self.part[box][inside] = KINDS.index(kind), self.parts
        for old, new in ((self.light, light), (self.across, across * HEIGHT), (self.angle, angle)):
            old[box][inside] = new[inside]

    def where(self, *kinds: str) -> Mask:
        return np.isin(self.kind, [KINDS.index(kind) for kind in kinds])

    def colored(self, colors: dict[str, str], spread: float = 1.0) -> Image:
        """For each kind a dark and a light color, as 'rrggbb rrggbb', mixed by the light."""
        result = np.zeros((*SIZE_HW, 3), np.float32)
        light = np.clip((self.light - 0.5) * spread + 0.5, 0, 1)[..., None]
        for number, kind in enumerate(KINDS):
            inside = self.kind == number
            if inside.any():
                dark, bright = (
                    np.array([int(c[i : i + 2], 16) for i in (0, 2, 4)]) / 255
                    for c in colors[kind].split()
                )
                result[inside] = (dark + (bright - dark) * light[inside]).astype(np.float32)
        return result

    def edges(self, width_px: int) -> Mask:
        """Where one thing meets another."""
        shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width_px, width_px))
        return cv2.dilate(self.kind, shape) != cv2.erode(self.kind, shape)


def polygon(points: Sequence[Point]) -> Mask:
    """Inside of corners (x, y), in heights of the picture."""
    mask = np.zeros(SIZE_HW, np.uint8)
    corners = np.round(np.array(points) * HEIGHT * 8).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1, cv2.LINE_8, 3)
    return mask.astype(bool)


def distance(x: float, y: float) -> Image:
    return np.hypot(X - x, Y - y)


def house(motif: Motif, x: float, y: float, size: float, turned: float = 1) -> None:
    """A house with its lower left corner at (x, y); turned: 1 shows its right side, -1 its left."""

    def at(right: float, up: float) -> Point:
        return x + turned * size * right, y - size * up

    upright, level = X, Y
    motif.put(
        "wall",
        polygon([at(0, 0), at(0, 0.62), at(0.3, 1), at(0.6, 0.62), at(0.6, 0)]),
        0.85,
        upright,
    )
    motif.put(
        "shade", polygon([at(0.6, 0), at(0.6, 0.62), at(1.5, 0.7), at(1.5, 0.08)]), 0.3, level
    )
    motif.put(
        "roof",
        polygon([at(0.24, 1.05), at(0.56, 0.58), at(1.56, 0.66), at(1.2, 1.12)]),
        0.55,
        X * 0.6 + turned * Y * 0.8,
    )
    for right, up in ((0.12, 0.12), (0.38, 0.36), (0.8, 0.22), (1.15, 0.25)):
        corners = [at(right, up), at(right, up + 0.2), at(right + 0.13, up + 0.2)]
        motif.put("window", polygon([*corners, at(right + 0.13, up)]), 0.4, upright)


def cypress(motif: Motif, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    """A tree like a flame, its foot at (x, y)."""
    up = np.clip((y - Y) / size, 0, 1)
    middle = x + 0.05 * size * np.sin(7 * up + x * 20)
    half = 0.16 * size * np.sin(np.pi * np.clip(up, 0, 1) ** 0.7) * (1 + 0.1 * noise(rng, 26))
    side = (X - middle) / (half + 1e-4)
    inside = (np.abs(side) < 1) & (up > 0.001) & (up < 0.999)
    across = X - middle + 0.02 * np.sin(20 * up)
    motif.put("tree", inside, 0.5 + 0.45 * side, across.astype(np.float32))


def round_tree(motif: Motif, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    """A tree with a round crown, its foot at (x, y)."""
    width = 0.05 * size * (1 + 1.2 * ramp(0.25 * size, 0, y - Y))
    motif.put("trunk", (np.abs(X - x) < width) & (y > Y) & (y - 0.8 * size < Y), 0.4, X)
    for _ in range(9):
        turn, far = rng.uniform(0, 2 * np.pi), 0.26 * size * np.sqrt(rng.random())
        px, py = x + far * np.cos(turn), y - 0.75 * size + far * np.sin(turn)
        away = distance(px, py)
        light = 0.55 + 0.55 * ((px - X) + (py - Y)) / (0.2 * size)
        motif.put("tree", away < 0.17 * size * (1 + 0.09 * noise(rng, 22)), light, away)


def flower(
    motif: Motif, x: float, y: float, size: float, petals: int, rng: np.random.Generator
) -> None:
    """A flower seen from the front."""
    away = distance(x, y)
    turn = (np.arctan2(Y - y, X - x) + rng.uniform(0, 2)) * petals / (2 * np.pi)
    shape = size * (0.72 + 0.28 * np.abs(np.sin(turn * np.pi)))
    light = 0.45 + 0.5 * away / size - 0.12 * np.cos(turn * 2 * np.pi)
    for petal in range(petals):
        inside = (away < shape) & (np.floor(turn) % petals == petal)
        motif.put("petal", inside, light, turn * size * 2 * np.pi / petals)
    motif.put("heart", away < 0.33 * size, 0.7 - away / size, away)


def boat(motif: Motif, x: float, y: float, size: float) -> None:
    """A boat under two sails, its middle at (x, y) on the water."""

    def at(right: float, up: float) -> Point:
        return x + size * right, y - size * up

    motif.put(
        "sail",
        polygon([at(-0.04, 1.5), at(-0.04, 0.2), at(-0.62, 0.2), at(-0.4, 0.8)]),
        0.9 + (X - x) / size,
        X + 0.4 * Y,
    )
    motif.put(
        "sail",
        polygon([at(0.03, 1.4), at(0.03, 0.2), at(0.5, 0.24)]),
        0.25 + 0.8 * (X - x) / size,
        X - 0.5 * Y,
    )
    motif.put("trunk", polygon([at(-0.03, 1.6), at(0.02, 1.6), at(0.02, 0), at(-0.03, 0)]), 0.3, X)
    hull = [at(-0.7, 0.16), at(-0.5, -0.16), at(0.45, -0.16), at(0.75, 0.22)]
    motif.put("hull", polygon(hull), 0.2 + 1.4 * (y - Y) / size, Y)


def leaf(motif: Motif, x: float, y: float, length: float, turn: float, half: float = 0.3) -> None:
    """A leaf with a middle rib, its foot at (x, y), its tip `length` away."""
    along = ((X - x) * np.cos(turn) + (Y - y) * np.sin(turn)) / length
    side = ((Y - y) * np.cos(turn) - (X - x) * np.sin(turn)) / length
    width = half * np.sin(np.pi * np.clip(along, 0, 1) ** 0.8) + 1e-4
    inside = (np.abs(side) < width) & (along > 0) & (along < 1)
    light = 0.35 + 0.3 * (side > 0) + 0.25 * np.abs(side) / width
    motif.put("leaf", inside, light, (along - 0.9 * np.abs(side)) * length)
    motif.put("trunk", inside & (np.abs(side) < 0.025), 0.4, side)
