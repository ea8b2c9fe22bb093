"""vidnst tune: tune the network to a style and a clip, without rendering."""

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from vidnst.apps.cli.arguments import render_options
from vidnst.apps.cli.parser import Parser
from vidnst.apps.cli.render import Bars
from vidnst.apps.cli.tell import tell


def tune_parser() -> Parser:
    """The arguments of tuning, besides those of the main job."""
    parser = Parser(
        prog="vidnst tune",
        description="Tune the network to a style and a clip or picture, and write it to a file "
        "that --weights takes.",
        epilog="Takes also --style, --size, --brush-size, --start, --end, --weights, --device and "
        "the options of --stylizer tuned.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "source", type=Path, metavar="INPUT", help="film, picture, or numbered ones"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE",
        help="the tuned network (default: INPUT_STYLE.safetensors)",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace what exists already")
    parser.add_argument("--quiet", action="store_true", help="show nothing but errors")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    args, others = tune_parser().parse_known_args(arguments)
    options = replace(
        render_options([str(args.source), *others, "--stylizer", "tuned"]),
        output=args.output,
        overwrite=args.overwrite,
    )
    from vidnst.apps.tune import tune_clip
    from vidnst.film.render import Progress

    with ExitStack() as open_bars:
        bars = Bars(args.source.name, open_bars)
        shown = not (args.quiet or args.json)
        show = (lambda step: bars.show(Progress(0, None, step=step))) if shown else lambda _: None
        report = tune_clip(options, on_step=show)
    if args.json:
        figures = {"source": str(report.source), "output": str(report.output)}
        print(json.dumps(figures | {"seconds": round(report.seconds, 2)}))
    elif not args.quiet:
        tell(f"{report.output}: {report.seconds:.1f} s")
    return 0
