"""vidnst evaluate SOURCE STYLIZED...: how steady painted clips are."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from vidnst.apps.cli.parser import Parser
from vidnst.apps.cli.tell import tell
from vidnst.options.built_in import style_path
from vidnst.options.schedule import parse_time
from vidnst.options.size import parse_size
from vidnst.options.steady import FlowMethod, SteadyOptions

if TYPE_CHECKING:
    from vidnst.apps.evaluate import Comparison, Evaluation

_COLUMNS = {
    "clip": "",
    "e_warp": "warping error x 1000, where visible (Lai et al. 2018)",
    "e_warp_10": "the same, ten frames apart",
    "e_whole": "not normalized x 1000 (Ruder et al. 2016)",
    "e_stab": "its root (ReReVST: Wang et al. 2020)",
    "drop": "how far e_warp lies below the baseline's",
    "drop_10": "the same, ten frames apart",
    "drift": "change of the mean color over a shot, less the source's, in 1/255",
    "ghost": "how much of a shot's last frame is in the next one's first",
    "detail": "mean absolute Laplacian, in 1/255: blur cannot pass for steadiness",
    "maze": "finest grid's power in the worst blocks over the baseline's: 1 and below is none",
    "style": "distance from the style",
    "content": "distance from the scene",
}


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    args = _parser().parse_args(arguments)
    results = [*([args.baseline] if args.baseline else []), *args.stylized]
    from vidnst.apps.evaluate import evaluate
    from vidnst.media.clip import probe
    from vidnst.media.result import check_target

    if args.plot:
        check_target(args.plot, (args.source, *results), overwrite=args.overwrite)
    if args.flow == "raft":
        from vidnst.motion.raft import raft_flow

        flow = raft_flow()
    else:
        from vidnst.motion.flow import optical_flow as flow
    comparison = evaluate(
        args.source,
        results,
        flow=flow,
        flow_name=args.flow,
        known_flow=args.flow_dir,
        style=args.style,
        size_hw=parse_size(args.size, probe(results[0]).size_hw) if args.size else None,
        start_seconds=None if args.start is None else parse_time(args.start),
        end_seconds=None if args.end is None else parse_time(args.end),
    )
    baseline = comparison.results[0] if args.baseline else None
    clips = [comparison.source, *comparison.results]
    rows = [_figures(clip, baseline) for clip in clips]
    rows[0]["clip"] = f"{rows[0]['clip']} (floor)"
    if args.plot:
        from vidnst.apps.plot import plot_errors

        plot_errors(comparison, args.plot)
    if args.json:
        print(json.dumps(_as_json(comparison, rows)))
    elif args.csv:
        writer = csv.DictWriter(sys.stdout, list(_COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        _print_table(comparison, rows)
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="vidnst evaluate",
        description="Measure how steady painted clips are, by the published formulas "
        "(docs/guides/evaluation.md).",
        allow_abbrev=False,
    )
    parser.add_argument("source", type=Path, help="the clip that was painted")
    parser.add_argument("stylized", type=Path, nargs="+", help="painted clips of it")
    parser.add_argument(
        "--baseline", type=Path, metavar="CLIP",
        help="painted frame by frame: what the others are compared with",
    )  # fmt: skip
    parser.add_argument(
        "--style", type=style_path, metavar="PICTURE", help="measure style and content"
    )
    parser.add_argument(
        "--flow", choices=get_args(FlowMethod), default=SteadyOptions.flow,
        help="what finds motion in the source (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--flow-dir", type=Path, metavar="FOLDER",
        help="known flow, .flo files in MPI-Sintel's layout, with occlusion masks",
    )  # fmt: skip
    parser.add_argument("--size", metavar="WxH|H", help="compare at this size")
    parser.add_argument("--start", metavar="TIME", help="the excerpt of the source begins here")
    parser.add_argument("--end", metavar="TIME", help="and ends before here")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="write the error over time")
    parser.add_argument("--overwrite", action="store_true", help="replace a plot that exists")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, with every pair's error")
    form.add_argument("--csv", action="store_true", help="print the table as CSV")
    return parser


def _figures(clip: "Evaluation", baseline: "Evaluation | None") -> dict[str, Any]:
    from vidnst.apps.evaluate import drop
    from vidnst.apps.maze import maze

    near = clip.warping_error(1)
    far = clip.warping_error(10) if 10 in clip.pairs else None
    whole = clip.whole_error(1)
    return {
        "clip": clip.path.name,
        "e_warp": _thousands(near),
        "e_warp_10": _thousands(far),
        "e_whole": _thousands(whole),
        "e_stab": None if whole is None else whole**0.5,
        "drop": drop(near, baseline.warping_error(1)) if baseline else None,
        "drop_10": drop(far, baseline.warping_error(10)) if baseline and far else None,
        "drift": clip.drift,
        "ghost": clip.ghost,
        "detail": clip.detail,
        "maze": maze(clip.finest, baseline.finest) if baseline else None,
        "style": clip.style,
        "content": clip.content,
    }


def _thousands(error: float | None) -> float | None:
    return None if error is None else 1000 * error


def _as_json(comparison: "Comparison", rows: list[dict[str, Any]]) -> dict[str, Any]:
    clips = [comparison.source, *comparison.results]
    return {
        "flow": comparison.flow,
        "size": list(comparison.size_hw[::-1]),
        "frames": comparison.frame_count,
        "coverage": {
            interval: sum(pairs.coverage) / len(pairs.coverage) if pairs.coverage else None
            for interval, pairs in comparison.source.pairs.items()
        },
        "clips": [
            row
            | {
                "pairs": {
                    interval: {"frames": pairs.frames, "e_warp": pairs.masked}
                    for interval, pairs in clip.pairs.items()
                }
            }
            for row, clip in zip(rows, clips, strict=True)
        ],
    }


def _print_table(comparison: "Comparison", rows: list[dict[str, Any]]) -> None:
    shown = [name for name in _COLUMNS if any(row[name] is not None for row in rows)]
    cells = [shown, *([_cell(name, row[name]) for name in shown] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(shown))]
    for row in cells:
        aligned = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        tell("  ".join([row[0].ljust(widths[0]), *aligned[1:]]))
    height, width = comparison.size_hw
    covered = comparison.source.pairs[1].coverage
    share = f"{100 * sum(covered) / len(covered):.0f} %" if covered else "nothing"
    print(
        f"\n{comparison.frame_count} frames compared at {width}x{height}, flow {comparison.flow}, "
        f"{share} of the frame visible in the next"
    )
    for name in shown[1:]:
        print(f"{name:10} {_COLUMNS[name]}")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if name in ("drop", "drop_10"):
        return f"{100 * value:.1f} %"
    return f"{value:.4f}" if name in ("e_stab", "style", "content", "ghost") else f"{value:.3f}"
