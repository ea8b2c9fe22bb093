"""vidnst INPUT --style PICTURE: the main job."""

import argparse
import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

from vidnst import __version__
from vidnst.apps.cli.arguments import (
    add_common_arguments,
    add_job_arguments,
    add_render_arguments,
    options_of,
)
from vidnst.apps.cli.flags import with_flags
from vidnst.apps.cli.parser import Parser, ShowHelp, progress_bar
from vidnst.apps.cli.tell import tell
from vidnst.apps.cli.toml_arguments import as_toml, with_preset

if TYPE_CHECKING:
    from tqdm import tqdm

    from vidnst.film.render import Progress, Report

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
  vidnst keyframes CLIP the frames worth painting by hand (vidnst keyframes --help)
  vidnst paint-check    what those that you painted cover (vidnst paint-check --help)
  vidnst styles         the built-in styles, such as --style ink
  vidnst batch CLIPS    paint many films (vidnst batch --help)
  vidnst render PROJECT.toml
                        paint what a project file says (--dump-project writes one)
  vidnst jobs           unfinished renders, and their removal
  vidnst explore        try settings on one picture (vidnst explore --help)
  vidnst evaluate       how steady a painted clip is (vidnst evaluate --help)
  vidnst tune           tune the network to a clip, for --weights (vidnst tune --help)
  vidnst export         write the network for a style as an ONNX file (vidnst export --help)
  vidnst webcam         paint what a camera sees, live (vidnst webcam --help)
  vidnst page           try styles and paint in the browser (vidnst page --help)
  vidnst train-style    train a network of its own for a style (vidnst train-style --help)
  vidnst train          train the network anew (vidnst train --help)
  vidnst train-encoder  train a perceptual encoder (vidnst train-encoder --help)

A file that is named like a command is given as ./info.
"""


def brief_parser() -> argparse.ArgumentParser:
    """The main job's most common arguments, as --help shows them."""
    parser = _new_parser("vidnst INPUT --style PICTURE [options]")
    add_job_arguments(parser)
    add_common_arguments(parser)
    _add_help(parser)
    return parser


def render_parser() -> argparse.ArgumentParser:
    """The arguments of the main job."""
    parser = _new_parser()
    add_job_arguments(parser)
    group = add_render_arguments(parser)
    group.add_argument("--quiet", action="store_true", help="show nothing but errors")
    group.add_argument(
        "--profile", action="store_true", help="show where the time went, stage by stage"
    )
    group.add_argument("--json", action="store_true", help="print the figures as JSON, for scripts")
    group.add_argument(
        "--dump-project", action="store_true",
        help="print all this as a project file for vidnst render, and paint nothing",
    )  # fmt: skip
    _add_help(parser)
    return parser


def _new_parser(usage: str | None = None) -> Parser:
    return Parser(
        prog="vidnst",
        usage=usage,
        description="Paint a film, numbered pictures or a still picture like any picture.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )


def _add_help(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("help")
    group.add_argument(
        "-h", "--help", action=ShowHelp, of=brief_parser, help="show this and end"
    )  # fmt: skip
    group.add_argument(
        "--help-all", action=ShowHelp, of=render_parser, help="show all options and end"
    )
    group.add_argument("--version", action="version", version=f"vidnst {__version__}")


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    parser = render_parser()
    arguments = with_preset(arguments, parser)
    args = parser.parse_args(arguments)
    options = options_of(args)
    if args.dump_project:
        kept = [argument for argument in arguments if argument != "--dump-project"]
        print(as_toml(kept, parser), end="")
        return 0
    from vidnst.film.render import render

    with ExitStack() as open_bars:
        bars = Bars(args.source.name, open_bars)
        show = (lambda _: None) if args.quiet or args.json else bars.show
        report = render(options, on_progress=show)
    if args.json:
        print(json.dumps(report.as_dict()))
    elif not args.quiet:
        tell(_summary(report))
        if args.profile:
            print(_profile(report))
    return 0


class Bars:
    """Progress bars in sequence: steps of tuning, then frames or a picture's steps."""

    def __init__(self, name: str, open_bars: ExitStack) -> None:
        self._name, self._open_bars = name, open_bars
        self._bar: tqdm[NoReturn] | None = None
        self._unit = ""

    def show(self, progress: "Progress") -> None:
        """Bring the bars up to date."""
        for note in progress.notes:
            tell(f"vidnst: {with_flags(note)}", file=sys.stderr)
        step = progress.step
        if step is not None and step.doing is not None:
            self._update(f"{step.doing} steps", step.step, step.step_count, step.losses)
        elif step is not None and progress.frame_count == 1:
            self._update("steps", step.step, step.step_count, step.losses)
        elif step is not None:
            at = {"step": f"{step.step}/{step.step_count}"}
            self._update("frames", progress.frames_done, progress.frame_count, step.losses, at)
        elif progress.frames_done and self._unit != "steps":
            # Only after the first frame, so that errors before it print without a bar.
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
            shown = {name: f"{value:.3g}" for name, value in losses.items() if value}
            self._bar.set_postfix({**(at or {}), **shown}, refresh=at is not None)
        self._bar.update(done - self._bar.n)


def _profile(report: "Report") -> str:
    """A table of the stages; they run in parallel, so their sum exceeds the total."""
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
