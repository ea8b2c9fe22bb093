"""Cut into blocks and printed: woodcut, linocut, waves from wood blocks."""

import cv2
import numpy as np

from painting.canvas import (
    HEIGHT,
    SIZE_HW,
    Image,
    Mask,
    X,
    Y,
    cloudy,
    noise,
    over,
    palette,
    plain,
    ramp,
    rgb,
    soften,
)
from painting.motif import Motif
from painting.scenes import garden, harbor
from painting.strokes import fill, lens, outline, ruled, strokes


def engraved(motif: Motif, period_px: float, rng: np.random.Generator) -> Image:
    """Cut lines along a motif's directions, wide where it is light; 1 is ink, 0 paper."""
    return ruled(motif.across, motif.angle, 1.12 - 1.1 * motif.light, period_px, rng)


def woodcut() -> Image:
    """Black lines cut along the forms, over two flat tints."""
    rng = np.random.default_rng(15)
    motif = harbor(9, (0.80, 0.24))
    motif.light += 0.10 * np.sin(motif.across / 100) * motif.where("sky")
    ink = engraved(motif, 19, rng)
    fine = motif.where("sail", "wall", "roof", "hull", "cloud", "sun")
    ink = np.where(fine, engraved(motif, 13, rng), ink)
    ink = np.maximum(ink, soften(motif.edges(9).astype(np.float32), 1.5))
    ink[motif.where("trunk", "window")] = 1
    tints = {
        "sky": "e9c48a",
        "sun": "d8482c",
        "cloud": "f3e6cc",
        "far": "a9b8a4",
        "water": "86aeb0",
        "near": "c79a62",
        "sail": "f3e6cc",
        "wall": "f3e6cc",
        "roof": "d8482c",
        "shade": "c79a62",
        "hull": "d8482c",
    }
    canvas = plain("f3e6cc")
    for kind, code in tints.items():
        # The tints' blocks are printed a little beside their places.
        moved = np.roll(motif.where(kind).astype(np.float32), (3, -4), (0, 1))
        canvas = over(canvas, rgb(code), soften(moved, 1.5) * (0.94 + 0.05 * noise(rng, 7, 8)))
    grain = ramp(1.5, 2.3, noise(rng, 5, 14) + 0.4 * noise(rng, 90))
    return over(canvas, rgb("1c1815"), ink * (1 - 0.8 * grain))


def gouged(
    motif: Motif, where: Mask, rng: np.random.Generator, *, width: float, length: float, count: int
) -> Image:
    """The marks of a gouge along a motif's directions, thicker where it is light."""
    marks = np.zeros(SIZE_HW, np.float32)
    inner = cv2.erode(where.astype(np.uint8), np.ones((11, 11), np.uint8)).astype(bool)
    for stroke in strokes(motif.angle, rng, count=count, length_px=length, where=inner, shake=0.03):
        light = float(motif.light[stroke.y, stroke.x])
        wide = width * (0.35 + 0.9 * np.clip(light, 0, 1)) * rng.uniform(0.75, 1.2)
        if rng.random() < 1.5 * light - 0.1:
            fill(marks, outline(stroke.line, wide, lens), 1.0)
    return marks * inner


def linocut() -> Image:
    """A reduction print: flat colors, the block gouged anew before each darker one."""
    rng = np.random.default_rng(16)
    motif = garden(23)
    colors = {
        "sky": "f2dfb4 e7a94c c8603a",
        "sun": "f2dfb4 e4502e e4502e",
        "cloud": "f2dfb4 f2dfb4 e7a94c",
        "far": "e7a94c 6f9a8e 2f5f66",
        "hill": "e7a94c 6f9a8e 2f5f66",
        "water": "f2dfb4 6f9a8e 2f5f66",
        "field": "e7a94c c8603a 2f5f66",
        "tree": "6f9a8e 2f5f66 16262e",
        "trunk": "e7a94c 16262e 16262e",
        "wall": "f2dfb4 f2dfb4 e7a94c",
        "shade": "e7a94c 6f9a8e 2f5f66",
        "roof": "e7a94c c8603a 16262e",
        "window": "16262e 16262e 16262e",
        "leaf": "e7a94c 2f5f66 16262e",
        "petal": "f2dfb4 e4502e 8c2430",
        "heart": "e7a94c e7a94c 16262e",
        "near": "e7a94c 2f5f66 16262e",
        "path": "f2dfb4 e7a94c c8603a",
    }
    canvas = plain("16262e")
    everywhere = np.ones(SIZE_HW, bool)
    light = gouged(motif, everywhere, rng, width=15, length=76, count=2300)
    deep = gouged(motif, everywhere, rng, width=10, length=48, count=3400)
    for kind, codes in colors.items():
        pale, middle, dark = palette(codes)
        inside = motif.where(kind)
        bands = np.where((motif.light > 0.42)[..., None], middle, dark)
        bands = over(over(bands, middle, deep), pale, light)
        canvas[inside] = bands[inside]
    outlines = soften(motif.edges(11).astype(np.float32), 1.5)
    canvas = over(canvas, rgb("16262e"), ramp(0.3, 0.6, outlines))
    salt = ramp(1.55, 1.9, noise(rng, 4) + 0.5 * noise(rng, 60))
    return over(canvas, rgb("f2dfb4"), 0.35 * salt)


def _billow(x: Image, level: float, height: float, at: float) -> Image:
    """The line of a wave that rises to `height` at x = at and falls steeply behind."""
    left, right = 0.26, 0.11
    side = np.where(x < at, (x - at) / left, (x - at) / right)
    swell = 0.016 * np.sin(11 * x + 9 * at) + 0.008 * np.sin(23 * x + 5 * at)
    return level - height * np.exp(-(side**2)) - swell


def _discs(spots: list[tuple[float, float, float]]) -> Mask:
    """Discs (x, y, radius), in heights of the picture."""
    mask = np.zeros(SIZE_HW, np.uint8)
    for spot in spots:
        x, y, radius = (round(float(length) * HEIGHT * 8) for length in spot)
        cv2.circle(mask, (x, y), radius, 1, -1, cv2.LINE_8, 3)
    return mask.astype(bool)


def ukiyo() -> Image:
    """Waves from wood blocks: bands of blue between firm lines, foam like claws, a shaded sky."""
    rng = np.random.default_rng(17)
    wood = np.sin(Y * 150 + 5 * cloudy(rng, 420) + 9 * np.exp(-(((X - 0.5) / 0.5) ** 2)))
    top = ramp(0.30, 0.0, Y)[..., None] * 0.9
    low = ramp(0.16, 0.44, Y)[..., None]
    canvas = plain("eddcb0") * (1 - low) + rgb("e6a07c") * low
    canvas = canvas * (1 - top) + rgb("27496d") * top
    line = rgb("14203a")

    def drawn(inside: Mask, width: float = 5) -> Image:
        shape = inside.astype(np.float32)
        body = cv2.GaussianBlur(shape, (0, 0), width)
        return ramp(0.10, 0.2, body) * ramp(0.9, 0.8, body)

    sun = np.hypot(X - 1.02, Y - 0.22)
    canvas = over(
        canvas, rgb("c83a2a") * (1.06 - 0.5 * ramp(0.06, 0.12, sun)[..., None]), sun < 0.12
    )
    for x, y, length in (
        (0.18, 0.10, 0.34),
        (0.62, 0.17, 0.26),
        (0.95, 0.30, 0.38),
        (0.20, 0.29, 0.3),
        (1.20, 0.10, 0.24),
        (0.6, 0.06, 0.2),
    ):
        for step in range(3):
            half = length * (0.5 - 0.11 * step)
            away = np.hypot(
                np.clip(np.abs(X - x - 0.05 * step) - half, 0, None), Y - y - 0.024 * step
            )
            band = away < 0.0125
            canvas = over(canvas, rgb("f4ead2") if step % 2 else rgb("d9c6a0"), band)
            canvas = over(canvas, line, drawn(band, 3) * 0.85)
    peak = 0.44 - 0.24 * np.exp(-np.abs(X - 0.62) / 0.16) - 0.012 * np.sin(40 * X)
    hill = peak < Y
    snow = hill & (0.305 + 0.02 * np.abs(np.sin(38 * X)) > Y)
    canvas = over(canvas, rgb("6d87a0") * (1.25 - 0.9 * np.clip(Y - peak, 0, 0.4)[..., None]), hill)
    gullies = np.sin(46 * np.arctan2(X - 0.62, Y - 0.12) + 2 * np.sin(30 * Y)) > 0.55 + 1.5 * (
        Y - 0.3
    )
    canvas = over(canvas, rgb("3f5f80"), gullies & hill)
    canvas = over(canvas, rgb("f4ead2"), snow)
    canvas = over(canvas, line, np.maximum(drawn(hill), drawn(snow, 3)))
    blues = palette("a9c6c4 6f9fb5 3f73a0 25508a 173a6a")
    waves = (
        (0.50, 0.05, 1.10, 0),
        (0.56, 0.17, 0.16, 1),
        (0.62, 0.10, 0.80, 2),
        (0.70, 0.20, 1.20, 3),
        (0.78, 0.22, 0.40, 4),
        (0.90, 0.13, 0.95, 3),
        (0.98, 0.12, 0.14, 4),
    )
    for level, height, at, blue in waves:
        crest = _billow(X, level, height, at)
        depth = Y - crest
        inside = depth > 0
        body = blues[blue] * (1.12 - 0.9 * np.clip(depth, 0, 0.5)[..., None])
        canvas = over(canvas, body, inside)
        # Bands that run with the crest, and lie closer further down its back.
        phase = (depth + 0.04 * np.sin(6 * (X - at))) / (0.038 + 0.05 * np.clip(depth, 0, 1))
        band = np.abs(phase - np.floor(phase) - 0.5) * 2
        wide = 0.42 * ramp(0.26, 0.02, depth) + 0.12
        stripe = ramp(wide + 0.06, wide - 0.06, band) * inside
        canvas = over(canvas, blues[max(0, blue - 2)] if blue > 1 else rgb("eef0e0"), stripe)
        edge = np.abs(band - wide) < 0.055
        canvas = over(canvas, line, soften((edge & inside).astype(np.float32), 1.2) * 0.8)
        spots = []
        for x in np.arange(-0.02, 1.36, 0.018):
            y = float(_billow(np.float32(x), level, height, at))
            near = np.exp(-(((x - at) / 0.2) ** 2))
            size = (0.010 + 0.018 * near) * rng.uniform(0.7, 1.25)
            spots.append((x, y + 0.35 * size, size))
            if near > 0.25:
                # A claw: beads, each smaller than the one before, that hang over the front.
                reach = rng.uniform(0.5, 1.2)
                for bead in range(5):
                    fx, fy = x + 0.010 * (bead + 1) * reach, y + (0.009 + 0.002 * bead) * bead
                    spots.append((fx, fy, size * (0.85 - 0.1 * bead)))
        foam = _discs(spots)
        canvas = over(canvas, rgb("f6f0de"), foam)
        shade = foam & ~np.roll(foam, (-10, -6), (0, 1))
        canvas = over(canvas, rgb("b4ccd0"), shade)
        canvas = over(canvas, line, np.maximum(drawn(foam, 4), drawn(inside, 4) * ~foam))
        spray = [
            (
                at + rng.normal(0.05, 0.10),
                level - height - rng.exponential(0.035) + 0.02,
                rng.uniform(0.003, 0.008),
            )
            for _ in range(26)
        ]
        canvas = over(canvas, rgb("f6f0de"), _discs(spray))
    return np.clip(canvas * (1 + 0.05 * wood + 0.015 * noise(rng, 3))[..., None], 0, 1)
