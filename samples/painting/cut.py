"""Made of pieces with clean edges: stained glass, cut paper, flat geometry."""

import cv2
import numpy as np

from painting.canvas import (
    HEIGHT,
    SIZE_HW,
    WIDTH,
    Image,
    Mask,
    X,
    Y,
    cloudy,
    moved,
    noise,
    over,
    palette,
    plain,
    ramp,
    rgb,
    soften,
)
from painting.motif import polygon
from painting.scenes import garden


def glass() -> Image:
    """Panes in lead with light behind them, uneven as glass is blown."""
    rng = np.random.default_rng(20)
    motif = garden(31)
    # A pane is what lies within one thing, one band along its lines, and one step of those.
    band = np.floor(motif.across / 104 + 0.12 * noise(rng, 300)).astype(np.int64)
    seeds = np.full(SIZE_HW, 255, np.uint8)
    spots = np.stack(np.meshgrid(np.arange(40, HEIGHT, 104), np.arange(40, WIDTH, 104)), -1)
    spots = spots.reshape(-1, 2) + rng.integers(-42, 42, (spots.size // 2, 2))
    spots = np.clip(spots, 0, (HEIGHT - 1, WIDTH - 1))
    seeds[spots[:, 0], spots[:, 1]] = 0
    cells = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[
        1
    ].astype(np.int64)
    small = motif.where("petal", "heart", "leaf", "trunk", "roof", "wall", "shade", "window", "sun")
    key = np.where(small, 0, cells) * 64 + motif.kind
    wide = motif.where("sky", "far", "hill", "water", "field")
    key = np.where(wide, key + 65536 * (band % 4096), key)
    key = np.where(motif.where("petal"), key + 65536 * (1 + motif.part.astype(np.int64)), key)
    _, number = np.unique(key, return_inverse=True)
    pane = number.reshape(SIZE_HW).astype(np.int32)
    colors = {
        "sky": "1c3f9c 2f78c8 4fb0d8 6a58b8 8fd0d0",
        "sun": "f8b020 f89020",
        "cloud": "d8e8f0 b0d0e8",
        "far": "5a2f8c 7a48a8 3f3f98",
        "hill": "14704c 2f9860 70b040",
        "water": "1488a0 20a8b0 0f6090",
        "field": "d89818 f0b830 b8601c 88a028",
        "tree": "0f5c34 209048",
        "trunk": "5c2c14",
        "wall": "f0dca8",
        "shade": "a87890",
        "roof": "b81c28",
        "window": "f8d860",
        "near": "14704c",
        "leaf": "14803c 48a838 0f5c48",
        "petal": "d01838 e84878 f06020 a01878",
        "heart": "f8c818 f0a010",
    }
    canvas = np.zeros((*SIZE_HW, 3), np.float32)
    pick = rng.integers(0, 1 << 20, pane.max() + 1)
    tone = rng.uniform(0.72, 1.25, pane.max() + 1).astype(np.float32)
    for kind, codes in colors.items():
        inside = motif.where(kind)
        chosen = palette(codes)
        canvas[inside] = chosen[pick[pane[inside]] % len(chosen)] * tone[pane[inside], None]
    edge = np.zeros(SIZE_HW, np.uint8)
    for axis in (0, 1):
        edge |= (pane != np.roll(pane, 1, axis)).astype(np.uint8)
    edge[:2], edge[:, :2] = 1, 1
    inner = cv2.distanceTransform(1 - edge, cv2.DIST_L2, 5)
    glow = 0.84 + 0.48 * ramp(4, 42, inner) + 0.12 * cloudy(rng, 260)
    streak = 0.10 * np.sin(motif.across / 9 + 3 * cloudy(rng, 120)) + 0.07 * cloudy(rng, 24)
    canvas = canvas * (glow + streak)[..., None]
    canvas = over(canvas, canvas * 0.4 + 0.6, 0.35 * ramp(1.7, 2.6, noise(rng, 16)))
    lead = ramp(8.0, 6.0, inner - 2 * motif.edges(5))
    round_lead = 0.10 + 0.30 * np.clip(1 - np.abs(inner - 2.0) / 3.5, 0, 1) + 0.02 * noise(rng, 4)
    return over(canvas, round_lead[..., None] * rgb("b8bcc8"), lead)


def _laid(
    canvas: Image, shape: Mask, color: Image, rng: np.random.Generator, lift: float = 1
) -> Image:
    """Lay a sheet of colored paper down, which throws a shadow and has a light edge."""
    cover = soften(shape.astype(np.float32), 1.2)
    shadow = moved(soften(cover, 11 * lift), 8 * lift, 11 * lift)
    canvas = canvas * (1 - 0.55 * shadow * (1 - cover))[..., None]
    fiber = 1 + 0.022 * noise(rng, 5, 3) + 0.02 * noise(rng, 14)
    edge = np.clip(cover - moved(cover, 3, 4), 0, 1)
    sheet = color * fiber[..., None] + 0.25 * edge[..., None]
    return over(canvas, sheet.astype(np.float32), cover)


def papercut() -> Image:
    """Sheets of colored paper, cut and laid one on another."""
    rng = np.random.default_rng(22)
    canvas = plain("f6c667") * (1 + 0.03 * noise(rng, 5, 3))[..., None]
    turn, away = np.arctan2(Y - 0.30, X - 0.86), np.hypot(X - 0.86, Y - 0.30)
    rays = np.sin(turn * 22)
    canvas = _laid(canvas, (rays > 0) & (away > 0.1), rgb("f08a4b"), rng)
    for radius, code, notches in (
        (0.26, "e4572e", 18),
        (0.19, "f9dc8c", 24),
        (0.135, "d7263d", 0),
        (0.085, "f6a821", 12),
    ):
        shape = away < radius * (1 + 0.06 * np.sin(turn * notches))
        canvas = _laid(canvas, shape, rgb(code), rng)
    for x, y, size in ((0.22, 0.14, 1.0), (0.52, 0.30, 0.75), (1.20, 0.12, 0.8), (0.08, 0.36, 0.7)):
        puffs = [
            np.hypot((X - x - 0.055 * size * i) / 1.15, Y - y + 0.022 * size * (i % 2))
            < size * (0.055 - 0.006 * abs(i))
            for i in range(-3, 4)
        ]
        canvas = _laid(canvas, np.any(puffs, 0) & (y + 0.03 * size > Y), rgb("fff3dc"), rng)
    lines = (
        (0.46, 0.050, 7.0, "5aa9a4"),
        (0.55, 0.040, 9.5, "2d7f88"),
        (0.63, 0.035, 6.0, "1f5f74"),
        (0.72, 0.030, 10.0, "c8553d"),
        (0.80, 0.035, 7.5, "7d2e4a"),
        (0.89, 0.030, 9.0, "3d2350"),
    )
    for number, (level, rise, waves, code) in enumerate(lines):
        crest = level + rise * np.sin(waves * X + 2.4 * number) + 0.012 * np.sin(23 * X + number)
        if number in (1, 2, 4):  # Scallops along the edge.
            crest = crest - 0.018 * np.abs(np.sin((38 - 5 * number) * X))
        depth = Y - crest
        sheet = depth > 0
        holes = np.zeros(SIZE_HW, bool)
        if number in (2, 3, 5):  # Openings show the sheet below.
            step = (0.11, 0.09, 0.075)[number % 3]
            cell = (X / step) % 1 - 0.5
            middle = 0.055 + 0.012 * np.sin(9 * X)
            if number == 3:
                holes = (np.abs(cell) / 0.3 + np.abs(depth - middle) / 0.026) < 1
            else:
                holes = (np.hypot(cell * step, depth - middle) < 0.021) | (
                    np.hypot((((X / step) + 0.5) % 1 - 0.5) * step, depth - middle) < 0.009
                )
        canvas = _laid(canvas, sheet & ~holes, rgb(code), rng)
        if number == 0:  # The next sheet hides their feet.
            for x, size in ((0.27, 0.15), (0.43, 0.11), (0.62, 0.09), (1.13, 0.13)):
                y = 0.56 + 0.04 * float(np.sin(9.5 * x + 2.4))
                walls = polygon(
                    [
                        (x, y),
                        (x, y - size),
                        (x + 0.4 * size, y - 1.5 * size),
                        (x + 0.8 * size, y - size),
                        (x + 0.8 * size, y),
                    ]
                )
                window = np.hypot(X - x - 0.4 * size, Y - y + 0.78 * size) < 0.15 * size
                canvas = _laid(canvas, walls & ~window, rgb("fff3dc"), rng)
                roof = polygon(
                    [
                        (x - 0.12 * size, y - 0.95 * size),
                        (x + 0.4 * size, y - 1.62 * size),
                        (x + 0.92 * size, y - 0.95 * size),
                    ]
                )
                canvas = _laid(canvas, roof, rgb("d7263d"), rng)
    canvas = _fronds(canvas, rng)
    return np.clip(canvas, 0, 1)


def _fronds(canvas: Image, rng: np.random.Generator) -> Image:
    """Branches with leaves, and flowers, as the nearest sheets."""
    for x, y, lean, count, code in (
        (0.08, 1.02, 0.16, 11, "1d4d43"),
        (1.24, 1.03, -0.22, 12, "1d4d43"),
        (0.36, 1.03, -0.08, 7, "3f8f5f"),
        (0.98, 1.03, 0.10, 7, "3f8f5f"),
    ):
        shape = np.zeros(SIZE_HW, bool)
        for step in range(count):
            up = 0.055 * step
            px, py = x + lean * (up / 0.55) ** 1.5, y - up
            shape |= np.hypot(X - px, Y - py) < 0.010
            shape |= polygon(
                [
                    (px - 0.006, py),
                    (px + 0.006, py),
                    (px + 0.012 * np.sign(lean), py - 0.06),
                    (px - 0.004, py - 0.06),
                ]
            )
            for side in (-1, 1):
                turn = -np.pi / 2 + side * (1.05 - 0.03 * step) + 0.4 * lean
                length = 0.125 * (1 - 0.045 * step)
                along = ((X - px) * np.cos(turn) + (Y - py) * np.sin(turn)) / length
                off = ((Y - py) * np.cos(turn) - (X - px) * np.sin(turn)) / length
                width = 0.23 * np.sin(np.pi * np.clip(along, 0, 1))
                shape |= (np.abs(off) < width) & (np.abs(off) > 0.022 * (along < 0.75))
        canvas = _laid(canvas, shape, rgb(code), rng, 1.4)
    for x, y, size, code in (
        (0.56, 0.90, 0.085, "f9dc8c"),
        (0.78, 0.95, 0.065, "e4572e"),
        (0.24, 0.95, 0.06, "f08a4b"),
        (1.12, 0.90, 0.07, "fff3dc"),
    ):
        turn, away = np.arctan2(Y - y, X - x), np.hypot(X - x, Y - y)
        shape = away < size * (0.7 + 0.3 * np.abs(np.cos(turn * 4)))
        canvas = _laid(canvas, shape, rgb(code), rng, 1.4)
        inner = away < size * 0.5 * (0.75 + 0.25 * np.abs(np.sin(turn * 4)))
        canvas = _laid(canvas, inner, rgb("d7263d" if code != "e4572e" else "3d2350"), rng)
        canvas = _laid(canvas, away < size * 0.18, rgb("f6a821"), rng)
    return canvas


def bauhaus() -> Image:
    """Circles, quarters, bars and stripes on a grid, in a few flat printing inks."""
    rng = np.random.default_rng(24)
    inks = palette("e8dcc0 d8352a 1f4e8c f0b323 1b1b1f 6fa3a8 e58a5b")
    canvas = np.broadcast_to(inks[0], (*SIZE_HW, 3)).copy()
    taken = np.zeros((12, 16), bool)
    unit = HEIGHT // 12
    for side in (4, 3, 2, 1):
        for row in range(0, 12):
            for column in range(0, 16):
                fits = row + side <= 12 and column + side <= 16
                if not fits or taken[row : row + side, column : column + side].any():
                    continue
                if side > 1 and rng.random() > {4: 0.07, 3: 0.16, 2: 0.6}[side]:
                    continue
                taken[row : row + side, column : column + side] = True
                part = (
                    slice(row * unit, (row + side) * unit),
                    slice(column * unit, (column + side) * unit),
                )
                canvas[part] = _tile(side * unit, side, inks, rng)
    for x, y, dx, dy, width, ink in (
        (0.05, 1.0, 0.72, -0.92, 16, 4),
        (0.5, 0.02, 0.8, 0.86, 10, 1),
        (0.0, 0.30, 1.33, 0.1, 7, 4),
    ):
        ends = [tuple(round(v * HEIGHT * 8) for v in p) for p in ((x, y), (x + dx, y + dy))]
        cv2.line(canvas, *ends, inks[ink].tolist(), width, cv2.LINE_AA, 3)
    for x, y, radius, width, ink in ((0.80, 0.40, 0.26, 22, 4), (0.42, 0.68, 0.17, 12, 1)):
        spot = (round(x * HEIGHT * 8), round(y * HEIGHT * 8))
        cv2.circle(
            canvas, spot, round(radius * HEIGHT * 8), inks[ink].tolist(), width, cv2.LINE_AA, 3
        )
    worn = ramp(1.2, 2.6, noise(rng, 4) + 0.5 * noise(rng, 40))
    canvas = over(canvas, inks[0], 0.30 * worn)
    return canvas * (1 + 0.025 * noise(rng, 3) + 0.02 * cloudy(rng, 300))[..., None]


def _tile(size: int, cells: int, inks: Image, rng: np.random.Generator) -> Image:
    """A square with one shape on its ground, or stripes."""
    ground, shape, third = inks[rng.permutation(len(inks))[:3]]
    v, u = ((np.mgrid[0:size, 0:size] + 0.5) / size).astype(np.float32)
    if rng.random() < 0.5:
        u = 1 - u
    if rng.random() < 0.5:
        v = 1 - v
    soft = 1.5 / size
    kind = int(rng.integers(0, 9))
    tile = np.broadcast_to(ground, (size, size, 3)).copy()
    half, quarter = np.hypot(u - 0.5, v - 0.5), np.hypot(u, v)
    stripes = max(3, 3 * cells)
    shapes = {
        0: (0.5 - half, 0.26 - half),
        1: (1 - quarter, 0.5 - quarter),
        2: (u - v, 0.2 - half),
        3: (np.abs((u * stripes) % 1 - 0.5) - 0.25, 0.3 - quarter),
        4: (0.5 - np.hypot(u - 0.5, v), 0.25 - np.hypot(u - 0.5, v)),
        5: (0.125 - np.abs((quarter * 4) % 1 - 0.5) + 0.125, -quarter),
        6: (0.5 - u, 0.5 - np.hypot(u - 0.5, v - 0.5)),
        7: (0.12 - np.abs(u - v), 0.2 - quarter),
        8: (np.abs(((u + v) * stripes / 1.5) % 1 - 0.5) - 0.25, 0.33 - half),
    }
    first, second = shapes[kind]
    tile = tile + (shape - tile) * ramp(-soft, soft, first)[..., None]
    return tile + (third - tile) * ramp(-soft, soft, second)[..., None]
