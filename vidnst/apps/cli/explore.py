"""vidnst explore: many settings of an optimizing stylizer on one picture, side by side."""

import shlex
import sys
from collections.abc import Sequence, Set
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from vidnst.apps.cli.arguments import render_options
from vidnst.apps.cli.flags import flag_of
from vidnst.apps.cli.parser import Parser, progress_bar
from vidnst.apps.cli.tell import plain, tell
from vidnst.errors import UsageError
from vidnst.options.optimizing import BOTH_OPTIMIZE, GatysOptions, NeighborOptions

if TYPE_CHECKING:
    from vidnst.apps.explore import PaintedCell

_ALWAYS_VARIED = ("strength", "brush_size")
_VARIED = {
    stylizer: {flag_of(name)[2:] for name in (*_ALWAYS_VARIED, *names)}
    for stylizer, names in {
        "gatys": [f.name for f in fields(GatysOptions)],
        "neighbor": [*(f.name for f in fields(NeighborOptions)), *BOTH_OPTIMIZE],
    }.items()
}


def explore_parser() -> Parser:
    """The arguments of exploring, besides those of the main job."""
    parser = Parser(
        prog="vidnst explore",
        description="Paint a picture, small, with all combinations of some settings of a stylizer: "
        "a labeled contact sheet, a table of losses and times, and the command for each.",
        epilog="Takes also --style, --strength, --brush-size, --device and the options of the "
        "stylizer.",
        allow_abbrev=False,
    )
    parser.add_argument("source", type=Path, metavar="PICTURE", help="what is painted")
    parser.add_argument(
        "--vary", action="append", required=True, metavar="OPTION=VALUE,...",
        help="try these values, such as style-weight=1e4,1e5,1e6; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--stylizer", choices=list(_VARIED), default="gatys",
        help="whose settings they are (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--side", type=int, default=256, metavar="PIXELS",
        help="longer side of the pictures (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, metavar="PNG",
        help="contact sheet; the table gets the same name with .csv "
        "(default: PICTURE_STYLE_explore.png)",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace what exists already")
    parser.add_argument("--quiet", action="store_true", help="show nothing but errors")
    return parser


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    args, others = explore_parser().parse_known_args(arguments)
    varied = dict(_variation(text, _VARIED[args.stylizer]) for text in args.vary)
    if len(varied) < len(args.vary):
        raise UsageError("--vary names an option twice: give all its values at once")
    base = [str(args.source), *others, "--stylizer", args.stylizer]
    settings = [dict(zip(varied, values, strict=True)) for values in product(*varied.values())]
    lines = [[*base, *(f"--{name}={value}" for name, value in s.items())] for s in settings]
    # All are parsed before the first is painted.
    options = [render_options(line) for line in lines]
    from vidnst.apps.explore import Cell, explore

    commands = [f"vidnst {shlex.join(line)}" for line in lines]
    cells = [Cell(*parts) for parts in zip(settings, options, commands, strict=True)]
    style = cells[0].options.style
    sheet = args.output or args.source.with_name(f"{args.source.stem}_{style.stem}_explore.png")
    with progress_bar(args.source.name, len(cells), "pictures") as bar:

        def show(painted: "PaintedCell") -> None:
            bar.update()
            if not args.quiet:
                bar.write(
                    plain(f"{painted.seconds:6.1f} s  {painted.cell.command}"), file=sys.stdout
                )

        explore(
            cells,
            sheet=sheet,
            columns=len(next(iter(varied.values()))),
            side=args.side,
            overwrite=args.overwrite,
            on_cell=show,
        )
    if not args.quiet:
        tell(f"{sheet} and {sheet.with_suffix('.csv')}")
    return 0


def _variation(text: str, known: Set[str]) -> tuple[str, Sequence[str]]:
    name, _, values = text.partition("=")
    if name not in known:
        raise UsageError(
            f"--vary {text}: no option {name!r} to vary; there are {', '.join(sorted(known))}"
        )
    if not all(values.split(",")):
        raise UsageError(f"--vary {text}: write OPTION=VALUE,VALUE, such as style-weight=1e4,1e5")
    return name, values.split(",")
