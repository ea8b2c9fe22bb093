"""Lay out what built-in styles' own networks paint beside the network for any style.

    python benchmarks/own_styles.py SHEET.jpg PICTURE [PICTURE ...]

A row for each built-in style: its picture, then every picture given, painted
by the network for any style and by the style's own.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from vidnst.film.delivery.labels import labeled
from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.media.pictures import read_picture, read_style
from vidnst.nets.weights import shipped_weights
from vidnst.options.built_in import BUILT_IN, built_in_style
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer

_HEIGHT, _LABEL_PX, _GAP = 150, 16, 4


def painted(scene: Picture, style: Picture, weights: Path | None) -> Picture:
    hw = (scene.shape[0], scene.shape[1])
    stylizer = FastStylizer(style, StyleOptions(), size_hw=hw, weights=weights)
    stylizer.begin_shot([scene])
    return stylizer.paint(scene)


def small(picture: Picture) -> Picture:
    tile = resize(picture, (_HEIGHT, round(picture.shape[1] * _HEIGHT / picture.shape[0])))
    return np.pad(tile, ((0, _GAP), (0, _GAP), (0, 0)))


def main(sheet: Path, pictures: list[Path]) -> None:
    scenes = [read_picture(path) for path in pictures]
    general = shipped_weights("fast.safetensors")
    rows = []
    for name in BUILT_IN:
        style = read_style(built_in_style(name))
        tiles = [labeled(small(style), name, _LABEL_PX)]
        tiles += [small(painted(s, style, weights)) for s in scenes for weights in (general, None)]
        rows.append(np.hstack(tiles))
    width = max(row.shape[1] for row in rows)
    whole = np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])
    cv2.imwrite(str(sheet), whole[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 70])


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(argument) for argument in sys.argv[2:]])
