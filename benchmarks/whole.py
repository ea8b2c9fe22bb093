"""How fast the whole command is, file to file, beside a plain script with Johnson et al.'s network.

    python benchmarks/whole.py [--rounds N] [--json FILE] [--plot PNG]

Makes clips of several sizes from the sample, renders each with the command's defaults in processes
of its own, and measures frames per second from start to exit, the time until the first frame, and
peak memory. --plot draws how the network's cost grows with the frame.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import imageio_ffmpeg
import numpy as np
import torch
from speed import ROOT, machine, processor, timed

from vidnst.media.pictures import read_picture
from vidnst.nets.allocator import keep_freed_memory
from vidnst.nets.johnson import JohnsonNetwork
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer

STYLE = ROOT / "samples" / "wave.jpg"
SIZES = {"640x360": 720, "1280x720": 240, "1920x1080": 48, "3840x2160": 12}
"""How many frames of each are rendered."""
_PEER_FRAMES = 48


def make_clip(folder: Path, size: str, frames: int) -> Path:
    """The sample with its sound, in a loop, at this size."""
    path = folder / f"{size}.mp4"
    width, height = size.split("x")
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-stream_loop", "-1",
        "-i", str(ROOT / "samples" / "clip.mp4"), "-vf", f"scale={width}:{height}",
        "-frames:v", str(frames), "-shortest", "-t", str(frames / 24), str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return path


def rendered(clip: Path, *more: str) -> tuple[float, int]:
    """Seconds of `vidnst CLIP --style STYLE` from start to exit, and its peak memory in MiB."""
    code = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:]).returncode;"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024);"
        "sys.exit(done)"
    )
    command = [
        sys.executable, "-c", code, sys.executable, str(ROOT / "cli.py"), str(clip),
        "--style", str(STYLE), "--quiet", "--overwrite", "-o", f"{clip.parent}/out.mp4", *more,
    ]  # fmt: skip
    started = time.perf_counter()
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return time.perf_counter() - started, int(told)


def peer_seconds(clip: Path, output: Path) -> float:
    """Seconds a frame of a plain script: OpenCV in, Johnson et al. in fp32, OpenCV out."""
    network = JohnsonNetwork().eval()
    source = cv2.VideoCapture(str(clip))
    size = (int(source.get(cv2.CAP_PROP_FRAME_WIDTH)), int(source.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    sink = cv2.VideoWriter(str(output), cv2.VideoWriter.fourcc(*"mp4v"), 24, size)
    started = time.perf_counter()
    for _ in range(_PEER_FRAMES):
        _, frame = source.read()
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        with torch.no_grad():
            painted = network(torch.from_numpy(rgb).permute(2, 0, 1)[None].float())[0]
        pixels = painted.clamp(0, 255).permute(1, 2, 0).byte().numpy()
        sink.write(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    sink.release()
    return (time.perf_counter() - started) / _PEER_FRAMES


def network_costs(rounds: int) -> dict[str, float]:
    """Milliseconds a frame of the network on all cores, by size."""
    costs = {}
    for size in SIZES:
        width, height = (int(side) for side in size.split("x"))
        picture = cv2.resize(read_picture(STYLE), (width, height))
        stylizer = FastStylizer(
            read_picture(STYLE), StyleOptions(), size_hw=(height, width), at_once=1
        )
        stylizer.begin_shot([picture])
        costs[size] = timed(lambda: stylizer.paint(picture), rounds)["median"]  # noqa: B023
    return costs


def plot(costs: dict[str, float], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pixels = [np.prod([int(side) for side in size.split("x")]) / 1e6 for size in costs]
    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    axes.loglog(pixels, list(costs.values()), "o-", label="measured")
    line = [costs["640x360"] * count / pixels[0] for count in pixels]
    axes.loglog(pixels, line, "--", color="gray", label="linear in pixels")
    for size, x, y in zip(costs, pixels, costs.values(), strict=True):
        axes.annotate(f"{size}: {y:.0f} ms", (x, y), (6, -12), textcoords="offset points")
    axes.set(xlabel="megapixels", ylabel="ms a frame", title="The network's cost by frame size")
    axes.set_xlim(right=pixels[-1] * 4)
    axes.legend()
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    commit = ["git", "rev-parse", "--short", "HEAD"]
    results: dict[str, Any] = {
        **machine(),
        "processor": processor(),
        "commit": subprocess.run(commit, capture_output=True, text=True, cwd=ROOT).stdout.strip(),
        "sizes": {},
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size, frames in SIZES.items():
            clip = make_clip(folder, size, frames)
            runs = [rendered(clip) for _ in range(args.rounds)]
            rates = sorted(frames / seconds for seconds, _ in runs)
            results["sizes"][size] = row = {
                "frames": frames,
                "frames_per_second": round(statistics.median(rates), 2),
                "slowest": round(rates[0], 2),
                "fastest": round(rates[-1], 2),
                "peak_mib": max(peak for _, peak in runs),
            }
            print(size, row, flush=True)
            if size == "640x360":
                first = [rendered(clip, "--end", "0.04")[0] for _ in range(args.rounds)]
                results["first_frame_seconds"] = round(statistics.median(first), 2)
                peer = peer_seconds(clip, folder / "peer.mp4")
                ratio = row["frames_per_second"] * peer
                results["peer_frames_per_second"] = round(1 / peer, 2)
                results["times_faster_than_peer"] = round(ratio, 1)
                print("first frame", results["first_frame_seconds"], "s; peer", 1 / peer, "fps")
    keep_freed_memory()
    results["network_milliseconds"] = {s: round(c, 1) for s, c in network_costs(7).items()}
    print(results["network_milliseconds"])
    if args.plot:
        plot(results["network_milliseconds"], args.plot)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
