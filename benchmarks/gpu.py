"""How fast a GPU paints, and how near that is to what the GPU can do at all.

    python benchmarks/gpu.py [--sizes 640x360 1920x1080 3840x2160] [--rounds N] [--json FILE]

The network alone, launched eagerly, replayed as a CUDA graph, and by torch.compile; then from a
picture in memory to one, alone and in three threads, as films are painted. What the arithmetic and
the memory traffic come to is counted from the layers: each convolution reads and writes its
features once. Beside it stand the limits found in the same run: a large product of matrices, and a
large copy. Needs PyTorch, NumPy, OpenCV and safetensors alone; where PyAV is there and has NVENC,
whole films too. --device cpu is for trying it out.
"""

import argparse
import json
import math
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch

from vidnst.frames.frame import Picture
from vidnst.frames.resize import resize
from vidnst.media.pictures import read_style
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.engines.pytorch import CudaLane, PixelNetwork, PyTorchEngine
from vidnst.nets.network import STRIDE, paint
from vidnst.nets.shape import NetworkShape, layers_of
from vidnst.options.compute import ComputeOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer

ROOT = Path(__file__).resolve().parent.parent
STYLE = ROOT / "samples" / "wave.jpg"
_AT_ONCE = 3
_FILM = "1920x1080", 240


class Work(NamedTuple):
    """Of one picture: floating-point operations, and bytes that must be read and written."""

    operations: float
    traffic_bytes: float


def work_of(shape: NetworkShape, height: int, width: int, item_bytes: int) -> Work:
    """What the convolutions do, two operations a product, each number of item_bytes."""
    layers, pixels = layers_of(shape), height * width
    # A picture goes in and one comes out, uint8 each.
    operations, traffic_bytes = 0.0, 6.0 * pixels

    def layer(name: str, x: int, *, plus: int | None = None, rectify: bool = False) -> int:
        """x: the side of a cell of the features, in pixels."""
        nonlocal operations, traffic_bytes
        inputs, outputs, size, stride, *_ = layers[name]
        y = x * stride
        operations += 2 * size**2 * inputs * outputs * pixels / y**2
        added = 0 if plus is None else outputs
        traffic_bytes += item_bytes * pixels * (inputs / x**2 + (outputs + added) / y**2)
        return y

    paint(1, shape, layer, _Cells())
    return Work(operations, traffic_bytes)


class _Cells:
    def unshuffled(self, x: int) -> int:
        return 2 * x

    def doubled(self, x: int) -> int:
        return x // 2

    def plus(self, x: int, y: int) -> int:
        return x

    def shuffled(self, x: int) -> int:
        return x // 2


class Device:
    """Where it is measured, and how its clock is read."""

    def __init__(self, name: str) -> None:
        self.name, self.is_gpu = name, name == "cuda"
        self.device = torch.device(name)
        self.dtype = torch.float16 if self.is_gpu else torch.float32

    def wait(self) -> None:
        if self.is_gpu:
            torch.cuda.synchronize()

    def milliseconds(
        self, job: Callable[[], object], rounds: int, *, per: int = 1
    ) -> dict[str, float]:
        """Of job / per: median and quartiles over rounds of 0.2 s or more, after one to warm up."""
        job()
        self.wait()
        started = time.perf_counter()
        job()
        self.wait()
        times = max(1, math.ceil(0.2 / max(time.perf_counter() - started, 1e-6)))
        taken = []
        for _ in range(rounds):
            started = time.perf_counter()
            for _ in range(times):
                job()
            self.wait()
            taken.append((time.perf_counter() - started) * 1e3 / times / per)
        low, median, high = statistics.quantiles(taken, n=4)
        return {"median": median, "lower": low, "upper": high}

    def limits(self, rounds: int) -> dict[str, float]:
        """TFLOP/s of a large product of matrices, GB/s read and written by a large copy."""
        side, count = (8192, 1 << 29) if self.is_gpu else (1024, 1 << 24)
        a, b = (torch.rand(side, side, device=self.device, dtype=self.dtype) for _ in range(2))
        product = torch.empty_like(a)
        multiplying = self.milliseconds(lambda: torch.mm(a, b, out=product), rounds)["median"]
        source = torch.zeros(count, dtype=torch.uint8, device=self.device)
        target = torch.empty_like(source)
        copying = self.milliseconds(lambda: target.copy_(source), rounds)["median"]
        return {
            "tflops": 2 * side**3 / multiplying / 1e9,
            "gigabytes_per_second": 2 * count / copying / 1e6,
        }

    def described(self) -> dict[str, Any]:
        """On what the figures were taken."""
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT
        )
        return {
            "device": torch.cuda.get_device_name() if self.is_gpu else platform.machine(),
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "cuda": torch.version.cuda if self.is_gpu else None,
            },
            "dtype": str(self.dtype).removeprefix("torch."),
            "commit": commit.stdout.strip(),
        }


def ways_to_paint(
    network: BakedNetwork, picture: Picture, where: Device
) -> dict[str, Callable[[], Callable[[], object]]]:
    """By name what sets up a job, which paints the picture _AT_ONCE times where three do it."""
    pixel_network = PixelNetwork(network, device=where.device, dtype=where.dtype)
    pixels = torch.from_numpy(picture).to(where.device)

    def lane() -> Callable[[], object]:
        made = CudaLane(pixel_network, picture.shape, device=where.device)
        if not made.replays:
            raise RuntimeError("CUDA could not record it")
        return made.launch

    def compiled() -> Callable[[], object]:
        torch.compiler.reset()
        faster = torch.compile(pixel_network, dynamic=False)
        return lambda: faster(pixels)

    def engine(*, graphed: bool, threads: int = 1) -> Callable[[], object]:
        made = PyTorchEngine(network, device=where.name, dtype=where.dtype, graphed=graphed)
        if threads == 1:
            return lambda: made.run(picture)
        pool = ThreadPoolExecutor(threads)
        return lambda: list(pool.map(made.run, [picture] * threads))

    ways = {
        "network, eager": lambda: lambda: pixel_network(pixels),
        "network, torch.compile": compiled,
        "with copies, eager": lambda: engine(graphed=False),
        f"with copies, eager, {_AT_ONCE} threads": lambda: engine(graphed=False, threads=_AT_ONCE),
    }
    if where.is_gpu:
        ways |= {
            "network, graph": lane,
            "with copies, graph": lambda: engine(graphed=True),
            f"with copies, graph, {_AT_ONCE} threads": lambda: engine(
                graphed=True, threads=_AT_ONCE
            ),
        }
    return ways


def measured(network: BakedNetwork, size: str, where: Device, rounds: int) -> dict[str, Any]:
    """Of each way that works here: milliseconds a picture, and what that comes to."""
    width, height = (int(side) for side in size.split("x"))
    padded_hw = height + -height % STRIDE, width + -width % STRIDE
    picture = resize(read_style(STYLE), padded_hw)
    work = work_of(network.shape, *padded_hw, where.dtype.itemsize)
    rows: dict[str, Any] = {}
    for name, prepare in ways_to_paint(network, picture, where).items():
        try:
            per = _AT_ONCE if "threads" in name else 1
            times = where.milliseconds(prepare(), rounds, per=per)
        except Exception as error:  # What a compiler raises may be anything.
            rows[name] = {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}
            continue
        finally:
            if where.is_gpu:
                torch.cuda.empty_cache()
        rows[name] = {
            "milliseconds": times,
            "frames_per_second": 1e3 / times["median"],
            "tflops": work.operations / times["median"] / 1e9,
            "gigabytes_per_second": work.traffic_bytes / times["median"] / 1e6,
        }
    return {"gigaflop": work.operations / 1e9, "megabytes": work.traffic_bytes / 1e6, "ways": rows}


def film(device: str) -> dict[str, Any]:
    """Frames per second of the whole command, file to file, encoded by NVENC."""
    size, frames = _FILM
    try:
        import av
        from whole import make_clip, rendered

        av.codec.Codec("h264_nvenc", "w")
        with tempfile.TemporaryDirectory() as folder:
            clip = make_clip(Path(folder), size, frames)
            seconds, _ = rendered(clip, "--codec", "h264_nvenc", "--device", device)
    except (ImportError, ValueError, subprocess.CalledProcessError) as error:
        return {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}
    return {"size": size, "frames": frames, "frames_per_second": frames / seconds}


def told(name: str, row: dict[str, Any], limits: dict[str, float]) -> str:
    """One line of the table."""
    if "failed" in row:
        return f"  {name:36} {row['failed'][:90]}"
    tflops, gigabytes = row["tflops"], row["gigabytes_per_second"]
    return (
        f"  {name:36} {row['milliseconds']['median']:9.3f} ms {row['frames_per_second']:8.1f} fps "
        f"{tflops:7.2f} TFLOP/s ({tflops / limits['tflops']:5.1%}) "
        f"{gigabytes:7.1f} GB/s ({gigabytes / limits['gigabytes_per_second']:5.1%})"
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--sizes", nargs="+", default=["640x360", "1920x1080", "3840x2160"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.device == "cuda" and not torch.cuda.is_available():
        print(f"torch {torch.__version__} sees no GPU here; --device cpu tries this script out")
        return 1
    where = Device(args.device)
    stylizer = FastStylizer(
        read_style(STYLE), StyleOptions(), ComputeOptions(device="cpu"), size_hw=(360, 640)
    )
    network = stylizer.bake([resize(read_style(STYLE), (360, 640))], strength=1.0)
    results: dict[str, Any] = where.described()
    print(f"{results['device']}; {results['dtype']}; {results['versions']}", flush=True)
    with torch.inference_mode():
        results["limits"] = limits = where.limits(args.rounds)
        print(
            f"  at most {limits['tflops']:.1f} TFLOP/s, {limits['gigabytes_per_second']:.0f} GB/s"
        )
        results["sizes"] = {}
        for size in args.sizes:
            results["sizes"][size] = found = measured(network, size, where, args.rounds)
            print(f"{size}: {found['gigaflop']:.1f} GFLOP, {found['megabytes']:.0f} MB a picture")
            for name, row in found["ways"].items():
                print(told(name, row, limits), flush=True)
    if where.is_gpu and find_spec("av") is not None:
        results["film"] = film(args.device)
        print("file to file", results["film"])
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
