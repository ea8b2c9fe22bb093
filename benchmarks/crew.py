"""What Ray costs: one film painted by processes of this machine, and by a Ray cluster on it.

    python benchmarks/crew.py [CLIP...] [--seconds 60] [--size 320x180] [--workers 2] [--json FILE]

The clips are joined and looped into one film of many shots. Both paint it in turn, as processes of
their own; told are the whole process, and the time from the first segment to the last alone, which
leaves out the start and the end of Ray.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from vidnst.media.ffmpeg_program import ffmpeg_program

ROOT = Path(__file__).resolve().parent.parent
_PAINT = """
import json, sys, time
from pathlib import Path
from vidnst.options.render import RenderOptions
from vidnst.options.workers import CrewOptions
from vidnst.film.render import render
source, style, output, cluster, workers = sys.argv[1:]
times = []
crew = CrewOptions(workers=int(workers), cluster=cluster or None)
options = RenderOptions(Path(source), Path(style), Path(output), overwrite=True, crew=crew)
report = render(options, on_progress=lambda progress: times.append(time.perf_counter()))
# The first time it is told what there is, the second time all is ready.
print(json.dumps({"frames": report.frames, "painting": times[-1] - times[1]}))
"""


def joined(clips: list[Path], folder: Path, *, size: str, seconds: float) -> Path:
    """One film of the clips, at this size and 25 fps, looped to this length."""
    ffmpeg = [ffmpeg_program(), "-loglevel", "error", "-nostdin", "-y"]
    names = []
    for number, clip in enumerate(clips):
        path = folder / f"{number}.mp4"
        shape = ["-vf", f"scale={size.replace('x', ':')},setsar=1", "-r", "25", "-an"]
        subprocess.run([*ffmpeg, "-i", str(clip), *shape, str(path)], check=True)
        names.append(f"file '{path}'\n")
    listed, film = folder / "clips.txt", folder / "film.mp4"
    listed.write_text("".join(names) * 100)
    both = ["-f", "concat", "-safe", "0", "-i", str(listed), "-t", str(seconds), "-c", "copy"]
    subprocess.run([*ffmpeg, *both, str(film)], check=True)
    return film


def painted(film: Path, style: Path, *, cluster: str, workers: int) -> dict[str, float]:
    """Paint it once; seconds of the whole process, and of the painting within it."""
    arguments = [str(film), str(style), str(film.with_name("out.mp4")), cluster, str(workers)]
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PAINT, *arguments],
        check=True, capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    whole = time.perf_counter() - started
    return {"whole": whole, **json.loads(done.stdout.splitlines()[-1])}


def spread(values: list[float]) -> dict[str, float]:
    """Median and range."""
    told = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return {name: round(value, 2) for name, value in told.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", type=Path, default=[ROOT / "samples" / "clip.mp4"])
    parser.add_argument("--style", type=Path, default=ROOT / "samples" / "wave.jpg")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--size", default="320x180", metavar="WxH")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {"processes": [], "ray": []}
    with tempfile.TemporaryDirectory() as folder:
        film = joined(args.clips, Path(folder), size=args.size, seconds=args.seconds)
        for _ in range(args.rounds):
            for name, cluster in (("processes", ""), ("ray", "auto")):
                runs[name].append(painted(film, args.style, cluster=cluster, workers=args.workers))
                print(f"{name:10}", {key: round(value, 1) for key, value in runs[name][-1].items()})
    results: dict[str, Any] = {
        "film": f"{args.seconds:g} s, {runs['ray'][0]['frames']} frames of {args.size}",
        "workers": args.workers,
        "load": [round(load, 1) for load in os.getloadavg()],
    }
    for part in ("whole", "painting"):
        told = {name: spread([run[part] for run in rounds]) for name, rounds in runs.items()}
        ratio = round(told["ray"]["median"] / told["processes"]["median"], 3)
        results[part] = {**told, "ratio": ratio}
        words = [
            f"{name} {t['median']} s ({t['least']} to {t['most']})" for name, t in told.items()
        ]
        print(f"{part}: {', '.join(words)}, ratio {ratio}")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
