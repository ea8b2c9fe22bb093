"""Make stylizers.jpg: the middle frame of the sample film by each stylizer.

    PYTHONPATH=. python docs/make_stylizers_sheet.py

It takes some minutes, and is run again for new weights.
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
from vidnst.options.render import RenderOptions
from vidnst.options.stylizers import STYLIZERS
from vidnst.stylizers.painting import paint
from vidnst.stylizers.registry import make_stylizer

FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parent / "samples"
_PAINTED_HW = (360, 640)
_LABEL_PX = 22


def painted(options: RenderOptions, scene: Picture) -> Picture:
    stylizer = make_stylizer(options, _PAINTED_HW, lambda step: None)
    if stylizer.clip_samples:
        clip = probe(options.source)
        stylizer.begin_clip(sample(clip, stylizer.clip_samples, size_hw=_PAINTED_HW))
    stylizer.begin_shot([scene])
    return paint(stylizer, scene).shown()


def main() -> None:
    film, style = SAMPLES / "clip.mp4", SAMPLES / "styles" / "oil.jpg"
    scene = sample(probe(film), 1, size_hw=_PAINTED_HW)[0]
    tiles = [
        labeled(scene, "the film", _LABEL_PX),
        labeled(resize(read_style(style), _PAINTED_HW), "the style", _LABEL_PX),
    ]
    for name, options in STYLIZERS.items():
        picture = painted(RenderOptions(film, style, stylizer=options()), scene)
        tiles.append(labeled(picture, name, _LABEL_PX))
    cv2.imwrite(
        str(FOLDER / "stylizers.jpg"), grid(tiles)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 84]
    )


if __name__ == "__main__":
    main()
