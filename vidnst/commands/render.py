"""vidnst INPUT --style PICTURE: the main job."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from vidnst import __version__
from vidnst.commands.parser import Parser, progress_bar
from vidnst.errors import UsageError
from vidnst.options import (
    ComputeOptions,
    CrewOptions,
    DeliveryOptions,
    EncodeOptions,
    GatysOptions,
    NetworkRange,
    OptionGroup,
    RenderOptions,
    StartNumber,
    SteadyOptions,
    StyleOptions,
    Stylizer,
    TuneOptions,
    flag_of,
    parse_start_number,
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
  vidnst shots CLIP     where its shots begin
  vidnst evaluate       how steady a painted clip is (vidnst evaluate --help)
  vidnst tune           tune the network to a clip, for --weights (vidnst tune --help)
  vidnst export         write the network for a style as an ONNX file (vidnst export --help)
  vidnst webcam         paint what a camera sees, live (vidnst webcam --help)
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
    parser.add_argument("--style", type=Path, metavar="PICTURE", help="picture to paint like")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="result; the ending chooses the container (default: INPUT_STYLE)",
    )
    group = parser.add_argument_group("how it is painted")
    group.add_argument(
        "--stylizer", choices=get_args(Stylizer), default=RenderOptions.stylizer,
        help="fast: a network, at once; tuned: the network, tuned to this clip first; gatys: "
        "optimization, slow and nearest to the style "
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
        "--weights", type=Path,
        help="a network by vidnst train or vidnst tune, instead of the shipped one",
    )  # fmt: skip
    group.add_argument(
        "--network", type=Path, metavar="FILE",
        help="in place of --style: somebody else's image-to-image network, .onnx, or .pth of "
        "PyTorch's fast_neural_style example",
    )  # fmt: skip
    group.add_argument(
        "--network-range", choices=get_args(NetworkRange), default=RenderOptions.network_range,
        help="the values an ONNX network works with (default: found out)",
    )  # fmt: skip
    group.add_argument(
        "--on", type=int, default=RenderOptions.on, metavar="N",
        help="paint every Nth frame and hold it, as animation on twos or threes (default: 1, all)",
    )  # fmt: skip
    add_options(parser.add_argument_group("where and by what is computed"), ComputeOptions)
    add_options(parser.add_argument_group("how fast and tuned keep a film steady"), SteadyOptions)
    add_options(parser.add_argument_group("how --stylizer tuned learns"), TuneOptions)
    group = parser.add_argument_group("how --stylizer gatys paints; lists are joined by +")
    add_options(group, GatysOptions)
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
        "--codec",
        help="h264, h265, vp9, av1, prores, prores4444, dnxhr, ffv1, ... "
        "(default: the container's)",
    )
    group.add_argument("--crf", type=float, help="quality, lower is better (default for h264: 18)")
    group.add_argument(
        "--preset", help="encoder's speed, such as veryfast or slow (default for h264: veryfast)"
    )
    group.add_argument("--pix-fmt", help="pixel format (default: yuv420p; yuv444p for odd sizes)")
    add_options(parser.add_argument_group("what is delivered"), DeliveryOptions)
    add_options(parser.add_argument_group("who paints"), CrewOptions)
    group = parser.add_argument_group("what is shown")
    group.add_argument(
        "--overwrite", action="store_true", help="replace a result that exists already"
    )
    group.add_argument(
        "--no-resume", action="store_true",
        help="start anew, even where an unfinished render of the same could go on",
    )  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="show nothing but errors")
    group.add_argument(
        "--profile", action="store_true", help="show where the time went, stage by stage"
    )
    group.add_argument("--json", action="store_true", help="print the figures as JSON, for scripts")
    parser.add_argument("--version", action="version", version=f"vidnst {__version__}")
    return parser


def add_options(group: "argparse._ArgumentGroup", options: type[OptionGroup]) -> None:
    """Add an argument for every field of options; not given, it is None."""
    for field in fields(options):
        group.add_argument(
            flag_of(field.name),
            type=_reader(field),
            choices=field.metadata["choices"] or None,
            default=None,
            metavar=None if field.metadata["choices"] else "VALUE",
            help=f"{field.metadata['help']}{_default_shown(field)}",
        )


def given_options(args: argparse.Namespace, options: type[OptionGroup]) -> dict[str, Any]:
    """Of the arguments that add_options added, those that were given."""
    names = [field.name for field in fields(options)]
    return {name: value for name in names if (value := getattr(args, name)) is not None}


_READERS: dict[Any, Callable[[str], Any]] = {
    int | None: int,
    Path | None: Path,
    str | None: str,
    StartNumber | None: parse_start_number,
}
"""For fields whose default, None, does not tell what they are; float for all others."""


def _reader(field: "Field[Any]") -> Callable[[str], Any]:
    """What turns an argument into a value of the field."""
    if not isinstance(field.default, tuple):
        if field.default is None:
            return _READERS.get(field.type, float)
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
    if (args.style is None) == (args.network is None):
        raise UsageError("give either --style or --network (vidnst --help shows how)")
    steadying, tuning, gatys, delivery, crew = (
        given_options(args, options)
        for options in (SteadyOptions, TuneOptions, GatysOptions, DeliveryOptions, CrewOptions)
    )
    if "compare_as" in delivery and "compare" not in delivery:
        raise UsageError("--compare-as is for --compare")
    if steadying and args.stylizer == "gatys":
        raise UsageError(f"{flag_of(next(iter(steadying)))} is for --stylizer fast and tuned")
    extras = [*gatys, *(name for name in ("plot", "save_steps") if getattr(args, name) is not None)]
    for stylizer, names in (("tuned", [*tuning]), ("gatys", extras)):
        if names and args.stylizer != stylizer:
            raise UsageError(f"{flag_of(names[0])} is for --stylizer {stylizer}")
    return RenderOptions(
        source=args.source,
        style=args.style or args.network,
        network=args.network,
        network_range=args.network_range,
        output=args.output,
        stylizer=args.stylizer,
        steadying=SteadyOptions(**steadying),
        compute=ComputeOptions(**given_options(args, ComputeOptions)),
        tuning=TuneOptions(**tuning),
        gatys=GatysOptions(**gatys),
        plot=args.plot,
        save_steps=args.save_steps,
        size=args.size,
        start_seconds=None if args.start is None else parse_time(args.start),
        end_seconds=None if args.end is None else parse_time(args.end),
        audio=not args.no_audio,
        overwrite=args.overwrite,
        resume=not args.no_resume,
        on=args.on,
        weights=args.weights,
        painting=StyleOptions(strength=args.strength, brush_size=args.brush_size),
        encoding=EncodeOptions(
            codec=args.codec, crf=args.crf, preset=args.preset, pix_fmt=args.pix_fmt
        ),
        delivery=DeliveryOptions(**delivery),
        crew=CrewOptions(**crew),
    )


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    args = render_parser().parse_args(arguments)
    options = _options_of(args)
    from vidnst.render import render

    with ExitStack() as open_bars:
        bars = _Bars(args.source.name, open_bars)
        show = (lambda _: None) if args.quiet or args.json else bars.show
        report = render(options, on_progress=show)
    if args.json:
        print(json.dumps(report.as_dict()))
    elif not args.quiet:
        print(_summary(report))
        if args.profile:
            print(_profile(report))
    return 0


class _Bars:
    """One progress bar after the other: steps of tuning, then frames or a picture's steps."""

    def __init__(self, name: str, open_bars: ExitStack) -> None:
        self._name, self._open_bars = name, open_bars
        self._bar: tqdm[NoReturn] | None = None
        self._unit = ""

    def show(self, progress: "Progress") -> None:
        """Bring the bars up to date."""
        for note in progress.notes:
            print(f"vidnst: {note}", file=sys.stderr)
        tuning, step = progress.tuning, progress.step
        if tuning is not None:
            self._update("tuning steps", tuning.step, tuning.step_count, tuning.losses)
        elif step is not None and progress.frame_count == 1:
            self._update("steps", step.step, step.step_count, step.losses)
        elif step is not None:
            at = {"step": f"{step.step}/{step.step_count}"}
            self._update("frames", progress.frames_done, progress.frame_count, step.losses, at)
        elif progress.frames_done and self._unit != "steps":
            # Only once there is work done: errors found before leave one clean line.
            self._update("frames", progress.frames_done, progress.frame_count)

    def _update(
        self,
        unit: str,
        done: int,
        total: int | None,
        losses: Mapping[str, float] | None = None,
        at: Mapping[str, str] | None = None,
    ) -> None:
        if self._bar is None or unit != self._unit:
            self._open_bars.close()
            self._bar = self._open_bars.enter_context(progress_bar(self._name, total, unit))
            self._unit = unit
        if losses is not None:
            told = {name: f"{value:.3g}" for name, value in losses.items() if value}
            self._bar.set_postfix({**(at or {}), **told}, refresh=at is not None)
        self._bar.update(done - self._bar.n)


def _profile(report: "Report") -> str:
    """A table of the stages, which run side by side: they add up to more than the whole."""
    rows = [f"{'stage':28} {'ms a frame':>10}"]
    rows += [f"{name:28} {taken:10.2f}" for name, taken in report.milliseconds.items()]
    return "\n".join(rows)


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
