"""Peak memory of the whole command: a clip of seconds against one of minutes.

    python benchmarks/memory.py [--minutes 10] [--json FILE]

The clips are the sample, looped without re-encoding. Prints the peak resident memory of the process
and its children, as the system counts it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vidnst.media.ffmpeg_program import ffmpeg_program

ROOT = Path(__file__).resolve().parent.parent
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def peak_mib(seconds: float, folder: Path) -> tuple[float, float]:
    """Peak memory in MiB and seconds taken, for the sample looped to this length."""
    source = folder / f"{seconds:g}.mp4"
    loop = ["-stream_loop", "-1", "-i", str(ROOT / "samples" / "clip.mp4"), "-t", f"{seconds:g}"]
    subprocess.run(
        [ffmpeg_program(), "-loglevel", "error", "-y", *loop, "-c", "copy", str(source)], check=True
    )
    command = [
        sys.executable, str(ROOT / "cli.py"), str(source), "--style",
        str(ROOT / "samples" / "wave.jpg"), "--quiet", "-o", str(folder / f"{seconds:g}_out.mp4"),
    ]  # fmt: skip
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command], check=True, capture_output=True
    )
    return float(done.stdout), time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for seconds in (5, 60 * args.minutes):
            mib, taken = peak_mib(seconds, Path(folder))
            results[f"{seconds:g} s"] = {"peak_mib": round(mib), "seconds": round(taken, 1)}
            print(f"{seconds:8g} s of film: {mib:6.0f} MiB at most, {taken:.0f} s")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
