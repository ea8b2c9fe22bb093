"""Where the tests find clips, and how they make their own with real ffmpeg."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Tests run side by side: waiting threads must not keep the cores busy. Told before torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pytest
import torch

from vidnst.errors import UsageError
from vidnst.frames.frame import Picture
from vidnst.media.ffmpeg_program import ffmpeg_program
from vidnst.media.pictures import write_picture

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

MakeClip = Callable[..., Path]

_LONGEST = ("page", "real_clips", "gatys", "resume", "crew", "live_page", "full_disk", "tiles")
"""Files of tests that begin first, so that all workers end together; the others as they come."""


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests with a browser mostly wait."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests' files."""
    first = {f"test_{name}.py": place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: first.get(item.path.name, len(first)))


# Tests that run in the background have it ignored, and so would all programs they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def gradient_picture(height: int, width: int) -> Picture:
    """A picture without symmetry: red grows rightward, green downward, a blue disc off center."""
    y, x = np.mgrid[0:height, 0:width]
    blue = np.hypot(y - height * 0.3, x - width * 0.7) < min(height, width) * 0.2
    channels = (x * 255 // max(1, width - 1), y * 255 // max(1, height - 1), blue * 255)
    return np.stack(channels, -1).astype(np.uint8)


@pytest.fixture(scope="session")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped sample style, or the Great Wave where the shared material is at hand."""
    shared = SHARED / "styles" / "wave.jpg"
    return shared if shared.exists() else ROOT / "samples" / "wave.jpg"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test tunes into a cache of its own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("VIDNST_CACHE", str(folder))
    return folder


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    write_picture(path, gradient_picture(72, 96))
    return path


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    """Make a clip with ffmpeg: make_clip("a.mp4", "-c:v", ...) of moving test bars."""
    return clips_in(tmp_path)


def clips_in(folder: Path) -> MakeClip:
    """What makes clips in a folder, as make_clip does for a test."""

    def make(
        name: str,
        *arguments: str,
        size: str = "96x64",
        frames: int = 12,
        rate: str = "12",
        inputs: tuple[str, ...] = (),
    ) -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        bars = f"testsrc2=size={size}:rate={rate},trim=end_frame={frames}"
        command = [
            ffmpeg_program(), "-y", "-loglevel", "error", "-f", "lavfi", "-i", bars,
            *inputs, *arguments, str(path),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        return path

    return make


TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=1")
"""Inputs of make_clip for one second of sound."""

SMALL_CHANNELS = {"1_1": 16, "1_2": 16, "2_1": 32, "2_2": 32, "3_1": 64, "3_2": 64, "4_1": 128}
"""Of a small encoder: the layers a style is trained with, and few channels."""


def devices_handed_on(
    monkeypatch: pytest.MonkeyPatch, painter: str, arguments: Sequence[str]
) -> list[str]:
    """What a painter, by its dotted name, is told of --device cpu, cuda and auto with a GPU there.

    The command that these arguments stand for ends where the painter is called.
    """
    from vidnst.apps.cli.main import main

    devices: list[str] = []

    def spy(*_: Any, device: str, **__: Any) -> None:
        devices.append(device)
        raise UsageError("seen")

    monkeypatch.setattr(painter, spy)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for device in ("cpu", "cuda", "auto"):
        assert main([*arguments, "--device", device]) == 2
    return devices
