"""vidnst paint-check CLIP --painted FOLDER --out FILM: what painted frames cover of a film."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from vidnst.apps.cli.flags import with_flags
from vidnst.apps.cli.parser import Parser, progress_bar
from vidnst.apps.cli.tell import tell
from vidnst.options.painted import PaintedOptions, Unpainted, painted_frames
from vidnst.options.render import RenderOptions
from vidnst.options.schedule import parse_time
from vidnst.options.stylizers import Painted

if TYPE_CHECKING:
    from vidnst.apps.paint_check import CheckedShot


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    args = _parser().parse_args(arguments)
    frames = tuple(frame for given in args.painted for frame in given)
    options = RenderOptions(
        source=args.clip,
        style=frames[0].path,
        output=args.out,
        stylizer=Painted(frames, PaintedOptions(unpainted=args.unpainted)),
        size=args.size,
        start_seconds=None if args.start is None else parse_time(args.start),
        end_seconds=None if args.end is None else parse_time(args.end),
        overwrite=args.overwrite,
    )
    from vidnst.apps.paint_check import check_paintings

    shown = not (args.quiet or args.json)
    with progress_bar("checking", None, "frames") if shown else nullcontext() as bar:
        shots = check_paintings(
            options,
            next_folder=args.next,
            on_frame=(lambda number: None) if bar is None else (lambda number: bar.update(1)),
            on_note=lambda words: tell(f"vidnst: {with_flags(words)}", file=sys.stderr),
        )
    if args.json:
        print(json.dumps([_as_json(shot) for shot in shots]))
    elif not args.quiet:
        for shot in shots:
            tell(_as_line(shot))
        tell(f"{args.out} shows it")
        written = [shot.next_path for shot in shots if shot.next_path is not None]
        if written:
            tell(f"{args.next} holds what to paint next: {', '.join(p.name for p in written)}")
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="vidnst paint-check",
        description="Show what the frames that you painted cover of a film, before it is painted: "
        "your paintings where they can be carried along the motion, and elsewhere the scene in "
        "dark gray with stripes.",
        epilog="A network paints what none covers; paint the time that a line ends with to cover "
        "most of it.",
        allow_abbrev=False,
    )
    parser.add_argument("clip", type=Path, help="film or frames/%%06d.png")
    parser.add_argument(
        "--painted", type=painted_frames, action="append", required=True,
        metavar="FOLDER|TIME=PNG",
        help="the painted frames, as vidnst CLIP --painted takes them; may be given again",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FILM", help="what is written")
    parser.add_argument(
        "--next", type=Path, metavar="FOLDER",
        help="write the frames to paint next there, named as by vidnst keyframes; none is replaced",
    )  # fmt: skip
    parser.add_argument(
        "--unpainted", choices=get_args(Unpainted), default=PaintedOptions.unpainted,
        help="what you will give for shots without a painted frame (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--size", metavar="WxH|H", help="the size that you will paint at")
    parser.add_argument("--start", metavar="TIME", help="begin here: seconds or H:MM:SS")
    parser.add_argument("--end", metavar="TIME", help="stop before here")
    parser.add_argument("--overwrite", action="store_true", help="replace a film that exists")
    parser.add_argument("--quiet", action="store_true", help="show nothing but errors")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    return parser


def _as_line(shot: "CheckedShot") -> str:
    begins = f"shot {shot.number} ({shot.start_seconds:.3f} to {shot.end_seconds:.3f} s): "
    parts = [f"{cover.frame.path.name} {cover.share:.0%}" for cover in shot.covers]
    if not shot.own:
        parts.insert(0, "no painted frame of its own")
    parts.append(f"uncovered {shot.uncovered:.0%}")
    if shot.next_seconds is not None:
        parts.append(f"paint {shot.next_seconds:.3f} s next")
    return begins + ", ".join(parts)


def _as_json(shot: "CheckedShot") -> dict[str, object]:
    return {
        "shot": shot.number,
        "start": shot.start_seconds,
        "end": shot.end_seconds,
        "own": shot.own,
        "covered": [
            {
                "seconds": cover.frame.seconds,
                "file": str(cover.frame.path),
                "share": round(cover.share, 4),
            }
            for cover in shot.covers
        ],
        "uncovered": round(shot.uncovered, 4),
        "next": None if shot.next_seconds is None else round(shot.next_seconds, 3),
        "file": None if shot.next_path is None else str(shot.next_path),
    }
