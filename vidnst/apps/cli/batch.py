"""vidnst batch CLIPS --style PICTURE --out FOLDER: many films, one summary."""

import argparse
import copy
import json
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidnst.apps.cli.arguments import add_render_arguments, job_parser, options_of
from vidnst.apps.cli.flags import with_flags
from vidnst.apps.cli.parser import Parser, progress_bar
from vidnst.apps.cli.shot_list import REPORT, listed
from vidnst.apps.cli.tell import plain
from vidnst.apps.cli.toml_arguments import as_arguments, with_preset
from vidnst.errors import UsageError
from vidnst.options.render import RenderOptions
from vidnst.options.styles import WeightedStyle, parse_style
from vidnst.options.workers import CrewOptions

if TYPE_CHECKING:
    from vidnst.apps.batch import Outcome
    from vidnst.film.render import Progress

_EPILOG = """\
examples:
  vidnst batch clips/ --style wave.jpg --style city.jpg --out rendered/
  vidnst batch 'takes/*.mov' --style wave.jpg --out rendered/ --size 720 --workers 4
  vidnst batch shots.toml --out rendered/

A shot list has settings for each clip, named like the options:
  style = "wave.jpg"                 clip,... in CSV: source,style,start,strength
  [[clip]]
  source = "a.mp4"
  start = "0:10"
  strength = 0.7

All options of vidnst itself are understood as well (vidnst --help). What is there already is
skipped; what failed or was stopped goes on.
"""


def batch_parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    parser = Parser(
        prog="vidnst batch",
        description="Paint many films; one that fails stops no other.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "clips", nargs="+", metavar="CLIPS", help="films, folders, patterns, shot lists"
    )
    parser.add_argument(
        "--style",
        type=parse_style,
        action="append",
        metavar="PICTURE",
        help="picture, folder of some, or name of a built-in style to paint like; again, for each "
        "a render",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--container", metavar="ENDING", help="of the results, such as mov")
    parser.add_argument(
        "--retry", type=int, default=0, metavar="N", help="retry a failed film up to N times"
    )
    parser.add_argument(
        "--json", action="store_true", help=f"print the report, which OUT/{REPORT} holds as well"
    )
    group = add_render_arguments(parser)
    group.add_argument("--quiet", action="store_true", help="show nothing but errors")
    return parser


def run(arguments: list[str]) -> int:
    """Run it and return the exit code: 1 where a render failed."""
    parser = batch_parser()
    args = parser.parse_args(with_preset(arguments, parser))
    if not 0 <= args.retry <= 100:
        raise UsageError(f"--retry is {args.retry}, but must lie in 0..100")
    workers = args.workers or 1
    if args.cluster is None:
        args.workers = None  # Without a cluster, they paint films, not segments.
    batch = _batch(args)
    if args.cluster is not None:
        workers = 1
    from vidnst.apps.batch import render_batch

    started = time.monotonic()
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {args.out}: {error.strerror}") from error
    with ExitStack() as open_bars:
        bars = _Bars(batch, open_bars, shown=not (args.quiet or args.json))
        outcomes = [
            replace(each, reason=with_flags(each.reason))
            for each in render_batch(batch, workers=workers, retry=args.retry, listen=bars.hear)
        ]
    seconds = round(time.monotonic() - started, 3)
    report = {
        "seconds": seconds,
        **{state: _count(outcomes, state) for state in ("done", "skipped", "failed")},
        "renders": [outcome.as_dict() for outcome in outcomes],
    }
    if args.json:
        print(json.dumps(report))
    elif not args.quiet:
        print(_summary(outcomes, seconds))
    _write(args.out / REPORT, json.dumps(report, indent=1) + "\n")
    return 1 if report["failed"] else 0


def _batch(args: argparse.Namespace) -> list[RenderOptions]:
    """Every film in every style, its output named. Raises UsageError."""
    from vidnst.media.containers import default_output
    from vidnst.media.names import is_sequence

    batch = []
    for film in listed(args.clips, out=args.out):
        own = copy.copy(args)
        for style in [WeightedStyle(path) for path in film.styles] or args.style or [None]:
            own.style, own.output = style and [style], None
            parser = job_parser()
            arguments = with_preset(as_arguments(film.settings, parser), parser)
            parsed = parser.parse_args([str(film.source), *arguments], own)
            if not (parsed.style or parsed.network or parsed.region):
                raise UsageError(f"{film.source} has no style: give --style")
            options = options_of(parsed)
            beside = default_output(film.source, options.style)
            name = Path(beside.name)
            if is_sequence(film.source):
                name = Path(beside.parent.name) / beside.name
            if options.output is not None:
                _inside(args.out, film.below / options.output)
                name = options.output
            elif args.container is not None:
                name = name.with_suffix(f".{args.container.lstrip('.')}")
            crew = options.crew if args.cluster is not None else CrewOptions()
            batch.append(replace(options, output=args.out / film.below / name, crew=crew))
    _require_own_flow(batch)
    return [_named_apart(options, args.out, batch) for options in batch]


def _require_own_flow(batch: list[RenderOptions]) -> None:
    """Raises UsageError where several films would take their motion from one folder."""
    films: dict[Path, Path] = {}
    for options in batch:
        folder = options.flow.flow_dir
        if folder is not None and films.setdefault(folder, options.source) != options.source:
            raise UsageError(
                f"`flow_dir` {folder} holds one film's motion: give each film its own in a shot "
                "list"
            )


def _inside(out: Path, output: Path) -> None:
    """Raises UsageError where a name in a shot list leads out of --out."""
    place = out.resolve()
    if not (place / output).parent.resolve().is_relative_to(place) or output.name in ("", ".."):
        raise UsageError(f"output {output} lies outside --out {out}")


def _named_apart(options: RenderOptions, out: Path, batch: list[RenderOptions]) -> RenderOptions:
    """The options; files beside the result are named by the film if several renders share them."""
    from vidnst.media.names import is_pattern

    assert options.output is not None
    below = options.output.relative_to(out)
    below = below.parent if is_pattern(below) else below.with_suffix("")
    film = "_".join(below.parts)

    def apart(path: Path | None, asked: list[Path | None]) -> Path | None:
        if path is None or asked.count(path) < 2:
            return path
        return path.with_name(f"{path.stem}_{film}{path.suffix}")

    delivery, regions = options.delivery, options.regions
    delivery = replace(
        delivery,
        compare=apart(delivery.compare, [each.delivery.compare for each in batch]),
        contact_sheet=apart(
            delivery.contact_sheet, [each.delivery.contact_sheet for each in batch]
        ),
    )
    masks = apart(regions.write_masks, [each.regions.write_masks for each in batch])
    return replace(options, delivery=delivery, regions=replace(regions, write_masks=masks))


class _Bars:
    """A progress bar for the whole batch, and one for each running render."""

    def __init__(self, batch: list[RenderOptions], open_bars: ExitStack, *, shown: bool) -> None:
        self._batch, self._open_bars, self._shown = batch, open_bars, shown
        self._current: dict[int, Any] = {}
        self._whole = None
        if shown:
            self._whole = open_bars.enter_context(progress_bar("batch", len(batch), "films"))

    def hear(self, index: int, told: "Progress | Outcome") -> None:
        """Bring the bars up to date."""
        from vidnst.apps.batch import Outcome

        if self._whole is None:
            return
        if isinstance(told, Outcome):
            if index in self._current:
                self._current.pop(index).close()
            self._whole.update(1)
            if told.state == "failed":
                reason = with_flags(told.reason)
                self._whole.write(plain(f"vidnst: {told.source}: {reason}"), file=sys.stderr)
            return
        if index not in self._current:
            name = self._batch[index].source.name
            bar = progress_bar(name, told.frame_count, "frames")
            self._current[index] = self._open_bars.enter_context(bar)
        bar = self._current[index]
        bar.update(told.frames_done - bar.n)


def _count(outcomes: "list[Outcome]", state: str) -> int:
    return sum(outcome.state == state for outcome in outcomes)


def _summary(outcomes: "list[Outcome]", seconds: float) -> str:
    lines = []
    for outcome in outcomes:
        told = outcome.reason
        if outcome.state == "done":
            told = f"{outcome.frames} frames, {outcome.seconds:.1f} s"
        name = outcome.source if outcome.state == "failed" else outcome.output
        lines.append(plain(f"{outcome.state:8} {name}: {told}"))
    counts = [f"{_count(outcomes, state)} {state}" for state in ("done", "skipped", "failed")]
    return "\n".join([*lines, f"{', '.join(counts)}, {seconds:.1f} s"])


def _write(path: Path, text: str) -> None:
    from vidnst.media.places import cannot_write
    from vidnst.media.result import PendingResult

    with PendingResult(path) as result:
        try:
            result.path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise cannot_write(path, error) from error
        result.keep()
