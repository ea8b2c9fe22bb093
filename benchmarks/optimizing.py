"""How long neighbor and Gatys' optimization take, and the latter with VGG-19, in one run.

    python benchmarks/optimizing.py [--picture FILE] [--style FILE] [--steps N] [--side PX]
        [--json FILE]

First both paint a picture with their defaults. Then Gatys' optimization with each encoder paints it
at one scale with L-BFGS, `steps` steps. VGG-19 gets torchvision's
weights where they are in torch's cache, random ones otherwise: the time is the same. It is timed
over fewer steps, in float32 as its users run it, and with the processor's own number format too.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from speed import machine
from torchvision.models import vgg

from vidnst.errors import WeightsError
from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.media.pictures import read_picture
from vidnst.nets.perceptual import PerceptualEncoder, from_vgg
from vidnst.nets.precision import processor_dtype
from vidnst.nets.step import Step
from vidnst.options.optimizing import GatysOptions, NeighborOptions
from vidnst.options.styles import StyleOptions
from vidnst.options.stylizers import STYLIZERS
from vidnst.stylizers.optimized.gatys import GatysMethod, perceptual_encoder
from vidnst.stylizers.optimized.method import Task
from vidnst.stylizers.optimized.neighbor import NeighborMethod
from vidnst.stylizers.optimized.optimizer import OptimizingStylizer

OPTIMIZING = [name for name, options in STYLIZERS.items() if options.optimizes]
ROOT = Path(__file__).resolve().parent.parent
_VGG_STEPS = 8


def vgg19() -> tuple[PerceptualEncoder, str]:
    """VGG-19, and whether its weights are its own."""
    try:
        return perceptual_encoder("vgg19"), "its own weights"
    except WeightsError:
        torch.manual_seed(0)
        layers = vgg.make_layers(vgg.cfgs["E"])
        return from_vgg(layers, pooling="average"), "random weights"


def seconds_of_steps(
    encoder: PerceptualEncoder, picture: Picture, style: Picture, steps: int, dtype: torch.dtype
) -> tuple[float, list[float]]:
    """Seconds for the whole picture, and for each step but the first two."""
    times: list[float] = []

    def on_step(step: Step) -> None:
        times.append(time.perf_counter())

    options = GatysOptions(scales=1, steps=(steps,))
    size_hw = (picture.shape[0], picture.shape[1])
    task = Task([style], StyleOptions(), size_hw, dtype=dtype, on_step=on_step)
    stylizer = OptimizingStylizer(GatysMethod(task, options, encoder=encoder))
    started = time.perf_counter()
    stylizer.paint(picture)
    return time.perf_counter() - started, list(np.diff(times)[1:])


def whole_seconds(name: str, picture: Picture, style: Picture) -> float:
    """Of a picture painted with the defaults of a stylizer."""
    made = optimizing_stylizer(name, style, (picture.shape[0], picture.shape[1]))
    started = time.perf_counter()
    made.paint(picture)
    return time.perf_counter() - started


def optimizing_stylizer(name: str, style: Picture, size_hw: tuple[int, int]) -> OptimizingStylizer:
    """gatys or neighbor, with its defaults."""
    task = Task([style], StyleOptions(), size_hw)
    if name == "gatys":
        return OptimizingStylizer(GatysMethod(task, GatysOptions()))
    return OptimizingStylizer(NeighborMethod(task, NeighborOptions(), GatysOptions()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "before_after.jpg")
    parser.add_argument("--style", type=Path, default=ROOT / "samples" / "wave.jpg")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--side", type=int, default=500)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    picture = resize(read_picture(args.picture), (args.side, args.side))
    style = read_picture(args.style)
    results: dict[str, Any] = {
        "size": f"{args.side}x{args.side}",
        "steps": args.steps,
        **machine(),
        "whole_seconds": {name: whole_seconds(name, picture, style) for name in OPTIMIZING},
    }
    peer, kind = vgg19()
    own = processor_dtype()
    runs = [("slim", perceptual_encoder("slim"), args.steps, own)]
    runs.append((f"VGG-19 ({kind})", peer, _VGG_STEPS, torch.float32))
    if own != torch.float32:
        runs.append((f"VGG-19 ({kind}), {str(own).removeprefix('torch.')}", peer, _VGG_STEPS, own))
    for name, encoder, steps, dtype in runs:
        seconds, each = seconds_of_steps(encoder, picture, style, steps, dtype)
        low, middle, high = statistics.quantiles(each, n=4)
        results[name] = {
            "seconds": seconds if steps == args.steps else middle * args.steps,
            "milliseconds_a_step": {
                "median": 1e3 * middle,
                "lower": 1e3 * low,
                "upper": 1e3 * high,
            },
        }
    results["times_faster_than_vgg19"] = (
        results[runs[1][0]]["milliseconds_a_step"]["median"]
        / results["slim"]["milliseconds_a_step"]["median"]
    )
    print(f"{results['size']}, {args.steps} steps; {results['machine']}; {results['versions']}")
    for name, _, steps, _ in runs:
        figures = results[name]
        step = figures["milliseconds_a_step"]
        how = "measured" if steps == args.steps else f"from {steps} steps"
        print(f"{name:36} {figures['seconds']:7.1f} s ({how}), {step['median']:7.1f} ms a step "
              f"({step['lower']:.1f} .. {step['upper']:.1f})")  # fmt: skip
    for name, seconds in results["whole_seconds"].items():
        print(f"{f'{name}, default scales and steps':36} {seconds:7.1f} s")
    print(f"{'slim against VGG-19':36} {results['times_faster_than_vgg19']:7.1f} times as fast")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
