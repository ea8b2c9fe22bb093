"""vidnst shots CLIP: where its shots begin."""

import json
from dataclasses import asdict
from pathlib import Path

from vidnst.apps.cli.parser import Parser


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    parser = Parser(
        prog="vidnst shots",
        description="List a clip's shots: number, first frame, start and duration in seconds.",
        allow_abbrev=False,
    )
    parser.add_argument("clip", type=Path, help="film or frames/%%06d.png")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    args = parser.parse_args(arguments)
    from vidnst.media.clip import probe
    from vidnst.media.shots import list_shots

    shots = list(list_shots(probe(args.clip)))
    if args.json:
        print(json.dumps([asdict(shot) for shot in shots]))
        return 0
    print(f"{'shot':>4} {'frame':>7} {'frames':>7} {'start':>10} {'seconds':>9}")
    for number, shot in enumerate(shots, 1):
        print(
            f"{number:4} {shot.first_frame:7} {shot.frame_count:7} "
            f"{shot.start_seconds:10.3f} {shot.seconds:9.3f}"
        )
    return 0
