"""Make the pictures of controls.md from the samples, and a second style, painted by code.

    PYTHONPATH=. python docs/make_controls.py [NAME ...]

Without a name all are made. It takes some minutes, for `fine` optimizes two pictures.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from vidnst.frames import Picture
from vidnst.media.clip import probe
from vidnst.media.decode import sample
from vidnst.media.pictures import read_picture, resize
from vidnst.options import GatysOptions, StyleOptions
from vidnst.style.color import colored
from vidnst.style.fast import FastStylizer
from vidnst.style.gatys import GatysStylizer
from vidnst.style.pictures import StylePictures, style_pictures, with_fine

FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parent / "samples"
_TILE_HW = (225, 400)


def mosaic(side: int = 640) -> Picture:
    """A style of warm tiles with dark joints, in rings about two centers."""
    rng = np.random.default_rng(4)
    grid = np.stack(np.mgrid[0:side:20, 0:side:20], -1).reshape(-1, 2)
    centers = (grid + rng.uniform(2, 18, grid.shape)).astype(np.int32)
    seeds = np.full((side, side), 255, np.uint8)
    seeds[centers[:, 0], centers[:, 1]] = 0
    distance, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.zeros((labels.max() + 1, 2))
    places[labels[centers[:, 0], centers[:, 1]]] = centers / side
    rings = [np.hypot(*(places - middle).T) for middle in ((0.3, 0.35), (0.75, 0.7))]
    band = (np.minimum(*rings) * 9).astype(int) % 4
    colors = np.array([(196, 62, 38), (240, 186, 84), (60, 120, 104), (245, 228, 190)])
    tiles = colors[band] + rng.normal(0, 14, (len(band), 3))
    edges = cv2.dilate(labels.astype(np.float32), np.ones((3, 3))) != labels
    picture = tiles[labels] * (1.08 - 0.02 * distance[..., None])
    picture[edges] = (38, 28, 30)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 0.7), 0, 255).astype(np.uint8)


SCENE = sample(probe(SAMPLES / "clip.mp4"), 4, size_hw=(360, 640))[1]
WAVE = read_picture(SAMPLES / "wave.jpg")


def fast(style: Picture | StylePictures, **options: object) -> Picture:
    painting = StyleOptions(**options)  # type: ignore[arg-type]
    stylizer = FastStylizer(style, painting, size_hw=(360, 640))
    stylizer.begin_shot([SCENE])
    return colored(stylizer.paint(SCENE), SCENE, painting.color)


def gatys(style: Picture | StylePictures) -> Picture:
    return GatysStylizer(style, StyleOptions(), GatysOptions(), size_hw=(360, 640)).paint(SCENE)


def color() -> list[Picture]:
    return [SCENE, *(fast(WAVE, color=c) for c in ("style", "luminance", "match"))]


def mix() -> list[Picture]:
    pictures = (WAVE, mosaic())
    return [fast(StylePictures(pictures, (share, 1 - share))) for share in (1.0, 0.7, 0.3, 0.0)]


def fine() -> list[Picture]:
    both = with_fine(style_pictures(WAVE), style_pictures(mosaic()))
    return [gatys(WAVE), gatys(both), fast(WAVE), fast(both)]


def brush() -> list[Picture]:
    return [fast(WAVE, brush_size=size) for size in (None, 6, 10, 16)]


SHEETS: dict[str, Callable[[], list[Picture]]] = {
    "color": color, "mix": mix, "fine": fine, "brush": brush,
}  # fmt: skip


def write(path: Path, picture: Picture) -> None:
    cv2.imwrite(str(path), picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 84])


def main() -> None:
    write(SAMPLES / "mosaic.jpg", mosaic())
    (FOLDER / "controls").mkdir(exist_ok=True)
    for name in sys.argv[1:] or SHEETS:
        tiles = [resize(picture, _TILE_HW) for picture in SHEETS[name]()]
        write(FOLDER / "controls" / f"{name}.jpg", np.hstack(tiles))


if __name__ == "__main__":
    main()
