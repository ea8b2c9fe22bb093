"""Make styles.jpg: the middle frame of the sample film in each built-in style, painted by `fast`.

    PYTHONPATH=. python docs/make_styles_sheet.py

It takes some seconds, and is run again for new weights.
"""

from pathlib import Path

import cv2

from vidnst.film.delivery.contact_sheet import grid
from vidnst.film.delivery.labels import labeled
from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.media.clip import probe
from vidnst.media.decode import sample
from vidnst.media.pictures import read_style
from vidnst.options.built_in import BUILT_IN, built_in_style
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.painting import paint_still

FOLDER = Path(__file__).parent
_PAINTED_HW, _TILE_HW = (360, 640), (225, 400)
_LABEL_PX = 22


def painted(scene: Picture, style: Picture) -> Picture:
    stylizer = FastStylizer(style, StyleOptions(), size_hw=_PAINTED_HW)
    return paint_still(stylizer, scene)


def main() -> None:
    scene = sample(probe(FOLDER.parent / "samples" / "clip.mp4"), 1, size_hw=_PAINTED_HW)[0]
    tiles = [labeled(resize(scene, _TILE_HW), "the film", _LABEL_PX)]
    for name in BUILT_IN:
        picture = painted(scene, read_style(built_in_style(name)))
        tiles.append(labeled(resize(picture, _TILE_HW), name, _LABEL_PX))
    sheet = grid(tiles)[:, :, ::-1]
    cv2.imwrite(str(FOLDER / "styles.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, 84])


if __name__ == "__main__":
    main()
