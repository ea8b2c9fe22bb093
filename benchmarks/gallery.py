"""A page of painted pictures: contents down, styles across, none left out.

    python benchmarks/gallery.py PAINTED PAGE.png [--tile WIDTHxHEIGHT]

PAINTED is what paint_pairs.py wrote: CONTENT__STYLE.png for each pair. Every picture is cut to the
tile's shape and shrunk to it.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from vidnst.frames.frame import Picture
from vidnst.media.pictures import fitted, read_picture, write_picture

_CAPTION_PX = 22


def caption(text: str, width: int) -> Picture:
    """A line of text in a white strip."""
    strip = np.full((_CAPTION_PX, width, 3), 255, np.uint8)
    cv2.putText(strip, text, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return strip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("painted", type=Path)
    parser.add_argument("page", type=Path)
    parser.add_argument("--tile", default="160x120", metavar="WIDTHxHEIGHT")
    args = parser.parse_args()
    width, height = (int(side) for side in args.tile.split("x"))
    pairs = [path.stem.split("__") for path in sorted(args.painted.glob("*__*.png"))]
    contents, styles = sorted({c for c, _ in pairs}), sorted({s for _, s in pairs})
    rows = [np.hstack([caption(style.replace("_", " "), width) for style in styles])]
    for content in contents:
        painted = [read_picture(args.painted / f"{content}__{style}.png") for style in styles]
        rows.append(np.hstack([fitted(picture, (height, width)) for picture in painted]))
    write_picture(args.page, np.vstack(rows))
    print(f"{args.page}: {args.page.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
