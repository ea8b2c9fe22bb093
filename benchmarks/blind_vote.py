"""Lay two stylizers' paintings of the same pairs out as A and B, for eyes to vote blindly.

    python benchmarks/blind_vote.py sheets CONTENTS STYLES FIRST SECOND OUT [--seed 1]
    python benchmarks/blind_vote.py count OUT VOTES

FIRST and SECOND hold CONTENT__STYLE of each pair, as benchmarks/paint_pairs.py writes them. OUT
gets a numbered PNG for each pair in both: scene and style above, A and B below; which is which was
drawn, and stands in OUT/key.json. VOTES is a text file of lines such as `07 A`, written down before
the key is opened; `07 =` is half a vote for each.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from vidnst.film.delivery.labels import labeled
from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.media.pictures import is_picture, read_picture, write_picture

_HEIGHT = 420
_MARGIN, _LABEL_PX = 8, 22


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    sheets = commands.add_parser("sheets")
    for name in ("contents", "styles", "first", "second", "out"):
        sheets.add_argument(name, type=Path)
    sheets.add_argument("--seed", type=int, default=1)
    count = commands.add_parser("count")
    count.add_argument("out", type=Path)
    count.add_argument("votes", type=Path)
    args = parser.parse_args()
    if args.command == "sheets":
        write_sheets(args.contents, args.styles, args.first, args.second, args.out, args.seed)
    else:
        print(counted(args.out / "key.json", args.votes))


def write_sheets(
    contents: Path, styles: Path, first: Path, second: Path, out: Path, seed: int
) -> None:
    """Write a sheet for each pair that both folders hold, and the key."""
    rng = np.random.default_rng(seed)
    pictures = {
        kind: {path.stem: read_picture(path) for path in folder.iterdir() if is_picture(path)}
        for kind, folder in (("content", contents), ("style", styles))
    }
    ours, others = (
        {path.stem: path for path in folder.iterdir() if is_picture(path)}
        for folder in (first, second)
    )
    both = sorted(ours.keys() & others.keys())
    out.mkdir(parents=True, exist_ok=True)
    key = {}
    for number, index in enumerate(rng.permutation(len(both)), 1):
        name = both[index]
        content, _, style = name.partition("__")
        swapped = bool(rng.integers(2))
        key[f"{number:02}"] = {"pair": name, "A": "second" if swapped else "first"}
        painted = [read_picture(paths[name]) for paths in (ours, others)]
        above = [pictures["content"][content], pictures["style"][style]]
        rows = [_row(above, ("scene", "style")), _row(painted[:: -1 if swapped else 1], ("A", "B"))]
        width = max(row.shape[1] for row in rows)
        rows = [
            np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=255)
            for row in rows
        ]
        write_picture(out / f"{number:02}.png", np.vstack(rows))
    (out / "key.json").write_text(json.dumps(key, indent=1) + "\n")


def _row(pictures: list[Picture], labels: tuple[str, str]) -> Picture:
    tiles = []
    for picture, label in zip(pictures, labels, strict=True):
        width = round(_HEIGHT * picture.shape[1] / picture.shape[0])
        tile = labeled(resize(picture, (_HEIGHT, width)), label, _LABEL_PX)
        tiles.append(np.pad(tile, ((_MARGIN, 0), (_MARGIN, 0), (0, 0)), constant_values=255))
    return np.hstack(tiles)


def counted(key: Path, votes: Path) -> str:
    """How many votes each has."""
    truth = json.loads(key.read_text())
    points = {"first": 0.0, "second": 0.0}
    for line in votes.read_text().splitlines():
        if not line.strip():
            continue
        number, choice = line.split()[:2]
        if choice == "=":
            points = {name: value + 0.5 for name, value in points.items()}
        else:
            chosen_first = (truth[number]["A"] == "first") == (choice == "A")
            points["first" if chosen_first else "second"] += 1
    return f"first {points['first']:g}, second {points['second']:g}"


if __name__ == "__main__":
    main()
