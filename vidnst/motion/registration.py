"""How a painting of a frame lies on it: found by the edges of both, whatever the colors.

A painting keeps few colors of its frame but, unless it is wild, most of its edges. Their normalized
cross-correlation is greatest where the painting lies right: over all translations at once by the
Fourier transform, over a few scales one by one, then by a search in ever finer steps. The measures
that its thresholds follow from are in docs/research.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vidnst.frames.frame import Floats, Picture
from vidnst.frames.resize import resize

_SIDE = 480
"""The longer side, in pixels, at which edges are compared."""
_MOST_MOVED = 0.05
"""The longest translation that is searched for, as a share of the longer side."""
_SCALES = (0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06)
_MOST_UNEVEN = 0.05
"""The largest difference between the scales in x and in y."""
_AROUND = 6
"""Edges are compared with the mean of those around, in a window of this part of the width."""
_FAINT, _STRONGEST = 4.0, 4.0
"""Gradients in 1/255 a pixel that count little; and the largest ratio to those around."""
_LEAST_EDGES = 0.15
"""The standard deviation of edges below which a picture has too few to be placed by."""
_RESEMBLES, _CERTAIN = 0.25, 0.4
"""Correlations: above the first, a picture may be of a frame; from the second on it surely is."""
_LIKELY_GAIN, _CLEAR_GAIN = 0.05, 0.12
"""What moving adds to the correlation of a painting that is likely off, and of one that surely is.
One that lies right gains 0.02 at most; outlines that are drawn beside edges gain up to 0.1."""
_SCALE_GAIN = 0.03
"""What scaling must add to that of moving alone."""
_FAR_BETTER = 0.15


@dataclass(frozen=True)
class Placement:
    """How a painting lies on a frame of its size.

    Convention: what the frame shows at (x, y), in pixels, is at (scale_x * x + right_px,
    scale_y * y + down_px) in the painting. as_it_is, moved: the correlation of edges, -1..1, before
    and after that is undone; both None where one of the two has too few edges to tell.
    """

    scale_x: float = 1.0
    scale_y: float = 1.0
    right_px: float = 0.0
    down_px: float = 0.0
    as_it_is: float | None = None
    moved: float | None = None

    @property
    def is_off(self) -> bool:
        """Whether the painting is surely of this frame, and surely shifted or scaled."""
        return self._gain >= _CLEAR_GAIN and self.moved is not None and self.moved >= _CERTAIN

    @property
    def may_be_off(self) -> bool:
        """Whether the painting may be shifted or scaled, or of another frame."""
        return self._gain >= _LIKELY_GAIN

    @property
    def _gain(self) -> float:
        return 0.0 if self.moved is None or self.as_it_is is None else self.moved - self.as_it_is

    @property
    def is_strange(self) -> bool:
        """Whether the painting has edges, but hardly any where the frame has them."""
        return self.moved is not None and self.moved < _RESEMBLES

    def undone(self, painting: Picture) -> Picture:
        """The painting, RGB uint8 (H, W, 3), laid right, and mirrored at borders that it lacks."""
        matrix = np.array([[self.scale_x, 0, self.right_px], [0, self.scale_y, self.down_px]])
        size = (painting.shape[1], painting.shape[0])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        laid = cv2.warpAffine(painting, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(laid, np.uint8)

    def surely_rather(self, other: "Placement") -> bool:
        """Whether the painting is surely of the other's frame, not of this one's."""
        if self.moved is None or other.as_it_is is None or other.moved is None:
            return False
        if self.is_strange and other.moved >= _CERTAIN:
            return True
        return other.as_it_is >= max(_CERTAIN, self.moved + _FAR_BETTER)

    def __str__(self) -> str:
        """Such as "9 px right, 6 px up", or also "98.1% as wide, 100.0% as high"."""
        parts = [
            f"{abs(self.right_px):.0f} px {'right' if self.right_px >= 0 else 'left'}",
            f"{abs(self.down_px):.0f} px {'down' if self.down_px >= 0 else 'up'}",
        ]
        if (self.scale_x, self.scale_y) != (1, 1):
            parts += [f"{self.scale_x:.1%} as wide", f"{self.scale_y:.1%} as high"]
        return ", ".join(parts)


def place(painting: Picture, scene: Picture) -> Placement:
    """Find how a painting lies on a frame, both RGB uint8 (H, W, 3) of one size."""
    height, width = scene.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size_hw = (max(1, round(height * scale)), max(1, round(width * scale)))
    own, painted = (_edges(resize(picture, size_hw)) for picture in (scene, painting))
    if min(own.std(), painted.std()) < _LEAST_EDGES:
        return Placement()
    as_it_is = _correlation(own, painted, _UNMOVED)
    _, shift = max(_by_scale(own, painted, (1.0,)), key=lambda found: found[0])
    moved, move = max(
        (_refined(own, painted, start, scaling=False) for start in (_UNMOVED, shift)),
        key=lambda found: found[0],
    )
    _, scaled = max(_by_scale(own, painted, _SCALES), key=lambda found: found[0])
    better, fit = _refined(own, painted, scaled, scaling=True)
    if better >= moved + _SCALE_GAIN:
        moved, move = better, fit
    across, down = width / size_hw[1], height / size_hw[0]
    sx, sy, right, below = (float(number) for number in move * (1, 1, across, down))
    if sx == sy == 1:  # Programs move by whole pixels, and that needs no interpolation.
        right, below = round(right), round(below)
    return Placement(sx, sy, right, below, as_it_is, moved)


_Move = npt.NDArray[np.float64]
"""scale_x, scale_y, right and down, as in Placement, at the size of the edges."""
_UNMOVED: _Move = np.array([1.0, 1.0, 0.0, 0.0])


def _edges(picture: Picture) -> Floats:
    """The strength of edges of any color, in relation to those around, float32 (H, W)."""
    soft = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.0)
    across, down = (cv2.Sobel(soft, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    strength = cv2.magnitude(across, down).max(2)
    window = (picture.shape[1] // _AROUND) | 1
    ratio = strength / (cv2.blur(strength, (window, window)) + _FAINT)
    return np.asarray(cv2.GaussianBlur(np.minimum(ratio, _STRONGEST), (0, 0), 1.0), np.float32)


def _moved(edges: Floats, move: _Move, border: int, value: float = 0.0) -> Floats:
    sx, sy, right, down = move
    matrix = np.array([[sx, 0, right], [0, sy, down]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(
        edges, matrix, edges.shape[::-1], flags=flags, borderMode=border, borderValue=value
    )
    return np.asarray(moved, np.float32)


def _correlation(own: Floats, painted: Floats, move: _Move) -> float:
    """Of the edges where both have some, once the move is undone."""
    there = _moved(painted, move, cv2.BORDER_CONSTANT, -1.0)
    known = there >= 0
    a, b = own[known], there[known]
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-9))


def _by_scale(
    own: Floats, painted: Floats, scales: tuple[float, ...]
) -> Iterator[tuple[float, _Move]]:
    """For each pair of scales the best translation in whole pixels, and its correlation."""
    height, width = own.shape
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    here = np.fft.rfft2((own - own.mean()) * window)
    most = int(_MOST_MOVED * max(height, width))
    for sx in scales:
        for sy in scales:
            if abs(sx - sy) > _MOST_UNEVEN:
                continue
            # Around the middle.
            move = np.array([sx, sy, width / 2 * (1 - sx), height / 2 * (1 - sy)])
            scaled = _moved(painted, move, cv2.BORDER_REFLECT)
            there = np.fft.rfft2((scaled - scaled.mean()) * window)
            alike = np.fft.irfft2(np.conj(here) * there, s=own.shape)
            alike = np.roll(alike, (most, most), (0, 1))[: 2 * most + 1, : 2 * most + 1]
            down, right = np.unravel_index(alike.argmax(), alike.shape)
            move[2:] += sx * (int(right) - most), sy * (int(down) - most)
            whole = np.sqrt((np.abs(here) ** 2).sum() * (np.abs(there) ** 2).sum()) + 1e-9
            yield float(alike[down, right] / whole), move


def _refined(own: Floats, painted: Floats, start: _Move, *, scaling: bool) -> tuple[float, _Move]:
    """Climb from a move to the greatest correlation, in ever finer steps."""
    height, width = own.shape
    ways = [np.array([0.0, 0.0, 1.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])]
    if scaling:  # Each stretches about the middle by two pixels.
        ways.append(np.array([2 / width, 0.0, -1.0, 0.0]))
        ways.append(np.array([0.0, 2 / height, 0.0, -1.0]))
    best, move = _correlation(own, painted, start), start
    for step in (1.0, 0.5, 0.25, 0.125):
        for _ in range(8):
            tried = [move + sign * step * way for way in ways for sign in (1, -1)]
            found = [_correlation(own, painted, each) for each in tried]
            at = int(np.argmax(found))
            if found[at] <= best:
                break
            best, move = found[at], tried[at]
    return best, move
