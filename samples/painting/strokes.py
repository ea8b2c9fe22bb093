"""Marks: lines that follow a motif's directions, and what a brush or a graver makes of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from painting.canvas import HEIGHT, WIDTH, Image, Mask, X, Y, cloudy, noise, ramp

Line = npt.NDArray[np.float64]
"""Points (N, 2), x and y in pixels."""


@dataclass(frozen=True)
class Stroke:
    """A line, and the pixel (x, y) in its middle."""

    line: Line
    x: int
    y: int


def strokes(
    angle: Image,
    rng: np.random.Generator,
    *,
    count: int,
    length_px: float,
    where: Mask | None = None,
    turn: float = 0.0,
    shake: float = 0.06,
    points: int = 9,
) -> Iterator[Stroke]:
    """Lines along the angles, in random places; they lie evenly, a shuffled grid's places.

    turn: all are turned by so much. shake: by how much each bends of itself, in radians.
    """
    rows = max(1, round(np.sqrt(count * HEIGHT / WIDTH)))
    columns = max(1, round(count / rows))
    order = rng.permutation(rows * columns)
    jitter = rng.random((rows * columns, 2))
    for cell in order:
        x = int((cell % columns + jitter[cell, 0]) * WIDTH / columns)
        y = int((cell // columns + jitter[cell, 1]) * HEIGHT / rows)
        if where is not None and not where[y, x]:
            continue
        bend = rng.normal(0, shake)
        halves = [
            _traced(angle, x, y, way * length_px / (points - 1), points // 2 + 1, turn, bend)
            for way in (-1, 1)
        ]
        yield Stroke(np.array(halves[0][:0:-1] + halves[1]), x, y)


def _traced(
    angle: Image, x: float, y: float, step: float, count: int, turn: float, bend: float
) -> list[tuple[float, float]]:
    found = [(float(x), float(y))]
    heading: float | None = None
    for number in range(count - 1):
        column, row = min(max(int(x), 0), WIDTH - 1), min(max(int(y), 0), HEIGHT - 1)
        wanted = float(angle[row, column]) + turn + bend * number
        if heading is not None:  # An angle is a line's: it may be read from either end.
            wanted = heading + (wanted - heading + np.pi / 2) % np.pi - np.pi / 2
            wanted = heading + float(np.clip(wanted - heading, -0.6, 0.6))
        heading = wanted
        x, y = x + step * np.cos(heading), y + step * np.sin(heading)
        found.append((x, y))
    return found


def ruled(
    across: Image, angle: Image, dark: Image, period_px: float, rng: np.random.Generator
) -> Image:
    """Lines side by side, 1 is ink; they fill so much of the ground as `dark` says, 0..1.

    They run where `across` stays the same, and come and go at their own places, as a graver enters
    the wood and leaves it. angle: of the lines, in radians.
    """
    phase = across / period_px + 0.16 * cloudy(rng, 120)
    ridge = 2 * np.abs(phase - np.floor(phase) - 0.5)
    offset = (np.floor(phase).astype(np.int64) * 7919 % 97).astype(np.float32) / 97
    along = (X * np.cos(angle) + Y * np.sin(angle)) * HEIGHT
    ends = 0.17 * np.sin(along / 46 + 6.28 * offset) + 0.05 * noise(rng, 24)
    return ramp(-0.06, 0.06, dark + ends - ridge)


def normals(line: Line) -> Line:
    """Unit vectors across a line at each of its points."""
    along = np.gradient(line, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1)
    return across / (np.linalg.norm(across, axis=1, keepdims=True) + 1e-6)


def outline(line: Line, width_px: float, shape: Callable[[Line], Line]) -> npt.NDArray[np.int32]:
    """The outline of a line that is `shape` of 0..1 wide along its way, for fill."""
    half = normals(line) * (width_px / 2 * shape(np.linspace(0, 1, len(line))))[:, None]
    return np.round(np.concatenate([line + half, (line - half)[::-1]]) * 8).astype(np.int32)


def fill(canvas: Image, corners: npt.NDArray[np.int32], color: Image | float) -> None:
    """Fill an outline with a color, or a number where the canvas has no colors."""
    shown = [float(c) for c in np.atleast_1d(color)]
    cv2.fillPoly(canvas, [corners], shown, cv2.LINE_AA, 3)


def lens(t: Line) -> Line:
    """Pointed at both ends."""
    return np.sin(np.pi * t) ** 0.8


def wedge(t: Line) -> Line:
    """Wide at first, pointed at the end."""
    return np.minimum(1, 6 * t + 0.35) * (1 - t) ** 0.55


def blunt(t: Line) -> Line:
    """A flat brush's: wide all along, rounded at its ends."""
    return np.clip(4 * np.minimum(t + 0.08, 1.08 - t), 0, 1) ** 0.5


def bristled(
    canvas: Image,
    stroke: Stroke,
    width_px: float,
    color: Image,
    rng: np.random.Generator,
    *,
    contrast: float = 0.10,
) -> None:
    """A loaded brush: the stroke's body, and bristles that carry a little more or less paint."""
    fill(canvas, outline(stroke.line, width_px, blunt), color)
    across = normals(stroke.line)
    count = max(3, int(width_px / 4))
    for place in np.linspace(-0.46, 0.46, count):
        start, end = sorted(rng.integers(0, len(stroke.line) + 1, 2))
        if end - start < 3:
            start, end = 0, len(stroke.line)
        shade = color * (1 + rng.normal(0, contrast) - 0.16 * place)
        track = stroke.line[start:end] + across[start:end] * place * width_px
        thick = max(1, round(width_px / count * rng.uniform(0.6, 1.3)))
        points = np.round(track * 8).astype(np.int32)[:, None]
        cv2.polylines(canvas, [points], False, shade.tolist(), thick, cv2.LINE_AA, 3)


def dot(canvas: Image, x: float, y: float, radius: float, color: float | list[float]) -> None:
    """A round drop, in eighths of a pixel."""
    spot = (round(x * 8), round(y * 8))
    cv2.circle(canvas, spot, round(radius * 8), color, -1, cv2.LINE_AA, 3)
