"""Drawn with ink: by a wet brush, and crosshatched by a pen."""

import cv2
import numpy as np

from painting.canvas import (
    HEIGHT,
    SIZE_HW,
    WIDTH,
    Image,
    X,
    Y,
    bent,
    cloudy,
    noise,
    over,
    plain,
    ramp,
    rgb,
    soften,
)
from painting.scenes import land
from painting.strokes import Line, blunt, dot, fill, lens, normals, outline, ruled, strokes, wedge


def _curve(points: list[tuple[float, float]], count: int = 40) -> Line:
    """A smooth line in pixels through points in heights of the picture."""
    given = np.array(points, np.float64) * HEIGHT
    t = np.linspace(0, len(given) - 1, count)
    line = np.stack([np.interp(t, np.arange(len(given)), given[:, i]) for i in (0, 1)], 1)
    kernel = np.ones(9) / 9
    padded = np.pad(line, ((4, 4), (0, 0)), "edge")
    return np.stack([np.convolve(padded[:, i], kernel, "valid") for i in (0, 1)], 1)


def _wet(
    density: Image, line: Line, width: float, load: float, rng: np.random.Generator, shape=wedge
) -> None:
    """A brush full of ink: darker at its rim, dry hairs at its end."""
    body = np.zeros(SIZE_HW, np.float32)
    fill(body, outline(line, width, shape), 1.0)
    x0, y0 = np.maximum(np.floor(line.min(0) - width - 12).astype(int), 0)
    x1, y1 = np.ceil(line.max(0) + width + 12).astype(int)
    if x1 <= x0 or y1 <= y0 or x0 >= WIDTH or y0 >= HEIGHT:
        return
    part = (slice(y0, y1), slice(x0, x1))
    cut = cv2.GaussianBlur(body[part], (0, 0), 1.3)
    rim = np.clip(cut - cv2.GaussianBlur(cut, (0, 0), 5), 0, 1)
    laid = load * (cut * 0.8 + 0.9 * rim)
    across = normals(line)
    hairs = np.zeros(SIZE_HW, np.float32)
    start = int(len(line) * 0.45)
    for place in rng.uniform(-0.5, 0.5, max(2, int(width / 5))):
        begin = start + int(rng.integers(0, max(1, len(line) // 3)))
        track = line[begin:] + across[begin:] * place * width * 0.8
        if len(track) > 1:
            cv2.polylines(
                hairs,
                [np.round(track * 8).astype(np.int32)[:, None]],
                False,
                1.0,
                int(rng.integers(1, 4)),
                cv2.LINE_AA,
                3,
            )
    laid = laid * (1 - 0.75 * hairs[part])
    density[part] = np.maximum(density[part], laid) + 0.25 * np.minimum(density[part], laid)


def ink() -> Image:
    """Ink and water on warm paper: mountains in mist, pines, bamboo before them, a red sun."""
    rng = np.random.default_rng(18)
    fiber = 0.5 * noise(rng, 3, 6) + 0.5 * noise(rng, 9)
    density = 0.06 + 0.05 * np.clip(cloudy(rng, 300), -1, 2)
    density = density + 0.16 * ramp(0.28, 0.0, Y) * (1 + 0.5 * cloudy(rng, 220))
    for level, rise, grain, load in (
        (0.30, 0.075, 330, 0.42),
        (0.42, 0.085, 260, 0.62),
        (0.56, 0.070, 300, 0.85),
        (0.72, 0.045, 360, 1.1),
    ):
        crest = level + rise * cloudy(rng, grain, 5)[:1]
        depth = Y - crest
        inside = ramp(-0.002, 0.003, bent(depth, rng, 14, 2))
        fade = np.exp(-np.clip(depth, 0, 1) / (0.085 + 0.03 * cloudy(rng, 200)).clip(0.05))
        texture = 1 + 0.28 * cloudy(rng, 60) + 0.12 * noise(rng, 6)
        rim = np.exp(-np.clip(depth, 0, 1) / 0.006)
        wash = load * (0.68 * fade * texture.clip(0.25) + 0.35 * rim * (noise(rng, 60) > -0.6))
        # Mist covers what lies behind.
        density = density * (1 - inside * (0.55 + 0.4 * ramp(0.0, 0.12, depth))) + inside * wash
        slope = np.arctan2(np.gradient(crest[0])[None], np.full((1, WIDTH), 1 / HEIGHT))
        angle = np.broadcast_to(slope * 0.8 + 0.9, SIZE_HW).astype(np.float32)
        angle = angle + 0.5 * noise(rng, 120)
        near = (depth > 0.005) & (depth < 0.11)
        for stroke in strokes(angle, rng, count=1700, length_px=70, where=near, shake=0.1):
            if rng.random() < 0.55:
                _wet(density, stroke.line, rng.uniform(5, 17), load * rng.uniform(0.4, 1.0), rng)
        for x in rng.uniform(0, 4 / 3, 15):
            y = float(crest[0, min(WIDTH - 1, int(x * HEIGHT))]) + rng.uniform(0, 0.02)
            size = rng.uniform(0.03, 0.055) * (0.6 + level)
            lean = rng.normal(0, 0.15) * size
            _wet(density, _curve([(x, y + 0.01), (x + lean, y - size)], 12), 7, load, rng, blunt)
            for tier in range(6):
                ty, half = y - size * (0.3 + 0.14 * tier), size * (0.55 - 0.07 * tier)
                tx = x + lean * (0.3 + 0.14 * tier)
                for side in (-1, 1):
                    tip = (tx + side * half, ty + 0.25 * half)
                    _wet(density, _curve([(tx, ty), tip], 9), rng.uniform(8, 15), load, rng)
    for x, width, lean, load in (
        (0.10, 40, 0.05, 1.5),
        (0.21, 26, -0.04, 0.8),
        (1.20, 46, -0.06, 1.6),
        (1.29, 28, 0.03, 0.9),
        (1.09, 22, 0.08, 0.7),
    ):
        y = 1.03
        while y > -0.05:
            length = rng.uniform(0.13, 0.17)
            foot, tip = (x + lean * (1 - y), y), (x + lean * (1 - y + length), y - length + 0.012)
            _wet(density, _curve([foot, tip], 16), width, load * rng.uniform(0.75, 1.1), rng, blunt)
            for _ in range(4):
                side = rng.choice((-1, 1))
                turn = np.pi / 2 - side * rng.uniform(0.25, 1.35)
                far = rng.uniform(0.09, 0.19)
                bx, by = tip[0] + side * rng.uniform(0.01, 0.10), tip[1] + rng.uniform(-0.05, 0.06)
                _wet(density, _curve([tip, (bx, by)], 8), 5, load * 0.7, rng, blunt)
                end = (bx + far * np.cos(turn), by + far * np.sin(turn))
                middle = ((bx + end[0]) / 2 + side * 0.012, (by + end[1]) / 2)
                _wet(
                    density,
                    _curve([(bx, by), middle, end], 16),
                    rng.uniform(18, 36),
                    load * rng.uniform(0.35, 1.1),
                    rng,
                    lens,
                )
            y -= length
    for _ in range(150):
        x, y, size = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), 1.5 + rng.exponential(2.4)
        dot(density, x, y, size, float(rng.uniform(0.4, 1.3)))
    density = bent(density.astype(np.float32), rng, 9, 1.2)
    away = np.hypot(X - 0.78, Y - 0.20) + 0.003 * cloudy(rng, 60)
    sun = ramp(0.098, 0.092, away) * (0.8 + 0.2 * cloudy(rng, 90)) + 0.4 * ramp(
        0.014, 0, np.abs(away - 0.09)
    )
    paper = plain("efe3c8") * (1 + 0.02 * fiber)[..., None]
    paper = over(paper, rgb("c23a22"), np.clip(sun, 0, 1) * 0.92)
    grain = 1 + 0.14 * fiber
    strength = np.clip(density * grain, 0, 2.2)[..., None] * 1.5
    return paper * np.exp(
        np.log(np.clip(rgb("3a3d46"), 0.02, 1)) * strength * np.array([1.05, 1, 0.92])
    )


def hatching() -> Image:
    """A pen's lines, crossed the more often the darker, in three inks on toned paper."""
    rng = np.random.default_rng(19)
    motif = land(58, (0.34, 0.22), houses=5)
    tint = motif.colored(
        {
            "sky": "9fb4b8 f0dcb0",
            "sun": "e88a48 f4c068",
            "cloud": "d8ccb4 f6ecd4",
            "far": "94a8ac c4c8b8",
            "hill": "9cac88 ccca9c",
            "field": "c8a868 ecd49c",
            "near": "8c9c68 c4bc80",
            "tree": "6c8c68 a4ac78",
            "trunk": "8c6848 b89870",
            "wall": "dcc8a4 f6ecd4",
            "shade": "a89c90 c8bca4",
            "roof": "b4583c dc8860",
            "window": "485058 707070",
            "path": "d8c098 f0e0bc",
            "petal": "c04c34 e48c5c",
            "heart": "c89038 e8c060",
        },
        1.1,
    )
    canvas = 0.45 * plain("efe2c6") + 0.55 * tint
    tone = np.clip(motif.light + 0.05 * cloudy(rng, 90), 0, 1)
    for kind, shift in (
        ("tree", -0.22),
        ("trunk", -0.3),
        ("window", -0.5),
        ("roof", -0.1),
        ("shade", -0.12),
        ("far", 0.06),
        ("near", -0.12),
        ("cloud", 0.25),
    ):
        tone[motif.where(kind)] += shift
    inks = {
        "sky": "26406e",
        "cloud": "26406e",
        "far": "2c4a68",
        "sun": "a8381c",
        "roof": "7c1e14",
        "petal": "a02818",
        "heart": "7c4410",
        "field": "6a3c14",
        "path": "6a3c14",
        "hill": "2c4c34",
        "near": "24402c",
        "tree": "1a3424",
    }
    colors = np.broadcast_to(rgb("231c1a"), (*SIZE_HW, 3)).copy()
    for kind, code in inks.items():
        colors[motif.where(kind)] = rgb(code)
    # Each further set of lines is for darker places only.
    for level, turn, period in (
        (1.0, None, 17),
        (0.74, 0.8, 19),
        (0.52, -0.7, 18),
        (0.32, 1.5, 16),
    ):
        across, angle = motif.across, motif.angle
        if turn is not None:
            angle = np.full(SIZE_HW, turn + np.pi / 2, np.float32)
            across = (X * np.cos(turn) + Y * np.sin(turn)) * HEIGHT + 10 * cloudy(rng, 260)
        dark = np.clip(1.0 * (level - tone), -0.4, 0.42 if turn is None else 0.34)
        canvas = over(canvas, colors, 0.95 * ruled(across, angle, dark, period, rng))
    lines = soften(bent(motif.edges(5).astype(np.float32), rng, 40, 3), 1.3)
    canvas = over(canvas, rgb("1c1816"), ramp(0.25, 0.6, lines))
    return canvas * (1 + 0.02 * noise(rng, 3))[..., None]
