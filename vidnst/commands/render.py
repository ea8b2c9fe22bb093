"""vidnst INPUT --style PICTURE: the main job."""

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from vidnst import __version__
from vidnst.commands.parser import Parser, progress_bar
from vidnst.errors import UsageError
from vidnst.options import (
    EncodeOptions,
    GatysOptions,
    RenderOptions,
    StyleOptions,
    Stylizer,
    flag_of,
    parse_time,
)

if TYPE_CHECKING:
    from tqdm import tqdm

    from vidnst.render import Progress, Report

_EXAMPLES = """\
examples:
  vidnst input.mp4 --style wave.jpg                 writes input_wave.mp4, with sound
  vidnst input.mp4 --style wave.jpg -o out.webm     another container and codec
  vidnst input.mov --style wave.jpg --size 720 --start 1:05 --end 1:20
  vidnst input.mp4 --style wave.jpg --strength 0.6 --brush-size 6
  vidnst frames/%06d.png --style wave.jpg -o painted/%06d.png
  vidnst photo.jpg --style wave.jpg                 a still picture

other commands:
  vidnst info CLIP      what is inside a clip
  vidnst train          train the network anew (vidnst train --help)

A file that is named like a command is given as ./info.
"""


def render_parser() -> argparse.ArgumentParser:
    """The arguments of the main job."""
    parser = Parser(
        prog="vidnst",
        description="Paint a film, numbered pictures or a still picture like any picture.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "source", type=Path, metavar="INPUT", help="film, picture, or frames/%%06d.png"
    )
    parser.add_argument(
        "--style", type=Path, required=True, metavar="PICTURE", help="picture to paint like"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="result; the ending chooses the container (default: INPUT_STYLE)",
    )
    group = parser.add_argument_group("how it is painted")
    group.add_argument(
        "--stylizer", choices=get_args(Stylizer), default=RenderOptions.stylizer,
        help="fast: a network, at once; gatys: optimization, slow and nearest to the style "
        "(default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--strength", type=float, default=StyleOptions.strength, metavar="0..1",
        help="how much style; 0 is the source itself (default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--brush-size", type=float, metavar="PERCENT",
        help="size of the marks in percent of the frame's height, 0.5..25 "
        "(default: as fine as the frame allows)",
    )  # fmt: skip
    group.add_argument(
        "--weights", type=Path, help="a network trained by vidnst train, instead of the shipped one"
    )
    group = parser.add_argument_group("how --stylizer gatys paints; lists are joined by +")
    for field in fields(GatysOptions):
        group.add_argument(
            flag_of(field.name),
            type=_reader(field),
            choices=field.metadata["choices"] or None,
            default=None,
            metavar=None if field.metadata["choices"] else "VALUE",
            help=f"{field.metadata['help']}{_default_shown(field)}",
        )
    group.add_argument("--plot", type=Path, metavar="PNG", help="write the loss curves")
    group.add_argument(
        "--save-steps", type=int, metavar="N",
        help="write the picture after every N steps, into RESULT_steps/",
    )  # fmt: skip
    group = parser.add_argument_group("what is read")
    group.add_argument("--size", metavar="WxH|H", help="paint at this size, such as 640x360 or 360")
    group.add_argument("--start", metavar="TIME", help="begin here: seconds or H:MM:SS")
    group.add_argument("--end", metavar="TIME", help="stop before here")
    group.add_argument("--no-audio", action="store_true", help="leave the sound out")
    group = parser.add_argument_group("how it is encoded")
    group.add_argument(
        "--codec", help="h264, h265, vp9, av1, prores, ffv1, ... (default: the container's)"
    )
    group.add_argument("--crf", type=float, help="quality, lower is better (default for h264: 18)")
    group.add_argument(
        "--preset", help="encoder's speed, such as veryfast or slow (default for h264: veryfast)"
    )
    group.add_argument("--pix-fmt", help="pixel format (default: yuv420p; yuv444p for odd sizes)")
    group = parser.add_argument_group("what is shown")
    group.add_argument(
        "--overwrite", action="store_true", help="replace a result that exists already"
    )
    group.add_argument("--quiet", action="store_true", help="show nothing but errors")
    group.add_argument("--json", action="store_true", help="print the figures as JSON, for scripts")
    parser.add_argument("--version", action="version", version=f"vidnst {__version__}")
    return parser


def _reader(field: "Field[Any]") -> Callable[[str], Any]:
    """What turns an argument into a value of the field."""
    if not isinstance(field.default, tuple):
        if field.default is None:
            return int if field.type == int | None else float
        return type(field.default)
    kind = type(field.default[0])

    def read(text: str) -> tuple[Any, ...]:
        try:
            return tuple(kind(part) for part in text.split("+"))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} are no numbers joined by +") from None

    return read


def _default_shown(field: "Field[Any]") -> str:
    if field.default is None:
        return ""
    parts = field.default if isinstance(field.default, tuple) else (field.default,)
    return f" (default: {'+'.join(f'{p:g}' if isinstance(p, float) else str(p) for p in parts)})"


def render_options(arguments: Sequence[str]) -> RenderOptions:
    """The options that arguments of the main job stand for. Raises UsageError."""
    return _options_of(render_parser().parse_args(arguments))


def _options_of(args: argparse.Namespace) -> RenderOptions:
    given = {
        field.name: value
        for field in fields(GatysOptions)
        if (value := getattr(args, field.name)) is not None
    }
    extras = [*given, *(name for name in ("plot", "save_steps") if getattr(args, name) is not None)]
    if extras and args.stylizer != "gatys":
        raise UsageError(f"{flag_of(extras[0])} is for --stylizer gatys")
    return RenderOptions(
        source=args.source,
        style=args.style,
        output=args.output,
        stylizer=args.stylizer,
        gatys=GatysOptions(**given),
        plot=args.plot,
        save_steps=args.save_steps,
        size=args.size,
        start_seconds=None if args.start is None else parse_time(args.start),
        end_seconds=None if args.end is None else parse_time(args.end),
        audio=not args.no_audio,
        overwrite=args.overwrite,
        weights=args.weights,
        painting=StyleOptions(strength=args.strength, brush_size=args.brush_size),
        encoding=EncodeOptions(
            codec=args.codec, crf=args.crf, preset=args.preset, pix_fmt=args.pix_fmt
        ),
    )


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    args = render_parser().parse_args(arguments)
    options = _options_of(args)
    from vidnst.render import render

    with ExitStack() as open_bar:
        bar: tqdm[NoReturn] | None = None
        of_steps = False

        def show(progress: "Progress") -> None:
            nonlocal bar, of_steps
            step = progress.step
            if bar is None:
                # Only once there is work done: errors found before leave one clean line.
                if step is None and not progress.frames_done:
                    return
                of_steps = step is not None and progress.frame_count == 1
                total = step.step_count if step and of_steps else progress.frame_count
                unit = "steps" if of_steps else "frames"
                bar = open_bar.enter_context(progress_bar(args.source.name, total, unit))
            if step is not None:
                losses = {name: f"{value:.3g}" for name, value in step.losses.items() if value}
                at = {} if of_steps else {"step": f"{step.step}/{step.step_count}"}
                bar.set_postfix(at | losses, refresh=not of_steps)
            if not of_steps:
                bar.update(progress.frames_done - bar.n)
            elif step is not None:
                bar.update(step.step - bar.n)

        report = render(options, on_progress=(lambda _: None) if args.quiet or args.json else show)
    if args.json:
        print(json.dumps(report.as_dict()))
    elif not args.quiet:
        print(_summary(report))
    return 0


def _summary(report: "Report") -> str:
    height, width = report.size_hw
    size = report.output.stat().st_size / 1e6 if report.output.is_file() else None
    parts = [
        f"{report.frames} frame{'s' if report.frames != 1 else ''}",
        f"{width}x{height}",
        f"{report.seconds:.1f} s",
    ]
    if report.frames > 1:
        parts.append(f"{report.frames_per_second:.1f} fps")
    if size is not None:
        parts.append(f"{size:.1f} MB")
    return f"{report.output}: {', '.join(parts)}"
