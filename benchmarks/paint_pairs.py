"""Paint every content picture in every style, for a judge of your choice.

    python benchmarks/paint_pairs.py CONTENTS STYLES OUT [--stylizer gatys] [any other option]

Writes OUT/CONTENT__STYLE.png for each pair of pictures in the two folders, painted as the command
line would with these options. Pairs that are there already are left as they are.
"""

import argparse
from pathlib import Path

from vidnst.commands.render import render_options
from vidnst.media.pictures import is_picture
from vidnst.render import render


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("contents", type=Path)
    parser.add_argument("styles", type=Path)
    parser.add_argument("out", type=Path)
    args, options = parser.parse_known_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for style in filter(is_picture, sorted(args.styles.iterdir())):
        for content in filter(is_picture, sorted(args.contents.iterdir())):
            result = args.out / f"{content.stem}__{style.stem}.png"
            if not result.exists():
                pair = [str(content), "--style", str(style), "-o", str(result)]
                render(render_options([*pair, *options]))


if __name__ == "__main__":
    main()
