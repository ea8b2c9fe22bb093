"""A disk that is full: said in one line, nothing half under the final name, and no work lost.

The disk is a real one, small and in memory, which only root can mount.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

from helpers.clips import clips_in, three_shots
from helpers.media_facts import facts
from helpers.renders import assert_same_film
from vidnst.apps.cli.main import main

_PAGE = 4096


class Disk:
    """A small file system."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self, leave: int = 0) -> None:
        """Leave so many bytes free, in whole pages."""
        there = os.statvfs(self.path)
        (self.path / "ballast").write_bytes(bytes(there.f_bavail * there.f_frsize - leave))

    def grow(self) -> None:
        """Make room."""
        _mount("-o", "remount,size=64m", str(self.path))

    @property
    def names(self) -> list[str]:
        return sorted({path.name for path in self.path.iterdir()} - {"ballast"})


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root can mount a small disk")
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 frames in three shots, with sound."""
    return three_shots(clips_in(tmp_path_factory.mktemp("source")), frames=90)


@pytest.fixture(scope="module")
def whole(source: Path, style: Path) -> Path:
    """What an uninterrupted render makes of it."""
    path = source.with_name("whole.mp4")
    assert main([str(source), "--style", str(style), "-o", str(path), "--quiet"]) == 0
    return path


FullAt = Callable[..., None]


@pytest.fixture
def full_at(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> FullAt:
    """Have the disk fill up, once, when a function is called."""

    def arrange(name: str, *, leave: int = 0, when: Callable[..., bool] = lambda *_: True) -> None:
        original = resolve_name(name)
        filled: list[bool] = []

        def filling(*args: Any, **kwargs: Any) -> Any:
            if not filled and when(*args):
                filled.append(True)
                disk.fill(leave)
            return original(*args, **kwargs)

        monkeypatch.setattr(name, filling)

    return arrange


def fails_and_goes_on(
    arguments: list[str], disk: Disk, capfd: pytest.CaptureFixture[str], *, kept: int
) -> None:
    """Render onto the full disk, and once more when there is room.

    kept: so many frames are finished when the disk is full.
    """
    capfd.readouterr()
    assert main([*arguments, "--json"]) == 1
    told = capfd.readouterr()
    assert told.err == f"vidnst: cannot write in {disk.path}: No space left on device\n"
    assert told.out == ""
    assert all(name.startswith(".") and name.endswith(".vidnst") for name in disk.names)
    assert len(disk.names) == (1 if kept else 0)
    disk.grow()
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["resumed_frames"] == kept
    assert not any(name.startswith(".") for name in disk.names)


def writes(name: str) -> Callable[..., bool]:
    """Whether Job._write is to write this."""
    return lambda job, written, content: written == name


def at_frame(segment: int, frame: int) -> Callable[..., bool]:
    """Whether SegmentWriter.write is to write this frame of a segment."""
    return lambda writer, _: (writer.segment.number, writer.frame_count) == (segment, frame)


_WRITE = "vidnst.film.segments.job.Job._write"
_ENCODE = "vidnst.film.segments.write.SegmentWriter.write"
_JOIN = "vidnst.film.render.join_segments"
_SOUND = "vidnst.film.segments.join.join_streams"


@pytest.mark.parametrize(
    ("name", "when", "leave", "kept"),
    [
        pytest.param(_WRITE, writes("manifest.json"), 0, 0, id="manifest"),
        pytest.param(_ENCODE, at_frame(0, 0), 0, 0, id="first segment"),
        pytest.param(_ENCODE, at_frame(1, 5), 0, 30, id="segment"),
        pytest.param(_ENCODE, at_frame(1, 5), 2 * _PAGE, 30, id="segment, some room"),
        pytest.param(_WRITE, writes("segment_000001.json"), 0, 30, id="record"),
        pytest.param(_JOIN, None, 0, 90, id="join"),
        pytest.param(_JOIN, None, 3 * _PAGE, 90, id="join, some room"),
        pytest.param(_SOUND, None, 0, 90, id="sound"),
        pytest.param(_SOUND, None, 3 * _PAGE, 90, id="sound, some room"),
    ],
)
def test_a_disk_that_fills_up_costs_no_finished_work(
    name: str,
    when: Callable[..., bool] | None,
    leave: int,
    kept: int,
    disk: Disk,
    full_at: FullAt,
    source: Path,
    whole: Path,
    style: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    full_at(name, leave=leave, when=when or (lambda *_: True))
    target = disk.path / "out.mp4"
    arguments = [str(source), "--style", str(style), "-o", str(target)]
    fails_and_goes_on(arguments, disk, capfd, kept=kept)
    assert_same_film(target, whole)
    assert facts(target).packets == facts(whole).packets


def test_no_file_is_left_for_a_film(
    source: Path, whole: Path, style: Path, disk: Disk, capfd: pytest.CaptureFixture[str]
) -> None:
    _mount("-o", "remount,nr_inodes=2", str(disk.path))
    (disk.path / "ballast").touch()
    arguments = [str(source), "--style", str(style), "-o", str(disk.path / "out.mp4"), "--quiet"]
    assert main(arguments) == 1
    assert capfd.readouterr().err == (
        f"vidnst: cannot write in {disk.path}: No space left on device\n"
    )
    assert disk.names == []


def test_a_full_disk_between_segments_of_a_long_take(
    disk: Disk,
    full_at: FullAt,
    style: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("vidnst.film.plan.frames_ahead", lambda size_hw: 10)
    take = clips_in(tmp_path)("take.mp4", frames=150, rate="25")
    whole = tmp_path / "whole.mp4"
    assert main([str(take), "--style", str(style), "-o", str(whole), "--quiet"]) == 0
    full_at(_WRITE, leave=_PAGE, when=writes("segment_000001.state"))
    target = disk.path / "out.mp4"
    arguments = [str(take), "--style", str(style), "-o", str(target)]
    fails_and_goes_on(arguments, disk, capfd, kept=48)
    assert_same_film(target, whole)


@pytest.mark.parametrize(("frame", "leave"), [(5, 0), (5, _PAGE), (29, _PAGE)])
def test_numbered_pictures_on_a_full_disk_are_whole_or_not_there(
    frame: int,
    leave: int,
    disk: Disk,
    full_at: FullAt,
    source: Path,
    style: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    others = tmp_path / "whole"
    assert main([str(source), "--style", str(style), "-o", f"{others}/%04d.png", "--quiet"]) == 0
    full_at(_ENCODE, leave=leave, when=at_frame(1, frame))
    folder = disk.path / "frames"
    arguments = [str(source), "--style", str(style), "-o", f"{folder}/%04d.png"]
    fails_and_goes_on(arguments, disk, capfd, kept=30)
    assert len(list(folder.iterdir())) == 90
    for path in folder.iterdir():
        assert path.read_bytes() == (others / path.name).read_bytes()


@pytest.mark.parametrize("leave", [0, _PAGE])
@pytest.mark.parametrize(
    ("flag", "function", "name"),
    [
        ("--compare", "write_comparison", "beside.mp4"),
        ("--contact-sheet", "write_contact_sheet", "sheet.png"),
    ],
)
def test_a_film_stands_when_what_goes_with_it_does(
    flag: str,
    function: str,
    name: str,
    leave: int,
    disk: Disk,
    full_at: FullAt,
    source: Path,
    whole: Path,
    style: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    full_at(f"vidnst.film.delivery.deliver.{function}", leave=leave)
    target = disk.path / "out.mp4"
    arguments = [str(source), "--style", str(style), "-o", str(target)]
    fails_and_goes_on([*arguments, flag, str(disk.path / name)], disk, capfd, kept=90)
    assert disk.names == sorted(["out.mp4", name])
    assert_same_film(target, whole)


def test_what_processes_paint_meets_a_full_disk(
    disk: Disk,
    full_at: FullAt,
    source: Path,
    whole: Path,
    style: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    full_at("vidnst.film.workers.spread._written", when=lambda path, files: "000001" in path.name)
    target = disk.path / "out.mp4"
    arguments = [str(source), "--style", str(style), "-o", str(target), "--workers", "1"]
    fails_and_goes_on(arguments, disk, capfd, kept=30)
    assert_same_film(target, whole)


def test_a_batch_tells_what_failed_even_if_its_report_finds_no_room(
    disk: Disk,
    full_at: FullAt,
    source: Path,
    whole: Path,
    style: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    full_at(_ENCODE, when=at_frame(1, 5))
    out = disk.path / "rendered"
    arguments = ["batch", str(source), "--style", str(style), "--out", str(out)]
    arguments += ["--container", "mp4", "--json"]
    assert main(arguments) == 1
    told = capfd.readouterr()
    reason = f"cannot write in {out}: No space left on device"
    assert told.err == f"vidnst: {reason}\n"
    report = json.loads(told.out)
    assert report["failed"] == 1
    assert report["renders"][0]["reason"] == reason
    disk.grow()
    assert main(arguments) == 0
    assert sorted(path.suffix for path in out.iterdir()) == [".json", ".mp4"]
    assert json.loads((out / "batch.json").read_text())["done"] == 1
    assert_same_film(next(out.glob("*.mp4")), whole)


def test_a_full_cache_stops_no_render(
    disk: Disk,
    source: Path,
    style: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIDNST_CACHE", str(disk.path / "cache"))
    disk.fill()
    arguments = [str(source), "--style", str(style), "-o", str(tmp_path / "out.mp4"), "--quiet"]
    few = ["--lessons", "1", "--lesson-steps", "2", "--neighbor-steps", "1"]
    assert main([*arguments, "--stylizer", "tuned", *few]) == 0
    assert not any(path.is_file() for path in (disk.path / "cache").rglob("*"))
