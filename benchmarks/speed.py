"""How fast the main job is, stage by stage and whole, beside Johnson et al.'s network.

    python benchmarks/speed.py [--clip FILE] [--style FILE] [--json FILE] [--rounds N]

Every figure is a median over the rounds with its quartiles, taken in one process; the speed of the
machine cancels in the ratio to the peer. Default
clip: the sample, 640x360.
"""

import argparse
import json
import platform
import statistics
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import torch

from vidnst.errors import UsageError
from vidnst.film.pipeline import in_parallel, with_one_before
from vidnst.frames.frame import Frame
from vidnst.media.clip import probe
from vidnst.media.color import result_tags
from vidnst.media.containers import choose_encoding
from vidnst.media.decode import decode
from vidnst.media.encode import Encoder
from vidnst.media.pictures import read_picture
from vidnst.media.shots import mark_shots
from vidnst.motion.flow import View
from vidnst.motion.hold import Linker, Links, Stabilizer
from vidnst.nets.allocator import keep_freed_memory
from vidnst.nets.johnson import JohnsonNetwork
from vidnst.options.compute import Backend, ComputeOptions
from vidnst.options.output import EncodeOptions
from vidnst.options.steady import SteadyOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer

ROOT = Path(__file__).resolve().parent.parent


def timed(job: Callable[[], object], rounds: int, per: int = 1) -> dict[str, float]:
    """Milliseconds of job / per: median and quartiles over the rounds, after one to warm up."""
    job()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        job()
        taken.append((time.perf_counter() - started) * 1e3 / per)
    low, _, high = statistics.quantiles(taken, n=4)
    return {"median": statistics.median(taken), "lower": low, "upper": high}


def processor() -> str:
    """The processor's name, where Linux tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def machine() -> dict[str, Any]:
    """On what the figures were taken."""
    return {
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "processor": processor(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clip", type=Path, default=ROOT / "samples" / "clip.mp4")
    parser.add_argument("--style", type=Path, default=ROOT / "samples" / "wave.jpg")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    keep_freed_memory()

    clip = probe(args.clip)
    frames = list(decode(clip))
    stylizer = FastStylizer(read_picture(args.style), StyleOptions(), size_hw=clip.size_hw)
    stylizer.begin_shot([frame.picture for frame in frames[:: max(1, len(frames) // 5)]])
    some = frames[: min(30, len(frames))]
    # Each on all cores, one frame after the other.
    alone: dict[str, FastStylizer] = {}
    for backend in get_args(Backend)[1:]:
        with suppress(UsageError):
            alone[backend] = FastStylizer(
                read_picture(args.style), StyleOptions(), ComputeOptions(backend=backend),
                size_hw=clip.size_hw, at_once=1,
            )  # fmt: skip
            alone[backend].begin_shot([frames[0].picture])
    height, width = clip.size_hw
    peer, peer_input = JohnsonNetwork().eval(), torch.rand(1, 3, height, width)

    def encode() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "out.mp4"
            with Encoder(
                path,
                choose_encoding(path, EncodeOptions(), clip.size_hw),
                size_hw=clip.size_hw,
                sample_aspect=clip.sample_aspect,
                rate=clip.rate,
                time_base=clip.time_base,
                color=result_tags(clip),
            ) as encoder:
                for frame in frames:
                    encoder.write(frame)

    steadying = SteadyOptions()
    linker = Linker(steadying, size_hw=clip.size_hw)
    painted = [stylizer.paint(frame.picture) for frame in some]

    def steady() -> None:
        def linked(pair: tuple[int | None, int]) -> tuple[Frame, Links | None]:
            before, here = pair
            result = replace(some[here], picture=painted[here])
            if before is None:
                return result, None
            return result, linker.links(View(some[before].picture), View(some[here].picture))

        pairs = with_one_before(range(len(some)))
        # On all cores, as when frames are painted.
        stage = in_parallel(
            linked, pairs, workers=torch.get_num_threads(), begin_worker=lambda: None
        )
        deque(Stabilizer(steadying).steady(stage), maxlen=0)

    results: dict[str, Any] = {
        "clip": f"{width}x{height}, {len(frames)} frames",
        **machine(),
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT
        ).stdout.strip(),
        "dtype": str(stylizer._dtype).removeprefix("torch."),
    }
    with torch.inference_mode():
        stages = {
            "decode": timed(lambda: list(decode(clip)), args.rounds, len(frames)),
            **{
                f"paint by {name}": timed(
                    partial(painter.paint, frames[0].picture), 3 * args.rounds
                )
                for name, painter in alone.items()
            },
            "find shots": timed(lambda: list(mark_shots(frames)), args.rounds, len(frames)),
            "steady (flow, warp, blend)": timed(steady, args.rounds, len(some)),
            "encode": timed(encode, args.rounds, len(frames)),
            "Johnson et al. 2016, fp32, eager": timed(lambda: peer(peer_input), args.rounds),
        }
    results["milliseconds_per_frame"] = stages
    results["network_times_faster_than_johnson"] = stages["Johnson et al. 2016, fp32, eager"][
        "median"
    ] / min(stages[f"paint by {name}"]["median"] for name in alone)
    print(f"{results['clip']}; {results['machine']}; {results['dtype']}; {results['versions']}")
    for name, figures in stages.items():
        spread = f"({figures['lower']:.1f} .. {figures['upper']:.1f})"
        print(f"{name:40} {figures['median']:8.1f} ms a frame  {spread}")
    print(f"{'network against Johnson et al.':40} "
          f"{results['network_times_faster_than_johnson']:8.1f} times as fast")  # fmt: skip
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
