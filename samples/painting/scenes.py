"""The motifs themselves: a land with hills and houses, a harbor, a garden."""

from collections.abc import Sequence

import numpy as np

from painting.canvas import HEIGHT, SIZE_HW, Image, X, Y, cloudy, noise
from painting.motif import (
    Motif,
    Point,
    boat,
    cypress,
    distance,
    flower,
    house,
    leaf,
    polygon,
    round_tree,
)


def ridge(rng: np.random.Generator, level: float, rise: float, grain_px: float) -> Image:
    """The height of a line of hills (1, W) over x."""
    return level + rise * cloudy(rng, grain_px, 3)[:1]


def swirls(rng: np.random.Generator, sun: Point, count: int) -> Image:
    """A field whose level lines wind about the sun and other centers."""
    field = 0.35 * Y + 0.10 * np.sin(5 * X + 3 * Y)
    centers = [(sun, 0.22, 0.6)]
    for place in np.linspace(0.05, 1.3, count):
        where = (float(place), float(rng.uniform(0.06, 0.34)))
        centers.append((where, float(rng.uniform(0.09, 0.16)), float(rng.uniform(0.2, 0.34))))
    for (x, y), radius, weight in centers:
        field = field + weight * np.exp(-((distance(x, y) / radius) ** 2))
    return field.astype(np.float32)


def _sky(motif: Motif, rng: np.random.Generator, sun: Point, turning: int) -> None:
    away = distance(*sun)
    across = swirls(rng, sun, turning) if turning else away + 0.004 * cloudy(rng, 300)
    light = 0.95 - 0.75 * np.clip(away / 0.9, 0, 1) + 0.12 * np.sin(across * 60)
    motif.put("sky", np.ones(SIZE_HW, bool), light, across)
    motif.put("sun", away < 0.095, 0.9 - 3 * away, away)


def _clouds(motif: Motif, rng: np.random.Generator, places: Sequence[Point]) -> None:
    for x, y in places:
        for puff in range(7):
            px, py = x + 0.045 * (puff - 3), y - 0.02 * rng.random()
            size = 0.03 + 0.03 * rng.random() - 0.005 * abs(puff - 3)
            away = np.hypot((X - px) / 1.25, Y - py)
            light = 1.0 - 0.6 * np.clip((Y - py) / size, 0, 1)
            motif.put("cloud", away < size, light, away)


def land(seed: int, sun: Point, *, turning: int = 0, houses: int = 3) -> Motif:
    """Hills with fields, houses and trees. turning: how many centers the sky turns about."""
    rng = np.random.default_rng(seed)
    motif = Motif()
    _sky(motif, rng, sun, turning)
    if not turning:
        _clouds(motif, rng, [(sun[0] + 0.42 * (1 if sun[0] < 0.7 else -1), 0.17), (0.25, 0.3)])
    for kind, level, rise, grain in (
        ("far", 0.40, 0.030, 260),
        ("hill", 0.48, 0.030, 480),
        ("field", 0.58, 0.022, 620),
    ):
        line = ridge(rng, level, rise, grain)
        depth = Y - line
        slope = np.gradient(line[0])[None] * 260
        light = 0.62 + 0.9 * slope * np.sign(sun[0] - X) - 1.1 * depth + 0.1 * noise(rng, 150)
        across = depth if kind != "field" else np.arctan2(X - 0.6, Y - 0.30) * 0.45
        motif.put(kind, depth > 0, light, np.asarray(across, np.float32))
    # Furrows run toward a point behind the field, and so do the stripes of their light.
    stripe = np.sin(motif.across / HEIGHT / 0.45 * 34)
    motif.light += 0.22 * stripe * motif.where("field")
    bend = 0.66 + 0.16 * np.sin(5.5 * (Y - 0.55)) - 0.1 * (Y - 0.6)
    half = 0.012 + 0.16 * np.clip(Y - 0.56, 0, 1) ** 1.4
    motif.put(
        "path", (np.abs(X - bend) < half) & motif.where("field"), 0.7, (X - bend) / (half * 9)
    )
    for place in range(houses):
        x = 0.16 + place * 1.0 / max(1, houses - 1) + 0.03 * rng.standard_normal()
        y = 0.66 + 0.04 * rng.random()
        house(motif, x, y, 0.13 + 0.03 * rng.random(), 1 if x < 0.7 else -1)
    for x in np.linspace(0.06, 1.3, 9) + 0.03 * rng.standard_normal(9):
        round_tree(motif, float(x), 0.57 + 0.05 * rng.random(), 0.10 + 0.05 * rng.random(), rng)
    line = ridge(rng, 0.86, 0.03, 420)
    motif.put(
        "near",
        line < Y,
        0.75 - 2.6 * (Y - line) + 0.16 * noise(rng, 70),
        (X - 0.66) * 0.8 + 0.25 * np.sin(6 * Y) + 0.04 * np.sin(9 * X),
    )
    for x, y, size in ((0.10, 0.97, 0.72), (0.22, 0.93, 0.42), (1.24, 0.99, 0.5)):
        cypress(motif, x, y, size, rng)
    for _ in range(34):
        x, y = float(rng.uniform(0.02, 1.32)), float(rng.uniform(0.87, 0.99))
        flower(motif, x, y, float(rng.uniform(0.014, 0.026)), 6, rng)
    return motif


def harbor(seed: int, sun: Point) -> Motif:
    """The sea with boats, rocks, a lighthouse, and the sun's way on the waves."""
    rng = np.random.default_rng(seed)
    motif = Motif()
    _sky(motif, rng, sun, 0)
    _clouds(motif, rng, [(0.28, 0.14), (0.62, 0.27), (1.15, 0.10)])
    for level, rise in ((0.40, 0.035), (0.46, 0.02)):
        depth = Y - ridge(rng, level, rise, 300) + 0.25 * np.clip(X - 0.6, 0, 2) - 0.1
        motif.put("far", depth > 0, 0.8 - 2.0 * depth, depth + 0.3 * X)
    depth = np.clip(Y - 0.47, 0, 1)
    swell = np.sin(26 * np.sqrt(depth + 0.01) * 3 + 1.6 * np.sin(9 * X + 14 * depth))
    glow = np.exp(-(((X - sun[0]) / (0.05 + 0.35 * depth)) ** 2))
    light = 0.40 + 0.22 * swell + 0.55 * glow * (swell > -0.2) + 0.06 * noise(rng, 40, 3)
    waves = depth + 0.016 * np.sin(9 * X + 14 * depth) + 0.006 * np.sin(31 * X)
    motif.put("water", depth > 0, light, waves)
    for x, y, size in (
        (0.98, 0.53, 0.07),
        (0.20, 0.56, 0.10),
        (1.18, 0.72, 0.17),
        (0.62, 0.70, 0.22),
    ):
        boat(motif, x, y, size)
    for foot, side in ((0.30, -1), (1.12, 1)):
        wall = side * (X - foot) - 0.45 * (Y - 0.8) + 0.035 * cloudy(rng, 130)
        wall = wall - 0.10 * (side > 0)
        crack = np.sin(60 * (X * 0.5 + Y) + 3 * cloudy(rng, 200))
        inside = (wall > -0.1) & (0.60 + 0.06 * cloudy(rng, 200)[:1] + 0.1 * (side > 0) < Y)
        motif.put("near", inside, 0.5 + 0.3 * crack - 0.9 * (Y - 0.7), 0.8 * X * side + Y * 0.6)
    tower = [(0.105, 0.64), (0.128, 0.27), (0.182, 0.27), (0.205, 0.64)]
    motif.put("wall", polygon(tower), 0.9 - 9 * np.abs(X - 0.145), X)
    for top in (0.33, 0.45, 0.57):
        band = polygon(tower) & (top < Y) & (top + 0.055 > Y)
        motif.put("roof", band, 0.75 - 7 * np.abs(X - 0.145), Y)
    motif.put("roof", polygon([(0.115, 0.235), (0.155, 0.17), (0.195, 0.235)]), 0.5, Y)
    motif.put("window", polygon([(0.13, 0.27), (0.13, 0.235), (0.18, 0.235), (0.18, 0.27)]), 0.8, X)
    house(motif, 0.23, 0.665, 0.1)
    return motif


def garden(seed: int) -> Motif:
    """Large flowers and leaves before hills and a sun."""
    rng = np.random.default_rng(seed)
    motif = Motif()
    _sky(motif, rng, (0.98, 0.22), 0)
    for kind, level in (("far", 0.36), ("hill", 0.44), ("water", 0.53), ("field", 0.66)):
        depth = Y - ridge(rng, level, 0.03, 380)
        stripe = 0.25 * np.sin(90 * depth + 5 * X)
        motif.put(kind, depth > 0, 0.65 - 1.2 * depth + stripe, depth + 0.02 * np.sin(8 * X))
    house(motif, 0.55, 0.53, 0.13)
    round_tree(motif, 0.44, 0.53, 0.19, rng)
    round_tree(motif, 0.82, 0.50, 0.15, rng)
    cypress(motif, 1.12, 0.62, 0.42, rng)
    stems = (
        (0.16, 0.34, 0.15),
        (0.42, 0.66, 0.125),
        (0.76, 0.72, 0.15),
        (1.14, 0.58, 0.13),
        (0.06, 0.70, 0.10),
        (1.27, 0.30, 0.09),
        (0.99, 0.86, 0.085),
    )
    for x, y, _ in stems:
        bow = 0.05 * np.sin(4 * (Y - y) + 9 * x)
        motif.put("leaf", (np.abs(X - x - bow) < 0.011) & (y < Y), 0.4, X - x - bow)
        for step in range(5):
            at = y + 0.12 + 0.10 * step + 0.02 * rng.standard_normal()
            turn = (0.12 if step % 2 else 1.0) * np.pi + (0.5 if step % 2 else -0.5) * -1
            foot = x + 0.05 * float(np.sin(4 * (at - y) + 9 * x))
            leaf(motif, foot, at, float(rng.uniform(0.13, 0.2)), float(turn), 0.24)
    for index, (x, y, size) in enumerate(stems):
        flower(motif, x, y, size, (8, 6, 12)[index % 3], rng)
        flower(motif, x, y, size * 0.55, (8, 6, 12)[index % 3], rng)
    return motif
