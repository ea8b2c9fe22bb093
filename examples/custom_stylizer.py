"""A stylizer of your own: it gets decoding, steadiness, resume, sound and encoding for nothing.

python examples/custom_stylizer.py samples/clip.mp4 samples/wave.jpg painted.mp4
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

import vidnst
from vidnst.frames.frame import Picture, Weights
from vidnst.stylizers.registry import Request, register
from vidnst.stylizers.stylizer import Stylizer


@dataclass(frozen=True)
class Palette(vidnst.StylizerOptions):
    """Every pixel takes the nearest of the style's main colors."""

    name = "palette"

    colors: int = 6


class PaletteStylizer(Stylizer):
    def __init__(self, asked: Palette, request: Request) -> None:
        self.options, self.size_hw = request.options.painting, request.size_hw
        style = cv2.imread(str(request.options.style))
        pixels = cv2.resize(style, (96, 96))[:, :, ::-1].reshape(-1, 3).astype(np.float32)
        ends = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
        cv2.setRNGSeed(0)
        _, _, colors = cv2.kmeans(pixels, asked.colors, None, ends, 3, cv2.KMEANS_PP_CENTERS)
        self._colors = colors

    def paint(self, picture: Picture, weights: Weights | None = None) -> Picture:
        smooth = cv2.bilateralFilter(picture, 9, 60, 9).astype(np.float32)
        away = np.stack([np.square(smooth - color).sum(2) for color in self._colors])
        return self._colors[away.argmin(0)].astype(np.uint8)


def main(source: str, style: str, target: str) -> None:
    register(Palette, PaletteStylizer)
    options = vidnst.RenderOptions(
        Path(source), Path(style), Path(target), stylizer=Palette(colors=8)
    )
    print(vidnst.render(options).output)


if __name__ == "__main__":
    main(*sys.argv[1:])
