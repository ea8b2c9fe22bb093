"""vidnst jobs: unfinished renders, and their disk usage."""

import json
import time
from pathlib import Path

from vidnst.apps.cli.parser import Parser
from vidnst.apps.cli.tell import tell


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    parser = Parser(
        prog="vidnst jobs",
        description="List unfinished renders, whose finished segments wait beside their results. "
        "The same command goes on with one.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "places", type=Path, nargs="*", default=[Path()], metavar="FOLDER", help="where to look"
    )
    parser.add_argument("--clean", action="store_true", help="remove those that no one works at")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    args = parser.parse_args(arguments)
    from vidnst.film.segments.folder import remove
    from vidnst.film.segments.unfinished import UnfinishedJob, unfinished_jobs

    jobs: list[UnfinishedJob] = [job for place in args.places for job in unfinished_jobs(place)]
    if args.clean:
        for job in jobs:
            if not job.at_work:
                remove(job.folder)
        jobs = [job for job in jobs if not job.at_work]
    if args.json:
        print(json.dumps([job.as_dict() for job in jobs]))
        return 0
    for job in jobs:
        days, seconds = divmod(int(time.time() - job.changed), 86400)
        age = f"{days} d" if days else f"{seconds // 3600}:{seconds // 60 % 60:02}"
        of = f" of {job.frame_count}" if job.frame_count else ""
        state = "removed" if args.clean else "at work" if job.at_work else "stopped"
        tell(
            f"{state}  {job.target}: {job.frames}{of} frames of {job.source} in {job.style}, "
            f"{job.size / 1e6:.1f} MB, {age} ago"
        )
    if not jobs:
        print("no unfinished renders")
    return 0
