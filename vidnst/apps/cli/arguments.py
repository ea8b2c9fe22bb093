"""The command-line arguments of a render, alone or in a batch."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from vidnst.apps.cli.fields import add_options, given_options
from vidnst.apps.cli.flags import flag_of
from vidnst.apps.cli.parser import Parser
from vidnst.apps.cli.regions import add_region_arguments, regions_of
from vidnst.apps.cli.stylizers import stylizer_of
from vidnst.apps.cli.toml_arguments import with_preset
from vidnst.errors import UsageError
from vidnst.options.built_in import style_path
from vidnst.options.compute import ComputeOptions, NetworkRange
from vidnst.options.learning import TeachOptions, TuneOptions
from vidnst.options.optimizing import GatysOptions, NeighborOptions
from vidnst.options.output import DeliveryOptions, EncodeOptions
from vidnst.options.painted import PaintedOptions, painted_frames
from vidnst.options.render import RenderOptions
from vidnst.options.schedule import Curve, Easing, TimeOptions, parse_curve, parse_time
from vidnst.options.steady import FlowOptions, SteadyOptions
from vidnst.options.styles import Color, Mixing, StyleOptions, WeightedStyle, parse_style, times_of
from vidnst.options.stylizers import STYLIZERS, Fast, Foreign
from vidnst.options.text import presets
from vidnst.options.workers import CrewOptions


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that most people need, which --help shows."""
    group = parser.add_argument_group("what most people need")
    group.add_argument(
        "--preset", metavar="NAME",
        help=f"settings to start from: {', '.join(presets())}, or a TOML file",
    )  # fmt: skip
    group.add_argument(
        "--stylizer", choices=list(STYLIZERS), default=Fast.name,
        help="fast: a network, at once; tuned: the network, tuned to this clip first; neighbor: "
        "the style's own strokes, place by place, slow; gatys: by its statistics, as slow "
        "(default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--strength", default=str(StyleOptions.strength), metavar="0..1",
        help="how much style; 0 is the source itself; or keyframes, 0@0s,1@2s "
        "(default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--brush-size", type=float, metavar="PERCENT",
        help="size of the marks in percent of the frame's height, 0.5..25 "
        "(default: as fine as the frame allows)",
    )  # fmt: skip
    group.add_argument("--keep-color", action="store_true", help="short for --color luminance")
    add_options(group, SteadyOptions, only=["steady"])
    group.add_argument("--size", metavar="WxH|H", help="paint at this size, such as 640x360 or 360")
    group.add_argument("--start", metavar="TIME", help="begin here: seconds or H:MM:SS")
    group.add_argument("--end", metavar="TIME", help="stop before here")
    group.add_argument("--no-audio", action="store_true", help="leave the sound out")
    group.add_argument(
        "--overwrite", action="store_true", help="replace a result that exists already"
    )


def add_render_arguments(parser: argparse.ArgumentParser) -> "argparse._ArgumentGroup":
    """Add the options of reading, painting, encoding and delivery; returns the last group.

    The caller adds source, style and output.
    """
    add_common_arguments(parser)
    group = parser.add_argument_group("how it is painted")
    group.add_argument(
        "--easing", choices=get_args(Easing), default=TimeOptions.easing,
        help="between keyframes, and from style to style: evenly, or with a slow start and end "
        "(default: %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--color", choices=get_args(Color),
        help="which colors: the style's; luminance: the source's, painted in light and dark; "
        "match: the style's, brought near those of each shot (default: style)",
    )  # fmt: skip
    group.add_argument(
        "--fine-style", type=style_path, metavar="PICTURE",
        help="picture, or folder of some, that gives the finest texture",
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
        "--painted", type=painted_frames, action="append", metavar="FOLDER|TIME=PNG",
        help="in place of --style: frames of this film that you painted, a folder of those that "
        "vidnst keyframes wrote, or one with its time; given again, with frames added later, the "
        "network goes on learning from where it was",
    )  # fmt: skip
    group.add_argument(
        "--network-range", choices=get_args(NetworkRange), default=Foreign.value_range,
        help="the values an ONNX network works with (default: found out)",
    )  # fmt: skip
    group.add_argument(
        "--on", type=int, default=RenderOptions.on, metavar="N",
        help="paint every Nth frame and hold it, as animation on twos or threes (default: 1, all)",
    )  # fmt: skip
    add_region_arguments(parser)
    add_options(parser.add_argument_group("where and by what is computed"), ComputeOptions)
    add_options(
        parser.add_argument_group("how fast and tuned keep a film steady"),
        SteadyOptions,
        but=["steady"],
    )
    add_options(parser.add_argument_group("motion that is known"), FlowOptions)
    add_options(parser.add_argument_group("how --stylizer tuned learns"), TeachOptions)
    add_options(parser.add_argument_group("how it learns with --teach losses"), TuneOptions)
    add_options(
        parser.add_argument_group("how --painted learns, and what it leaves"), PaintedOptions
    )
    add_options(parser.add_argument_group("how --stylizer neighbor paints"), NeighborOptions)
    group = parser.add_argument_group(
        "how --stylizer gatys paints; lists are joined by +; neighbor takes "
        "features, scales, seed and those for film"
    )
    add_options(group, GatysOptions)
    group.add_argument("--plot", type=Path, metavar="PNG", help="write the loss curves")
    group.add_argument(
        "--save-steps", type=int, metavar="N",
        help="write the picture after every N steps, into RESULT_steps/",
    )  # fmt: skip
    group = parser.add_argument_group("what is read")
    group.add_argument(
        "--strict", action="store_true",
        help="refuse a film that is damaged or whose clock starts anew, instead of painting what "
        "can be read",
    )  # fmt: skip
    group = parser.add_argument_group("how it is encoded")
    group.add_argument(
        "--codec",
        help="h264, h265, vp9, av1, prores, prores4444, dnxhr, ffv1, ... "
        "(default: the container's)",
    )
    group.add_argument("--crf", type=float, help="quality, lower is better (default for h264: 18)")
    group.add_argument(
        "--encoder-preset",
        help="encoder's speed, such as veryfast or slow (default for h264: veryfast)",
    )
    group.add_argument("--pix-fmt", help="pixel format (default: yuv420p; yuv444p for odd sizes)")
    add_options(parser.add_argument_group("what is delivered"), DeliveryOptions)
    add_options(parser.add_argument_group("who paints"), CrewOptions)
    group = parser.add_argument_group("what is shown")
    group.add_argument(
        "--no-resume", action="store_true",
        help="start anew, even where an unfinished render of the same could go on",
    )  # fmt: skip
    return group


def _source(text: str) -> Path:
    """Raises UsageError for an address on the network."""
    if re.match(r"[A-Za-z][\w+.-]+://", text):
        raise UsageError(f"{text} is an address; vidnst paints files: download it first")
    return Path(text)


def job_parser() -> Parser:
    """The parser of one render: source, style, output, and the options of add_render_arguments."""
    parser = Parser(add_help=False, allow_abbrev=False)
    add_job_arguments(parser)
    add_render_arguments(parser)
    return parser


def add_job_arguments(parser: argparse.ArgumentParser) -> None:
    """Add source, style and output."""
    parser.add_argument(
        "source", type=_source, metavar="INPUT", help="film, picture, or frames/%%06d.png"
    )
    parser.add_argument(
        "--style", type=parse_style, action="append", metavar="PICTURE[:WEIGHT|@TIME]",
        help="picture, folder of some, or name of a built-in style (vidnst styles) to paint like; "
        "given again, they are mixed, or each turns into the next by its time",
    )  # fmt: skip
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="result; the ending chooses the container (default: INPUT_STYLE)",
    )


def _named_by(args: argparse.Namespace) -> Path | None:
    """The path that names the result where there is no style."""
    if args.painted is None:
        network: Path | None = args.network
        return network
    first: Path = args.painted[0][0].path
    return first if len(args.painted[0]) == 1 else first.parent


def render_options(arguments: Sequence[str]) -> RenderOptions:
    """The options that arguments of the main job stand for. Raises UsageError."""
    parser = job_parser()
    return options_of(parser.parse_args(with_preset(arguments, parser)))


def _require_one_look(args: argparse.Namespace) -> None:
    """Raises UsageError unless one thing says what to paint like; or two, with unpainted shots."""
    looks = [args.network, args.region, args.painted]
    if args.painted is None or args.unpainted != "style":
        looks.append(args.style)
    elif args.style is None:
        raise UsageError("--unpainted style needs a --style for shots without a painted frame")
    if looks.count(None) == len(looks) - 1:
        return
    if None not in (args.painted, args.style) and args.region is None and args.network is None:
        raise UsageError("give either --style or --painted, or both with --unpainted style")
    raise UsageError(
        "give either --style, --region, --network or --painted (vidnst --help shows how)"
    )


def options_of(args: argparse.Namespace) -> RenderOptions:
    """The options that parsed arguments stand for. Raises UsageError."""
    _require_one_look(args)
    regions = regions_of(args)
    stylizer = stylizer_of(args)
    steadying, delivery, crew = (
        given_options(args, options) for options in (SteadyOptions, DeliveryOptions, CrewOptions)
    )
    if "compare_as" in delivery and "compare" not in delivery:
        raise UsageError("--compare-as is for --compare")
    if steadying and stylizer.optimizes:
        raise UsageError(f"{flag_of(next(iter(steadying)))} is for --stylizer fast and tuned")
    if args.keep_color and args.color not in (None, "luminance"):
        raise UsageError(f"--keep-color is --color luminance, and not {args.color}")
    color = "luminance" if args.keep_color else args.color or StyleOptions.color
    style, *others = args.style or [WeightedStyle(_named_by(args) or regions.styles[0].picture)]
    strength = parse_curve("strength", str(args.strength), low=0, high=1)
    curve = None
    if isinstance(strength, Curve):
        curve, strength = replace(strength, easing=args.easing), StyleOptions.strength
    timing = TimeOptions(curve, times_of([style, *others]), args.easing)
    return RenderOptions(
        source=args.source,
        timing=timing,
        style=style.path,
        mixing=Mixing(weight=style.weight, others=tuple(others), fine=args.fine_style),
        output=args.output,
        stylizer=stylizer,
        steadying=SteadyOptions(**{"steady": stylizer.usual_steady} | steadying),
        flow=FlowOptions(**given_options(args, FlowOptions)),
        compute=ComputeOptions(**given_options(args, ComputeOptions)),
        plot=args.plot,
        save_steps=args.save_steps,
        size=args.size,
        start_seconds=None if args.start is None else parse_time(args.start),
        end_seconds=None if args.end is None else parse_time(args.end),
        strict=args.strict,
        audio=not args.no_audio,
        overwrite=args.overwrite,
        resume=not args.no_resume,
        on=args.on,
        painting=StyleOptions(strength=strength, brush_size=args.brush_size, color=color),
        regions=regions,
        encoding=EncodeOptions(
            codec=args.codec, crf=args.crf, preset=args.encoder_preset, pix_fmt=args.pix_fmt
        ),
        delivery=DeliveryOptions(**delivery),
        crew=CrewOptions(**crew),
    )
