"""Make the README's picture: frames of the sample film, the style, and the painted frames.

python samples/make_before_after.py
"""

from pathlib import Path

import numpy as np

from vidnst.frames.resize import resize
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.pictures import read_picture, write_picture
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer

FOLDER = Path(__file__).parent
SHEET = FOLDER.parent / "docs" / "before_after.jpg"


def main() -> None:
    clip = probe(FOLDER / "clip.mp4")
    frames = [frame.picture for frame in decode(clip)]
    style = read_picture(FOLDER / "wave.jpg")
    stylizer = FastStylizer(style, StyleOptions(), size_hw=clip.size_hw)
    stylizer.begin_shot(frames[::15])
    rows = []
    for index in (45, 95):
        rows.append(np.hstack([frames[index], stylizer.paint(frames[index])]))
    sheet = np.vstack(rows)
    height = sheet.shape[0] // 2
    swatch = resize(style, (height, round(height * style.shape[1] / style.shape[0])))
    middle = np.full((sheet.shape[0], swatch.shape[1] + 24, 3), 255, np.uint8)
    top = (sheet.shape[0] - height) // 2
    middle[top : top + height, 12:-12] = swatch
    half = sheet.shape[1] // 2
    whole = np.hstack([sheet[:, :half], middle, sheet[:, half:]])
    write_picture(SHEET, resize(whole, (480, 480 * whole.shape[1] // 720)))


if __name__ == "__main__":
    main()
