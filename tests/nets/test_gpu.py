"""A GPU paints what the processor paints, in any number of threads, replayed or not.

A bare GPU machine has neither PyAV nor ffmpeg, which conftest.py needs. There:

    python -m pytest --noconftest -m gpu tests/nets/test_gpu.py
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from helpers.places import ROOT
from vidnst.frames.frame import Picture
from vidnst.media.pictures import read_style
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.engines import choose
from vidnst.nets.engines.choose import make_engine
from vidnst.nets.engines.pytorch import CudaLane, PixelNetwork, PyTorchEngine
from vidnst.nets.step import Step
from vidnst.options.compute import ComputeOptions, Device
from vidnst.options.learning import TuneOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.tuned import TunedStylizer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
]

STYLE = ROOT / "samples" / "wave.jpg"
SIZE_HW = (184, 320)


def pan(count: int, size_hw: tuple[int, int] = SIZE_HW) -> list[Picture]:
    """Frames of a walk over the sample style."""
    picture = read_style(STYLE)
    height, width = size_hw
    return [picture[4 * i : 4 * i + height, 8 * i : 8 * i + width].copy() for i in range(count)]


@pytest.fixture(scope="module")
def network() -> BakedNetwork:
    stylizer = FastStylizer(
        read_style(STYLE), StyleOptions(), ComputeOptions(device="cpu"), size_hw=SIZE_HW
    )
    return stylizer.bake(pan(3), strength=1.0)


def gpu_engine(network: BakedNetwork, *, graphed: bool = True) -> PyTorchEngine:
    return PyTorchEngine(network, device="cuda", dtype=torch.float16, graphed=graphed)


def difference(found: Picture, expected: Picture) -> int:
    """The largest, in 1/255."""
    return int(cv2.absdiff(found, expected).max())


def test_a_gpu_paints_as_the_processor() -> None:
    frames = pan(8, (181, 318))

    def stylizer(compute: ComputeOptions, dtype: torch.dtype | None = None) -> FastStylizer:
        made = FastStylizer(
            read_style(STYLE), StyleOptions(), compute, size_hw=(181, 318), dtype=dtype
        )
        made.begin_shot(frames[:3])
        return made

    reference = stylizer(ComputeOptions(device="cpu", backend="torch"), torch.float32)
    on_gpu = stylizer(ComputeOptions(device="cuda"))
    with ThreadPoolExecutor(on_gpu.parallel, initializer=on_gpu.begin_worker) as pool:
        painted = list(pool.map(on_gpu.paint, frames))
    for result, frame in zip(painted, frames, strict=True):
        assert cv2.PSNR(result, reference.paint(frame)) > 40


def test_many_threads_paint_what_one_paints(network: BakedNetwork) -> None:
    frames = pan(20)
    alone = gpu_engine(network)
    expected = [alone.run(frame) for frame in frames]
    # Begun at the same time: the lanes are laid while others paint.
    shared = gpu_engine(network)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            painted = list(pool.map(shared.run, frames))
            assert all(difference(a, b) <= 1 for a, b in zip(painted, expected, strict=True))


def test_a_second_shape_and_the_first_again_are_painted(network: BakedNetwork) -> None:
    shared, eager = gpu_engine(network), gpu_engine(network, graphed=False)
    for size_hw in (SIZE_HW, (96, 64), SIZE_HW, (64, 96)):
        (frame,) = pan(1, size_hw)
        assert difference(shared.run(frame), eager.run(frame)) <= 1


def test_a_replayed_graph_paints_what_eager_work_paints(network: BakedNetwork) -> None:
    device = torch.device("cuda")
    paint = PixelNetwork(network, device=device, dtype=torch.float16)
    with torch.inference_mode():
        lanes = [CudaLane(paint, (*SIZE_HW, 3), device=device, graphed=g) for g in (True, False)]
        assert lanes[0].replays
        assert not lanes[1].replays
        results = [[lane.run(frame) for frame in pan(5)] for lane in lanes]
    assert all(difference(a, b) <= 1 for a, b in zip(*results, strict=True))
    assert not np.array_equal(results[0][0], results[0][4]), "each frame is its own"


def test_work_that_cannot_be_recorded_is_launched(network: BakedNetwork) -> None:
    class Waits(torch.nn.Module):
        def forward(self, frame: torch.Tensor) -> torch.Tensor:
            return frame * float(frame.amax() > 0)

    (frame,) = pan(1)
    found = PyTorchEngine(Waits(), device="cuda", dtype=torch.float16).run(frame)
    assert difference(found, frame) <= 1
    assert difference(gpu_engine(network).run(frame), frame) > 1, "CUDA is well afterwards"


def test_tiles_on_a_gpu_paint_what_one_piece_paints(
    network: BakedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    (frame,) = pan(1, (480, 640))
    compute = ComputeOptions(device="cuda")
    whole = make_engine(network, compute, dtype=torch.float32, at_once=1).run(frame)
    monkeypatch.setattr(choose, "_PIXELS_ON_GPU", 300 * 300)
    tiled = make_engine(network, compute, dtype=torch.float32, at_once=1).run(frame)
    assert difference(tiled, whole) <= 1


def test_a_network_is_tuned_on_a_gpu_as_on_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses: dict[Device, Mapping[str, float]] = {}
    devices: list[Device] = ["cpu", "cuda"]
    for device in devices:
        monkeypatch.setenv("VIDNST_CACHE", str(tmp_path / device))
        steps: list[Step] = []
        stylizer = TunedStylizer(
            read_style(STYLE),
            StyleOptions(),
            TuneOptions(tune_steps=3),
            ComputeOptions(device=device),
            size_hw=SIZE_HW,
            on_step=steps.append,
        )
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.max_memory_allocated()
        tuned, _ = stylizer.tuned(pan(2))
        assert (torch.cuda.max_memory_allocated() > before) == (device == "cuda")
        states = [look.network.state_dict() for look in tuned]
        assert all(weight.is_cpu for state in states for weight in state.values())
        assert stylizer.bake(pan(1), strength=1.0) is not None, "the encoder stays where it was"
        losses[device] = steps[-1].losses
    assert losses["cuda"] == pytest.approx(losses["cpu"], rel=0.05)
