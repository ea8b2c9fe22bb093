"""Paint every content picture in every style, for a judge of your choice.

    python benchmarks/paint_pairs.py CONTENTS STYLES OUT [--in-turn] [--stylizer gatys] [any option]

Writes OUT/CONTENT__STYLE.png for each pair of pictures in the two folders, painted as the command
line would with these options. Pairs that are there already are left as they are. With --in-turn
each content is painted once, in the next style.
"""

import argparse
from itertools import product
from pathlib import Path

from vidnst.apps.cli.arguments import render_options
from vidnst.film.render import render
from vidnst.media.pictures import is_picture


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("contents", type=Path)
    parser.add_argument("styles", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--in-turn", action="store_true")
    args, options = parser.parse_known_args()
    args.out.mkdir(parents=True, exist_ok=True)
    contents, styles = (
        list(filter(is_picture, sorted(folder.iterdir())))
        for folder in (args.contents, args.styles)
    )
    pairs = list(product(contents, styles))
    if args.in_turn:
        pairs = [(content, styles[i % len(styles)]) for i, content in enumerate(contents)]
    for content, style in pairs:
        result = args.out / f"{content.stem}__{style.stem}.png"
        if not result.exists():
            pair = [str(content), "--style", str(style), "-o", str(result)]
            render(render_options([*pair, *options]))


if __name__ == "__main__":
    main()
