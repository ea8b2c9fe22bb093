"""How steady, how late and how large in memory the live picture is.

    python benchmarks/webcam.py [--seconds N] [--style FILE...] [--json FILE]

Plays the sample film, 640x360 at 30 frames a second, as a camera for the live session of `vidnst
webcam --http 0`, in a process of its own. This process stands for the browser: it takes the page's
stream and the clock, which both share, when a picture is there whole. With several styles it
asks for the next one every ten seconds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any

from speed import machine

from vidnst.live.admission import at_path
from vidnst.media.ffmpeg_program import ffmpeg_program

ROOT = Path(__file__).resolve().parent.parent
WINDOW_SECONDS = 5.0
"""Frames a second are told for every stretch of this length."""
STYLE_SECONDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--fps", type=float, default=24.0)
    parser.add_argument("--style", type=Path, nargs="+", default=[ROOT / "samples" / "wave.jpg"])
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    with tempfile.TemporaryDirectory() as folder:
        # A little more than is measured: the first seconds are for getting ready.
        film = make_film(Path(folder) / "camera.mp4", args.seconds + 15)
        command = [
            sys.executable, str(ROOT / "cli.py"), "webcam", "--http", "0", "--no-window", "--json",
            "--camera", str(film), "--fps", f"{args.fps:g}", "--style", *map(str, args.style),
        ]  # fmt: skip
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            figures = watched(process, args.seconds)
        finally:
            process.terminate()
            process.wait()
    figures = {
        "clip": "samples/clip.mp4, looped, 640x360, 30 frames a second",
        "styles": len(args.style),
        "wanted_fps": args.fps,
        "load_before": load,
        **machine(),
        **figures,
    }
    text = json.dumps(figures, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n")


def make_film(path: Path, seconds: float) -> Path:
    """The sample film, over and over, at 30 frames a second."""
    command = [
        ffmpeg_program(), "-y", "-loglevel", "error", "-stream_loop", "-1",
        "-i", str(ROOT / "samples" / "clip.mp4"), "-an", "-vf", "fps=30,scale=640:360",
        "-t", f"{seconds:g}", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18", str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def watched(process: subprocess.Popen[str], seconds: float) -> dict[str, Any]:
    """Take the stream for so long and tell what came."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("watch at "):
            url = line.split()[-1]
            break
    else:
        raise SystemExit("the session did not start")
    arrivals: list[float] = []
    latencies: list[float] = []
    sizes: list[dict[str, Any]] = []
    rss: list[float] = []
    with urllib.request.urlopen(at_path(url, "/stream.mjpg"), timeout=10) as stream:
        started = time.monotonic() + 2
        told = started
        while (now := time.monotonic()) < started + seconds:
            captured, length = 0.0, 0
            while (line := stream.readline()).strip() or not length:
                name, _, value = line.decode().partition(":")
                if name == "X-Captured-Seconds":
                    captured = float(value)
                elif name == "Content-Length":
                    length = int(value)
            stream.read(length)
            now = time.monotonic()
            if now < started:
                continue
            arrivals.append(now)
            latencies.append(1e3 * (now - captured))
            if now >= told:
                told += 1.0
                with urllib.request.urlopen(at_path(url, "/status"), timeout=10) as answer:
                    inner_hw = json.load(answer)["inner_hw"]
                rss.append(resident_mib(process.pid))
                if len(rss) % STYLE_SECONDS == 0:
                    ask(url, "next-style")
                if not sizes or sizes[-1]["size"] != inner_hw[::-1]:
                    sizes.append({"second": round(now - started, 1), "size": inner_hw[::-1]})
    gaps = [b - a for a, b in pairwise(arrivals)]
    cuts = statistics.quantiles(latencies, n=100)
    windows = [
        sum(
            started + i * WINDOW_SECONDS <= at < started + (i + 1) * WINDOW_SECONDS
            for at in arrivals
        )
        / WINDOW_SECONDS
        for i in range(int(seconds // WINDOW_SECONDS))
    ]
    return {
        "seconds": seconds,
        "frames": len(arrivals),
        "fps": round(len(arrivals) / seconds, 2),
        "fps_in_windows_of_5_s": [round(rate, 1) for rate in windows],
        "latency_ms": {
            "50": round(cuts[49], 1),
            "95": round(cuts[94], 1),
            "99": round(cuts[98], 1),
        },
        "longest_gap_ms": round(1e3 * max(gaps), 1),
        "painted_size": sizes,
        "resident_mib": {
            "start": rss[0],
            "end": rss[-1],
            "most": max(rss),
            "every_10_s": rss[::10],
        },
    }


def ask(url: str, action: str) -> None:
    """Press one of the page's buttons."""
    request = urllib.request.Request(at_path(url, f"/action/{action}"), method="POST")
    with urllib.request.urlopen(request, timeout=10):
        pass


def resident_mib(pid: int) -> float:
    """Of a process, from Linux's /proc."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


if __name__ == "__main__":
    main()
