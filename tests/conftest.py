"""Fixtures of all tests, and the order in which their files begin."""

import os
import signal
from pathlib import Path

# Tests run side by side: waiting threads must not keep the cores busy. Told before torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pytest

from helpers.clips import MakeClip, clips_in
from helpers.pictures import gradient_picture
from helpers.places import ROOT, SHARED
from vidnst.media.pictures import write_picture

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
