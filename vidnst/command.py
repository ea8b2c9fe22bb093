"""The command line: arguments to options, one call, and what a person sees of it.

Imports nothing heavy, so that --help answers at once.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from vidnst import __version__
from vidnst.errors import UsageError, VidnstError
from vidnst.options import EncodeOptions, RenderOptions, StyleOptions, parse_time
from vidnst.training.settings import TrainingSettings

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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    0 done, 1 failed, 2 bad usage, 130 interrupted. VIDNST_DEBUG=1 shows the traceback of errors.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("SVT_LOG", "1")
    signal.signal(signal.SIGTERM, _terminated)
    commands: dict[str, Callable[[list[str]], int]] = {"info": _info, "train": _train}
    try:
        if arguments and arguments[0] in commands:
            return commands[arguments[0]](arguments[1:])
        return _render(arguments)
    except VidnstError as error:
        return _failed(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        return _failed("not enough memory: give a smaller --size", 1)
    except ImportError as error:
        if "libGL" in str(error) or "libgthread" in str(error) or "libglib" in str(error):
            return _failed(
                f"OpenCV lacks a system library ({error}); on a machine without a screen run: "
                "pip install --force-reinstall --no-deps opencv-python-headless",
                1,
            )
        raise


def _terminated(*_: object) -> NoReturn:
    raise SystemExit(143)


def _failed(message: str, code: int) -> int:
    if os.environ.get("VIDNST_DEBUG") == "1":
        raise
    print(f"vidnst: {' '.join(message.split())}", file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (vidnst --help shows how)")


def render_parser() -> argparse.ArgumentParser:
    """The arguments of the main job."""
    parser = _Parser(
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


def _render(arguments: list[str]) -> int:
    args = render_parser().parse_args(arguments)
    options = RenderOptions(
        source=args.source,
        style=args.style,
        output=args.output,
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
    from vidnst.render import render

    with ExitStack() as open_bar:
        bar: tqdm[NoReturn] | None = None

        def show(progress: "Progress") -> None:
            nonlocal bar
            if bar is None:
                # Only now: errors found before the first frame leave one clean line.
                bar = open_bar.enter_context(_bar(args.source.name, progress.frame_count))
            bar.update(progress.frames_done - bar.n)

        report = render(options, on_progress=(lambda _: None) if args.quiet or args.json else show)
    if args.json:
        print(json.dumps(report.as_dict()))
    elif not args.quiet:
        print(_summary(report))
    return 0


def _bar(title: str, total: int | None) -> "tqdm[NoReturn]":
    from tqdm import tqdm

    # disable=None: no bar where stderr is no terminal
    return tqdm(
        desc=title, total=total, unit=" frames", leave=False, dynamic_ncols=True, disable=None
    )


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


def _info(arguments: list[str]) -> int:
    parser = _Parser(
        prog="vidnst info", description="Tell what is inside a clip.", allow_abbrev=False
    )
    parser.add_argument("clip", type=Path, help="film or frames/%%06d.png")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    args = parser.parse_args(arguments)
    from vidnst.media.clip import probe

    clip = probe(args.clip)
    if args.json:
        print(json.dumps(clip.as_dict()))
        return 0
    height, width = clip.size_hw
    seconds = "unknown" if clip.duration_seconds is None else f"{clip.duration_seconds:.3f} s"
    rows: dict[str, Any] = {
        "file": clip.path,
        "container": clip.container,
        "film": f"{clip.codec}, {clip.pixel_format}{', HDR' if clip.hdr else ''}"
        f"{', interlaced' if clip.interlaced else ''}",
        "size": f"{width}x{height}"
        + (f", turned by {clip.rotation_degrees} degrees" if clip.rotation_degrees else "")
        + (f", pixel aspect {clip.sample_aspect}" if clip.sample_aspect != 1 else ""),
        "frames": "unknown" if clip.frame_count is None else clip.frame_count,
        "rate": "unknown" if clip.rate is None else f"{float(clip.rate):.3f} fps ({clip.rate})",
        "duration": seconds,
        "start": f"{clip.start_seconds:.3f} s",
        "color": f"range {clip.color.range}, matrix {clip.color.matrix}, "
        f"primaries {clip.color.primaries}, transfer {clip.color.transfer} (ITU-T H.273)",
        "sound": ", ".join(clip.audio) or "none",
        "subtitles": ", ".join(clip.subtitles) or "none",
        "chapters": clip.chapter_count or "none",
    }
    for name, value in rows.items():
        print(f"{name:10} {value}")
    return 0


def train_parser() -> argparse.ArgumentParser:
    """The arguments of training; every field of TrainingSettings is one."""
    parser = _Parser(
        prog="vidnst train",
        description="Train the network from photos and paintings; a stopped run is resumed.",
        allow_abbrev=False,
    )
    pictures = "folder or tar of"
    parser.add_argument("--photos", type=Path, required=True, help=f"{pictures} photos")
    parser.add_argument("--paintings", type=Path, required=True, help=f"{pictures} paintings")
    parser.add_argument(
        "--teacher", action="append", required=True, metavar="FILE|vgg19",
        help="encoder that judges the result: a safetensors file, or torchvision's VGG-19; "
        "may be given again",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps (default: %(default)s)")
    parser.add_argument(
        "--save-every", type=int, default=500, metavar="STEPS", help="(default: %(default)s)"
    )
    group = parser.add_argument_group("settings")
    for field in fields(TrainingSettings):
        group.add_argument(
            f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default,
            help="(default: %(default)s)",
        )  # fmt: skip
    return parser


def _train(arguments: list[str]) -> int:
    args = train_parser().parse_args(arguments)
    import torch
    from tqdm import tqdm

    from vidnst.style.perceptual import load_encoder, torchvision_vgg19
    from vidnst.training.train import TrainingStep, train

    settings = TrainingSettings(**{f.name: getattr(args, f.name) for f in fields(TrainingSettings)})
    teachers = [
        torchvision_vgg19() if t == "vgg19" else load_encoder(Path(t)) for t in args.teacher
    ]
    try:
        device = torch.device(args.device)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {args.device} is not to be had here: {error}") from error
    with tqdm(total=settings.steps, unit=" steps", dynamic_ncols=True) as bar:

        def show(step: TrainingStep) -> None:
            bar.update(step.step + 1 - bar.n)
            bar.set_postfix(content=f"{step.content:.3f}", style=f"{step.style:.3f}", refresh=False)

        weights = train(
            settings,
            photos=args.photos,
            paintings=args.paintings,
            teachers=teachers,
            out=args.out,
            device=device,
            save_every=args.save_every,
            on_note=partial(bar.write, file=sys.stderr),
            on_step=show,
        )
    print(weights)
    return 0
