"""vidnst tune: tune the network to a style and a clip, without rendering."""

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from vidnst.commands.arguments import render_options
from vidnst.commands.parser import Parser, progress_bar
from vidnst.commands.tell import tell

if TYPE_CHECKING:
    from tqdm import tqdm

    from vidnst.style.tuning import TuneStep


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
    from vidnst.tune import tune_clip

    with ExitStack() as open_bar:
        bar: tqdm[NoReturn] | None = None
        doing = ""

        def show(step: "TuneStep") -> None:
            nonlocal bar, doing
            if bar is None or step.doing != doing:
                open_bar.close()
                doing = step.doing
                bar = progress_bar(args.source.name, step.step_count, f"{doing} steps")
                open_bar.enter_context(bar)
            bar.set_postfix({n: f"{v:.3g}" for n, v in step.losses.items()}, refresh=False)
            bar.update(step.step - bar.n)

        shown = not (args.quiet or args.json)
        report = tune_clip(options, on_step=show if shown else lambda _: None)
    if args.json:
        figures = {"source": str(report.source), "output": str(report.output)}
        print(json.dumps(figures | {"seconds": round(report.seconds, 2)}))
    elif not args.quiet:
        tell(f"{report.output}: {report.seconds:.1f} s")
    return 0
