"""Paint every content picture in every style, for a judge of your choice.

    python benchmarks/paint_pairs.py CONTENTS STYLES OUT [--weights FILE]

Writes OUT/CONTENT__STYLE.png for each pair of pictures in the two folders.
"""

import argparse
from pathlib import Path

from vidnst.media.pictures import is_picture, read_picture, write_picture
from vidnst.options import StyleOptions
from vidnst.style.fast import FastStylizer


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("contents", type=Path)
    parser.add_argument("styles", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for style in filter(is_picture, sorted(args.styles.iterdir())):
        style_picture = read_picture(style)
        for content in filter(is_picture, sorted(args.contents.iterdir())):
            picture = read_picture(content)
            stylizer = FastStylizer(
                style_picture, StyleOptions(), size_hw=picture.shape[:2], weights=args.weights
            )
            stylizer.begin_shot([picture])
            write_picture(args.out / f"{content.stem}__{style.stem}.png", stylizer.paint(picture))


if __name__ == "__main__":
    main()
