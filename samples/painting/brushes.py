"""Painted by brush, stick or chalk: oil, points, pastel, watercolor, ink."""

import cv2
import numpy as np

from painting.canvas import (
    HEIGHT,
    SIZE_HW,
    WIDTH,
    Image,
    bent,
    cloudy,
    noise,
    over,
    palette,
    plain,
    ramp,
    rgb,
    soften,
)
from painting.scenes import harbor, land
from painting.strokes import blunt, bristled, dot, fill, outline, strokes, wedge


def relief(painted: Image, height: float) -> Image:
    """Light from the upper left on thick paint."""
    tone = soften(painted.mean(2), 1.4)
    slope = np.roll(tone, (2, 2), (0, 1)) - np.roll(tone, (-2, -2), (0, 1))
    return painted + height * np.clip(-slope, -0.3, 0.3)[..., None]


def oil() -> Image:
    """Thick oil under a turning sky: long strokes that wind, each with its bristles."""
    rng = np.random.default_rng(11)
    motif = land(21, (1.0, 0.24), turning=4, houses=3)
    color = motif.colored(
        {
            "sky": "122a6e 9fd0d8",
            "sun": "f08a1c fff0a0",
            "cloud": "7fb0d0 f2f2da",
            "far": "1c2f66 5c86b8",
            "hill": "1a4a5c 7fb088",
            "field": "8a6a16 f4d060",
            "near": "14442c 90b440",
            "tree": "0e2a24 5c8c3c",
            "trunk": "2a1810 7a4a28",
            "wall": "c8a070 fff2d0",
            "shade": "5a5a8c b0a8b8",
            "roof": "7a2014 e0603a",
            "window": "18244c f8c040",
            "path": "a07848 f8e0b0",
            "petal": "c02818 f89048",
            "heart": "603010 f8d040",
        },
        1.25,
    )
    color = color * (1 + 0.06 * cloudy(rng, 200))[..., None]
    angle = motif.angle + 0.10 * noise(rng, 90)
    detail = np.abs(cv2.Laplacian(soften(color.mean(2), 4), cv2.CV_32F))
    canvas = soften(color, 20)
    for width, length, count, busy in (
        (44, 190, 2200, 0),
        (28, 130, 5200, 0.2),
        (18, 84, 10000, 0.55),
        (11, 50, 14000, 0.78),
    ):
        soft = soften(color, width * 0.22)
        wanted = detail >= np.quantile(detail, busy)
        for stroke in strokes(angle, rng, count=count, length_px=length, where=wanted):
            pigment = soft[stroke.y, stroke.x] * rng.uniform(0.82, 1.18) + rng.normal(0, 0.03, 3)
            bristled(canvas, stroke, width * rng.uniform(0.7, 1.15), pigment, rng)
    return relief(np.clip(canvas, 0, 1), 0.9)


def points() -> Image:
    """Dots of unmixed colors side by side, which the eye mixes."""
    rng = np.random.default_rng(12)
    motif = harbor(5, (0.86, 0.26))
    color = motif.colored(
        {
            "sky": "4c78d0 f4d8b8",
            "sun": "ff7a1c ffc840",
            "cloud": "b878b8 f4d8cc",
            "far": "5a60a8 b8a0d0",
            "water": "1c4c94 ffd890",
            "near": "3c2c58 c89060",
            "wall": "a890c0 fff6e0",
            "shade": "4c4890 a890b8",
            "roof": "a02c30 f07840",
            "window": "283068 f8d060",
            "sail": "e0704c fff0d8",
            "hull": "3c1c3c b04838",
            "trunk": "2c1c3c 704838",
        },
        1.2,
    )
    tubes = palette(
        "1b3a8f 2f6fc4 6db3dd f6c43a f28a2a d9472b b5386f 7a3f98 2f8f5b 9cc650 fff3d6 2a1f4a f3a6a0"
    )
    canvas = plain("efe2c4")
    edges = soften(motif.edges(9).astype(np.float32), 6)
    for size, count, fine in (
        (13, 11000, False),
        (10, 19000, False),
        (8, 22000, False),
        (6, 26000, True),
    ):
        for stroke in strokes(motif.angle, rng, count=count, length_px=4, points=3):
            if fine and edges[stroke.y, stroke.x] < 0.12:
                continue
            wanted = color[stroke.y, stroke.x] + rng.normal(0, 0.15, 3)
            far = ((tubes - wanted) ** 2).sum(1) + rng.exponential(0.035, len(tubes))
            tube = tubes[far.argmin()]
            shade = 0.72 * tube + 0.28 * color[stroke.y, stroke.x]
            turn = float(np.degrees(motif.angle[stroke.y, stroke.x]))
            axes = (
                round(size * rng.uniform(0.85, 1.2) * 8),
                round(size * rng.uniform(0.6, 0.9) * 8),
            )
            cv2.ellipse(
                canvas,
                (stroke.x * 8, stroke.y * 8),
                axes,
                turn,
                0,
                360,
                shade.tolist(),
                -1,
                cv2.LINE_AA,
                3,
            )
    return relief(canvas, 0.35)


def pastel() -> Image:
    """Chalk on dark rough paper, which shows between and through the strokes."""
    rng = np.random.default_rng(13)
    motif = land(34, (0.36, 0.25), houses=4)
    color = motif.colored(
        {
            "sky": "7c78b8 ffd8c0",
            "sun": "ffb070 fff4c8",
            "cloud": "d898a8 fff0e4",
            "far": "6878b0 b0b4dc",
            "hill": "4c8890 a8d0b0",
            "field": "b08850 f8e090",
            "near": "3c7058 b4d080",
            "tree": "28584c 88b068",
            "trunk": "503040 a07060",
            "wall": "d8b8b0 fff4e0",
            "shade": "7870a0 b8a8c8",
            "roof": "b04848 f09070",
            "window": "383860 f0c878",
            "path": "c89890 ffe8d0",
            "petal": "d84878 ffb0b8",
            "heart": "c87830 ffe080",
        },
        1.2,
    )
    tooth = 0.7 * noise(rng, 4) + 0.6 * noise(rng, 7) + 0.3 * noise(rng, 15)
    # Chalk that was rubbed into the paper first, darker and bluer than what is laid over it.
    rubbed = soften(color, 12) * rgb("cbbcd6")
    canvas = rubbed * (1 + 0.07 * tooth)[..., None]
    contours = np.where(motif.edges(9)[..., None], rgb("3c2c58"), color)
    detail = motif.edges(31)
    for width, length, count, press in (
        (50, 240, 260, 0.1),
        (34, 160, 650, 0.15),
        (22, 110, 1700, 0.2),
        (14, 64, 15000, 0.6),
        (9, 44, 15000, 0.7),
    ):
        layer, cover = canvas.copy(), np.zeros(SIZE_HW, np.float32)
        fine = width < 20
        pigments = contours if width == 9 else color
        for stroke in strokes(
            motif.angle + 0.12 * noise(rng, 200),
            rng,
            count=count,
            length_px=length,
            where=detail if fine else None,
            shake=0.03,
        ):
            shade = pigments[stroke.y, stroke.x] * rng.uniform(0.8, 1.25)
            shape = outline(stroke.line, width * rng.uniform(0.7, 1.1), blunt)
            fill(layer, shape, shade + rng.normal(0, 0.06, 3))
            fill(cover, shape, rng.uniform(0.5, 1.0))
        caught = ramp(-1.1, 0.9, tooth + press + 1.4 * (cover - 0.7))
        canvas = over(canvas, layer, caught * (cover > 0.05) * 0.92)
    return canvas * (1 + 0.03 * noise(rng, 4))[..., None]


def watercolor() -> Image:
    """Thin washes over white paper: dark rims, blooms, grain, and one color run into another."""
    rng = np.random.default_rng(14)
    motif = land(47, (0.95, 0.24), houses=3)
    paper = 0.5 * noise(rng, 4) + 0.5 * noise(rng, 8)
    canvas = plain("fbf7ec") * (1 + 0.012 * paper)[..., None]
    washes = {
        "sky": "3f86c4 d88ab0 86b8d8",
        "sun": "f4a020 f0703c",
        "cloud": "c0c8dc e8d0c8",
        "far": "5870b0 7a58a0",
        "hill": "2f8f8a 5878b8 7aa860",
        "field": "e0a828 c8702c b0b040",
        "near": "6ca048 2f7c80 a8b838",
        "tree": "2f7c58 6ca83c 3c5c90",
        "trunk": "5c3424",
        "wall": "e8c89c d8a8a0",
        "shade": "6c70a8 8c6c94",
        "roof": "c8442c e07838",
        "window": "2c3c6c",
        "path": "e0b890 c89870",
        "petal": "d0285c f0703c 8c3ca0",
        "heart": "f0b020",
    }
    for kind, codes in washes.items():
        inside = motif.where(kind).astype(np.float32)
        if not inside.any():
            continue
        for layer, pigment in enumerate(palette(codes)):
            shape = bent(soften(inside, 3), rng, 60, 4 + 3 * layer)
            load = 0.55 + 0.75 * (1 - motif.light) * (layer != 1) + 0.3 * cloudy(rng, 160)
            if layer:  # A second color, dropped in while the first is wet, ends in blooms.
                shape = shape * ramp(-0.1, 0.25, cloudy(rng, 170) - 0.15 * layer)
            shape = ramp(0.4, 0.6, shape)
            rim = (
                np.clip(shape - soften(shape, 7), 0, 1) * 1.5
                + np.clip(shape - soften(shape, 24), 0, 1) * 0.5
            )
            bloom = np.clip(soften(ramp(0.5, 0.55, cloudy(rng, 130)), 3), 0, 1)
            front = np.clip(bloom - soften(bloom, 9), 0, 1)
            depth = (
                shape * np.clip(load * 0.55 - 0.22 * bloom, 0.08, 1.3)
                + 0.75 * rim
                + shape * front * 0.8
            )
            grain = 1 + 0.20 * np.clip(-paper, -1, 2) + 0.06 * noise(rng, 3)
            canvas = canvas * np.exp(np.log(np.clip(pigment, 0.03, 1)) * (depth * grain)[..., None])
    glaze = np.zeros(SIZE_HW, np.float32)
    for stroke in strokes(motif.angle, rng, count=1500, length_px=110, shake=0.05):
        if (
            motif.kind[stroke.y, stroke.x] > 0
            and rng.random() < 1.1 - motif.light[stroke.y, stroke.x]
        ):
            fill(glaze, outline(stroke.line, rng.uniform(10, 26), wedge), rng.uniform(0.3, 1))
    glaze = bent(glaze, rng, 30, 3)
    glaze = glaze + np.clip(glaze - soften(glaze, 5), 0, 1)
    tint = np.log(np.clip(canvas, 0.05, 1)) * 0.45 + np.log(rgb("8fa0c0")) * 0.3
    canvas = canvas * np.exp(tint * np.clip(glaze, 0, 1.4)[..., None])
    for _ in range(150):
        x, y, size = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.exponential(2.6) + 1.5
        row, column = int(y), int(x)
        shade = canvas[row, column] * rgb("a8a0b0")
        dot(canvas, x, y, size, shade.tolist())
    return canvas
