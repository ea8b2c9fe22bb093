"""vidnst keyframes CLIP --out FOLDER: the frames of a film that are worth painting."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from vidnst.apps.cli.parser import Parser, progress_bar
from vidnst.apps.cli.tell import tell
from vidnst.errors import UsageError

if TYPE_CHECKING:
    from vidnst.apps.keyframes import Keyframe


def keyframes_parser() -> Parser:
    """The arguments of the command."""
    parser = Parser(
        prog="vidnst keyframes",
        description="Find the frames of each shot that together show nearly all of it, and write "
        "them as PNG with shot and time in their names, and a sheet of them.",
        epilog="Paint over them in any program and keep their names.",
        allow_abbrev=False,
    )
    parser.add_argument("clip", type=Path, help="film or frames/%%06d.png")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the PNGs")
    parser.add_argument(
        "--count", type=int, metavar="N", help="frames of each shot, at most (default: no limit)"
    )
    parser.add_argument(
        "--covered", type=float, default=0.95, metavar="0..1",
        help="enough of a shot's pixels (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--start", type=float, metavar="SECONDS", help="from here on")
    parser.add_argument("--end", type=float, metavar="SECONDS", help="up to here")
    parser.add_argument("--overwrite", action="store_true", help="replace keyframes in the folder")
    parser.add_argument("--quiet", action="store_true", help="show nothing but errors")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    return parser


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    args = keyframes_parser().parse_args(arguments)
    if args.count is not None and args.count < 1:
        raise UsageError(f"--count is {args.count}, but must be 1 or more")
    if not 0 < args.covered <= 1:
        raise UsageError(f"--covered is {args.covered}, but must be above 0, and 1 at most")
    if not 0 <= (args.start or 0) < (args.end or float("inf")):
        raise UsageError("--start must be 0 or more, and before --end")
    from vidnst.apps.keyframes import SHEET, write_keyframes
    from vidnst.media.excerpt import Excerpt

    shown = not (args.quiet or args.json)
    with progress_bar("looking", None, "frames") if shown else nullcontext() as bar:
        found = write_keyframes(
            args.clip,
            args.out,
            count=args.count,
            covered=args.covered,
            excerpt=Excerpt(args.start, args.end),
            overwrite=args.overwrite,
            on_frame=(lambda number: None) if bar is None else (lambda number: bar.update(1)),
        )
    if args.json:
        print(json.dumps([_told(each) for each in found]))
    elif not args.quiet:
        print(f"{'shot':>4} {'seconds':>10} {'covered':>8}  file")
        for each in found:
            tell(f"{each.shot:4} {each.seconds:10.3f} {each.covered:8.0%}  {each.path.name}")
        tell(f"{args.out / SHEET} shows them all")
    return 0


def _told(keyframe: "Keyframe") -> dict[str, object]:
    return {
        "shot": keyframe.shot,
        "seconds": keyframe.seconds,
        "covered": round(keyframe.covered, 4),
        "file": str(keyframe.path),
    }
