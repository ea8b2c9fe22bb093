"""The examples run as they stand, on a short film."""

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.clips import MakeClip
from helpers.media_facts import facts
from helpers.places import ROOT

EXAMPLES = ROOT / "examples"


def run(name: str, *arguments: object) -> str:
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def film(make_clip: MakeClip) -> Path:
    return make_clip("a.mp4", size="96x64", frames=6)


def test_no_example_is_left_out() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {
        "batch_with_progress", "custom_network", "custom_stylizer", "how_steady", "live_filter",
        "opencv_frames",
    }  # fmt: skip


@pytest.mark.slow
def test_films_are_painted(film: Path, style: Path, tmp_path: Path) -> None:
    run("opencv_frames", film, style, tmp_path / "frames.avi")
    run("custom_stylizer", film, style, tmp_path / "palette.mp4")
    assert facts(tmp_path / "frames.avi").frame_count == 6
    assert facts(tmp_path / "palette.mp4").frame_count == 6
    told = run("how_steady", film, tmp_path / "palette.mp4")
    assert told.count("frame to frame") == 2


@pytest.mark.slow
def test_networks_batches_and_live_pictures(film: Path, style: Path, tmp_path: Path) -> None:
    assert "6 frames" in run("custom_network", film, tmp_path / "network.mp4")
    assert "a.mp4: 0 of 6" in run("batch_with_progress", film.parent, style, tmp_path / "out")
    assert facts(tmp_path / "out" / "a.mp4").frame_count == 6
    last = tmp_path / "last.png"
    run("live_filter", film, "--style", style, "--frames", 3, "--save", last)
    assert last.stat().st_size > 0
