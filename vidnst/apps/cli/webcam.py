"""vidnst webcam --style PICTURE... or --painted FOLDER: a camera's picture, painted live."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, get_args

from vidnst.apps.cli.fields import add_options, given_options
from vidnst.apps.cli.flags import flag_of, with_flags
from vidnst.apps.cli.parser import Parser, progress_bar
from vidnst.apps.cli.tell import tell
from vidnst.errors import UsageError
from vidnst.options.built_in import style_path
from vidnst.options.painted import PaintedOptions
from vidnst.options.scenes import painted_scenes
from vidnst.options.steady import SteadyOptions
from vidnst.options.styles import Color, StyleOptions
from vidnst.options.webcam import OutputOptions, PaceOptions, WebcamOptions

if TYPE_CHECKING:
    from tqdm import tqdm

    from vidnst.live.metrics import Report
    from vidnst.nets.step import Step

_KEYS = """\
keys, in the window and on the page:
  n next style    + - strength    [ ] steadiness    c side by side
  s snapshot      r record        q quit
  p keep a frame to paint over (with --keyframes)
"""


def webcam_parser() -> Parser:
    """The arguments of the webcam."""
    parser = Parser(
        prog="vidnst webcam",
        description="Paint what a camera sees, live.",
        epilog=_KEYS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--style", type=style_path, nargs="+", default=[], metavar="PICTURE",
        help="pictures, or names of built-in styles, to paint like; the first at first",
    )  # fmt: skip
    parser.add_argument(
        "--painted", type=painted_scenes, action="append", default=[],
        metavar="FOLDER|SCENE=PNG",
        help="in place of --style: frames of this camera that you painted, a folder of those that "
        "--keyframes kept, or one with what the camera saw; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--keyframes", type=Path, metavar="FOLDER",
        help="where the key p keeps frames to paint over; alone, the picture is shown as it is",
    )  # fmt: skip
    parser.add_argument(
        "--camera", default=WebcamOptions.camera, metavar="SOURCE",
        help="a camera's number or device, a stream's URL, or a film that stands in for a camera "
        "(default: %(default)s)",
    )  # fmt: skip
    group = parser.add_argument_group("how it is painted")
    add_options(group, PaceOptions)
    group.add_argument(
        "--size", metavar="WxH|H",
        help="of the painted picture (default: the camera's, of a tall one 480 lines)",
    )  # fmt: skip
    group.add_argument(
        "--strength", type=float, default=StyleOptions.strength, metavar="0..1",
        help="how much style (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--brush-size", type=float, metavar="PERCENT",
        help="size of the marks in percent of the frame's height, 0.5..25",
    )  # fmt: skip
    group.add_argument(
        "--color", choices=get_args(Color), default=StyleOptions.color,
        help="which colors: the style's; luminance: the camera's, painted in light and dark; "
        "match: the style's, brought near those of each shot (default: %(default)s)",
    )  # fmt: skip
    add_options(group, SteadyOptions, only=["steady"])
    add_options(group, PaintedOptions, only=["painted_steps"])
    group.add_argument("--weights", type=Path, help="a network by vidnst train or vidnst tune")
    add_options(
        parser.add_argument_group("where it goes; without any of these, into a window"),
        OutputOptions,
    )
    group = parser.add_argument_group("what is told")
    group.add_argument("--quiet", action="store_true", help="tell nothing but errors")
    group.add_argument("--json", action="store_true", help="print the figures at the end as JSON")
    return parser


def webcam_options(arguments: Sequence[str]) -> WebcamOptions:
    """The options that arguments stand for. Raises UsageError."""
    return _options_of(webcam_parser().parse_args(arguments))


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    args = webcam_parser().parse_args(arguments)
    options = _options_of(args)
    from vidnst.live.session import webcam

    def note(notice: str) -> None:
        if not args.quiet:
            # stdout is for the figures only.
            tell(with_flags(notice), file=sys.stderr)

    with ExitStack() as open_bars:
        bar: tqdm[NoReturn] | None = None

        def show(step: "Step") -> None:
            nonlocal bar
            if bar is None:
                bar = open_bars.enter_context(progress_bar("painted", step.step_count, "steps"))
            bar.update(step.step - bar.n)
            if step.step == step.step_count:
                open_bars.close()

        report = webcam(options, on_notice=note, on_step=(lambda _: None) if args.quiet else show)
    if args.json:
        print(json.dumps(asdict(report)))
    elif not args.quiet:
        tell(_summary(report))
    return 0


def _options_of(args: argparse.Namespace) -> WebcamOptions:
    teaching = given_options(args, PaintedOptions)
    if teaching and not args.painted:
        raise UsageError(f"{flag_of(next(iter(teaching)))} is for --painted")
    return WebcamOptions(
        styles=tuple(args.style),
        camera=args.camera,
        size=args.size,
        weights=args.weights,
        painting=StyleOptions(strength=args.strength, brush_size=args.brush_size, color=args.color),
        steadying=SteadyOptions(**given_options(args, SteadyOptions)),
        pacing=PaceOptions(**given_options(args, PaceOptions)),
        outputs=OutputOptions(**given_options(args, OutputOptions)),
        painted=tuple(scene for given in args.painted for scene in given),
        teaching=PaintedOptions(**teaching),
        keyframes=args.keyframes,
    )


def _summary(report: "Report") -> str:
    parts = [
        f"{report.shown} frames shown of {report.captured}",
        f"{report.seconds:.1f} s",
        f"{report.shown / max(report.seconds, 1e-9):.1f} fps",
    ]
    if report.shown:
        told = ", ".join(f"{ms:.0f} ms ({p} %)" for p, ms in report.latency_ms.items())
        parts.append(f"latency {told}")
    return ", ".join(parts)
