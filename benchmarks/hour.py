"""An hour of film with the command's defaults: memory, room on the disk, and time.

    python benchmarks/hour.py [--minutes 60] [--clip CLIP] [--size 160x90] [--json FILE]

The clip is made small, given sound and looped without re-encoding. Every second the resident
memory of the command and its children is added up, and what lies in the job folder.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from vidnst.media.ffmpeg_program import ffmpeg_program

ROOT = Path(__file__).resolve().parent.parent
_MIB = 1 << 20
_BEGINNING = 60
"""So many seconds may memory grow before it has to be flat."""


def looped(clip: Path, folder: Path, *, size: str, minutes: float) -> Path:
    """The clip at this size and 25 fps, with a tone, looped to this length."""
    once, film = folder / "once.mp4", folder / "film.mp4"
    ffmpeg = [ffmpeg_program(), "-loglevel", "error", "-nostdin", "-y"]
    tone = ["-f", "lavfi", "-i", "sine=frequency=440"]
    made = ["-map", "0:v:0", "-map", "1:a", "-vf", f"scale={size.replace('x', ':')}", "-r", "25"]
    subprocess.run([*ffmpeg, "-i", str(clip), *tone, *made, "-shortest", str(once)], check=True)
    loop = ["-stream_loop", "-1", "-i", str(once), "-t", str(60 * minutes), "-c", "copy"]
    subprocess.run([*ffmpeg, *loop, str(film)], check=True)
    return film


def resident_mib(process: psutil.Process) -> float:
    """Memory of a process and its children; what they share counts for each."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += one.memory_info().rss
    return total / _MIB


def stored_mib(folder: Path) -> float:
    """What the files in a folder hold."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total / _MIB


def measured(film: Path, style: Path) -> dict[str, Any]:
    """Render it in a process of its own, watched."""
    result = film.with_name("painted.mp4")
    command = [sys.executable, str(ROOT / "cli.py"), str(film), "--style", str(style)]
    started = time.perf_counter()
    memory: list[tuple[float, float]] = []
    stored = 0.0
    with subprocess.Popen(
        [*command, "-o", str(result), "--json"], stdout=subprocess.PIPE, text=True
    ) as child:
        process = psutil.Process(child.pid)
        while child.poll() is None:
            memory.append((time.perf_counter() - started, resident_mib(process)))
            stored = max(stored, stored_mib(film.with_name(f".{result.name}.vidnst")))
            time.sleep(1)
        assert child.stdout is not None
        report = json.loads(child.stdout.read())
    join_seconds = report["milliseconds"]["join"] * report["frames"] / 1000
    seconds = time.perf_counter() - started
    # While it is joined, ffmpeg is there as well.
    painting = [mib for at, mib in memory if _BEGINNING < at < seconds - join_seconds - 2]
    joining = [mib for at, mib in memory if at >= seconds - join_seconds - 2]
    if not painting:
        raise SystemExit("it took less than a minute: give more --minutes")
    return {
        "frames": report["frames"],
        "size": f"{report['size_hw'][1]}x{report['size_hw'][0]}",
        "seconds": round(seconds, 1),
        "frames_per_second": report["frames_per_second"],
        "join_seconds": round(join_seconds, 2),
        "painting_mib": {
            "least": round(min(painting), 1),
            "median": round(statistics.median(painting), 1),
            "most": round(max(painting), 1),
        },
        "within_10_percent": max(painting) <= 1.1 * min(painting),
        "joining_mib": round(max(joining), 1),
        "job_folder_mib": round(stored, 1),
        "result_mib": round(result.stat().st_size / _MIB, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clip", type=Path, default=ROOT / "samples" / "clip.mp4")
    parser.add_argument("--style", type=Path, default=ROOT / "samples" / "wave.jpg")
    parser.add_argument("--size", default="160x90", metavar="WxH")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = looped(args.clip, Path(folder), size=args.size, minutes=args.minutes)
        results = {"minutes": args.minutes} | measured(film, args.style)
    mib = results["painting_mib"]
    print(
        f"{args.minutes:g} minutes, {results['frames']} frames of {results['size']}: "
        f"{results['seconds']:.0f} s, of which the join {results['join_seconds']:.1f} s\n"
        f"memory after the first minute: {mib['least']:.0f} to {mib['most']:.0f} MiB "
        f"({'within' if results['within_10_percent'] else 'NOT within'} 10 %), "
        f"while joining {results['joining_mib']:.0f} MiB\n"
        f"job folder: {results['job_folder_mib']:.0f} MiB at most, "
        f"result {results['result_mib']:.0f} MiB"
    )
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
