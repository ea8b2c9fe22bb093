"""A source that is no video: frames made by a class of which vidnst knows nothing else."""

import json
from collections.abc import Generator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from helpers.media_facts import facts
from vidnst.apps.cli.main import main
from vidnst.frames.frame import Frame, Picture
from vidnst.frames.resize import resize
from vidnst.media import source as sources
from vidnst.media.clip import Clip
from vidnst.media.source import Reading, Source, register_source


class Turntable(Source):
    """A bar that turns, as a small file tells."""

    def __init__(self, path: Path) -> None:
        told = json.loads(path.read_text())
        self.facts = Clip.without_file(path, (48, 64), Fraction(12), told["frames"])

    def frames(self, reading: Reading) -> Generator[Frame, None, None]:
        for pts in range(self.facts.frame_count or 0):
            seconds = pts / 12
            if pts < (reading.from_pts or 0) or seconds < (reading.excerpt.start_seconds or 0):
                continue
            picture = resize(self._turned(pts), reading.size_hw or self.facts.size_hw)
            yield Frame(picture, pts, 1, self.facts.time_base)

    def sample(self, count: int, reading: Reading) -> list[Picture]:
        every = list(self.frames(reading))
        return [every[round(i)].picture for i in np.linspace(0, len(every) - 1, count)]

    def _turned(self, pts: int) -> Picture:
        y, x = np.mgrid[-24:24, -32:32].astype(np.float32)
        along = np.cos(pts / 6) * x + np.sin(pts / 6) * y
        bar = (np.abs(along) < 6)[..., None]
        return np.where(bar, (200, 60, 30), (40, 90, 120)).astype(np.uint8)


@pytest.fixture
def turntable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(sources._KINDS, ".turntable", Turntable)  # Taken out again at the end.
    register_source(".turntable", Turntable)
    path = tmp_path / "scene.turntable"
    path.write_text(json.dumps({"frames": 9}))
    return path


def test_a_source_from_outside_becomes_a_film(turntable: Path, style: Path, tmp_path: Path) -> None:
    result, sheet, beside = (tmp_path / name for name in ("out.mp4", "sheet.png", "beside.mp4"))
    assert main([
        str(turntable), "--style", str(style), "-o", str(result), "--contact-sheet", str(sheet),
        "--compare", str(beside), "--quiet",
    ]) == 0  # fmt: skip
    told = facts(result)
    assert told.frame_count == facts(beside).frame_count == 9
    assert told.pts_seconds == [Fraction(number, 12) for number in range(9)]
    assert sheet.stat().st_size > 0


def test_its_network_learns_from_its_frames(
    turntable: Path, style: Path, tmp_path: Path, cache: Path
) -> None:
    result = tmp_path / "out.mp4"
    assert main([
        str(turntable), "--style", str(style), "-o", str(result), "--stylizer", "tuned",
        "--lessons", "1", "--lesson-steps", "2", "--neighbor-steps", "1", "--quiet",
    ]) == 0  # fmt: skip
    assert facts(result).frame_count == 9
