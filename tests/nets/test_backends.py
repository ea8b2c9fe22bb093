"""Every backend paints what PyTorch paints, and is chosen where it is there."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.places import ROOT
from vidnst.apps.cli.main import main
from vidnst.apps.export import export
from vidnst.errors import UsageError
from vidnst.frames.frame import Picture
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.pictures import read_style
from vidnst.nets.device import chosen_device
from vidnst.nets.engines import choose
from vidnst.nets.engines.choose import chosen_backend
from vidnst.options.compute import Backend, ComputeOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer

pytestmark = pytest.mark.numeric

STYLE = ROOT / "samples" / "wave.jpg"
BACKENDS: list[Backend] = ["torch", "openvino", "onnxruntime"]


@pytest.fixture(scope="module")
def frames() -> list[Picture]:
    clip = probe(ROOT / "samples" / "clip.mp4")
    return [frame.picture for frame in decode(clip, size_hw=(180, 318), end_seconds=0.5)]


def painter(frames: list[Picture], backend: Backend, **settings: object) -> FastStylizer:
    stylizer = FastStylizer(
        read_style(STYLE),
        StyleOptions(),
        ComputeOptions(device="cpu", backend=backend),
        size_hw=(frames[0].shape[0], frames[0].shape[1]),
        **settings,  # type: ignore[arg-type]
    )
    stylizer.begin_shot(frames[:3])
    return stylizer


def psnr(found: Picture, expected: Picture) -> float:
    error = np.square(found.astype(float) - expected).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_paints_as_pytorch_in_full_precision(backend: Backend, frames: list[Picture]) -> None:
    reference = painter(frames, "torch", dtype=torch.float32)
    stylizer = painter(frames, backend)
    exact = painter(frames, backend, dtype=torch.float32)
    for frame in frames[::5]:
        assert psnr(stylizer.paint(frame), reference.paint(frame)) > 40
        assert psnr(exact.paint(frame), reference.paint(frame)) > 60


@pytest.mark.parametrize("backend", BACKENDS)
def test_paints_the_same_from_many_threads(backend: Backend, frames: list[Picture]) -> None:
    stylizer = painter(frames, backend)
    with ThreadPoolExecutor(3, initializer=stylizer.begin_worker) as pool:
        side_by_side = list(pool.map(stylizer.paint, frames))
        again = list(pool.map(stylizer.paint, frames))
    assert all(np.array_equal(a, b) for a, b in zip(side_by_side, again, strict=True))


def test_many_networks_in_one_process(frames: list[Picture]) -> None:
    """OpenVINO once died of that."""
    stylizer = painter(frames, "openvino")
    expected = stylizer.paint(frames[0])
    for _ in range(12):
        stylizer.begin_shot(frames[:3])
        assert np.array_equal(stylizer.paint(frames[0]), expected)


def test_the_fastest_backend_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = ComputeOptions(device="cpu")
    assert chosen_backend(cpu) == "openvino"
    monkeypatch.setattr(choose, "find_spec", lambda name: None)
    assert chosen_backend(cpu) == "torch"
    with pytest.raises(UsageError, match=r"pip install 'vidnst\[openvino\]'"):
        chosen_backend(ComputeOptions(device="cpu", backend="openvino"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="for machines without a GPU")
def test_a_device_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert chosen_device("auto") == "cpu"
    arguments = [str(ROOT / "samples" / "clip.mp4"), "--style", str(STYLE), "--device", "cuda"]
    assert main(arguments) == 2
    assert "--device cuda" in capsys.readouterr().err


def test_exported_network_takes_any_size_and_equals_pytorch(tmp_path: Path) -> None:
    from onnxruntime import InferenceSession

    for name, clip in (("any.onnx", None), ("baked.onnx", ROOT / "samples" / "clip.mp4")):
        output = tmp_path / name
        assert export(STYLE, output, clip=clip).psnr > 80
        session = InferenceSession(str(output), providers=["CPUExecutionProvider"])
        for size_hw in ((64, 64), (71, 50)):
            frame = np.random.default_rng(0).random((2, 3, *size_hw), np.float32)
            painted = session.run(None, {"frame": frame})[0]
            assert painted.shape == frame.shape
            assert 0 <= painted.min() < painted.max() <= 1
    assert main(["export", str(output), "--style", str(STYLE)]) == 1, "it exists already"
    assert main(["export", str(tmp_path / "a.pt"), "--style", str(STYLE)]) == 2


def test_profile_tells_where_the_time_went(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(ROOT / "samples" / "clip.mp4"), "--style", str(STYLE), "--size", "96x54"]
    output = tmp_path / "out.mp4"
    assert main([*arguments, "--end", "1", "-o", str(output), "--profile"]) == 0
    told = capsys.readouterr().out
    for stage in ("decode", "find shots", "paint", "flow", "hold", "encode", "waits for"):
        assert stage in told


def test_the_gpu_benchmark_needs_only_what_a_bare_gpu_machine_has() -> None:
    lacking = ("av", "ffmpeg", "imageio_ffmpeg", "torchvision", "scenedetect", "matplotlib",
               "platformdirs", "openvino", "onnx", "onnxruntime")  # fmt: skip
    code = (
        f"import sys\nsys.modules.update(dict.fromkeys({lacking}))\n"
        "sys.path.insert(0, 'benchmarks')\nimport gpu"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_openvino_reports_to_nobody() -> None:
    pytest.importorskip("openvino", reason="openvino is not installed")
    program = (
        "import sys, numpy as np, vidnst\n"
        f"vidnst.Stylizer({str(ROOT / 'samples' / 'wave.jpg')!r})"
        ".paint(np.zeros((64, 64, 3), np.uint8))\n"
        "assert 'openvino' in sys.modules\n"
        "assert not [name for name in sys.modules if name.startswith('openvino_telemetry.')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
