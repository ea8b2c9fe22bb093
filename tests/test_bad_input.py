"""Whatever is wrong with the input: one clear line, the right exit code, nothing left behind."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.clips import TONE, MakeClip
from helpers.commands import refused
from vidnst.apps.cli.main import main


@pytest.fixture
def clip(make_clip: MakeClip) -> Path:
    return make_clip("clip.mp4", frames=4)


def broken_source(kind: str, folder: Path, make_clip: MakeClip) -> Path:
    path = folder / f"{kind}.mp4"
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("this is not a film\n" * 50)
    elif kind == "cut-before-the-header":
        whole = make_clip("whole.mp4", frames=48)
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    elif kind == "cut-in-the-middle":
        whole = make_clip("whole.mp4", "-movflags", "+faststart", frames=48)
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    elif kind == "cut-matroska":
        whole = make_clip("whole.mkv", "-g", "4", frames=60)
        path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    elif kind == "sound-only":
        make_clip("sound.m4a", "-map", "1:a", inputs=TONE).rename(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "playlist":
        path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n")
    elif kind == "8x8":
        make_clip("tiny.mkv", "-vf", "scale=8:8", "-c:v", "ffv1", frames=2).rename(path)
    elif kind == "1x1":
        make_clip("dot.mkv", "-vf", "format=gbrp,crop=1:1:0:0", "-c:v", "ffv1", frames=2).rename(
            path
        )
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "no such file"),
        ("empty", "is empty"),
        ("text", "cannot be read as a clip"),
        ("cut-before-the-header", "cannot be read as a clip"),
        ("cut-in-the-middle", "damaged"),
        ("cut-matroska", "cut off"),
        ("sound-only", "sound but no film"),
        ("folder", "is a folder"),
        ("playlist", "cannot be read as a clip"),
        ("8x8", "too few to paint"),
        ("1x1", "too few to paint"),
    ],
)
def test_bad_source(
    kind: str,
    message: str,
    make_clip: MakeClip,
    style: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = broken_source(kind, tmp_path, make_clip)
    refused([source, "--style", style], 1, message, tmp_path, capsys)


def test_bad_style(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "style.jpg"
    text.write_text("no picture")
    refused([clip, "--style", text], 1, "cannot be read as a picture", tmp_path, capsys)
    refused([clip, "--style", tmp_path / "none.jpg"], 1, "no such file", tmp_path, capsys)
    (tmp_path / "empty").mkdir()
    refused([clip, "--style", tmp_path / "empty"], 1, "is a folder without", tmp_path, capsys)
    refused([clip], 2, "--style", tmp_path, capsys)


def test_a_picture_of_150_megapixels_is_refused_and_shrunk_when_asked(
    style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    huge = tmp_path / "huge.png"
    cv2.imwrite(str(huge), np.zeros((10000, 15000), np.uint8))
    refused([huge, "--style", style], 1, "give a smaller --size", tmp_path, capsys)
    assert main([str(huge), "--style", str(style), "--size", "64", "--quiet"]) == 0
    assert main([str(tmp_path / "huge_wave.png"), "--style", str(huge), "--quiet"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-o", "missing/out.mp4"], 1, "does not exist"),
        (["-o", "clip.mp4"], 1, "is the source itself"),
        (["-o", "taken.mp4"], 1, "exists already"),
        (["-o", "out.xyz"], 2, "no container"),
        (["-o", "out"], 2, "no container"),
        (["-o", "out.png"], 2, "still picture"),
        (["-o", "out.webm", "--codec", "h264"], 2, "cannot hold h264"),
        (["-o", "out.gif", "--codec", "h265"], 2, "cannot hold h265"),
        (["--codec", "nonsense"], 2, "no encoder"),
        (["--codec", "aac"], 2, "does not encode pictures"),
        (["--encoder-preset", "warp9"], 2, "warp9"),
        (["--crf", "-3"], 2, "--crf"),
        (["--crf", "high"], 2, "--crf"),
        (["--pix-fmt", "nonsense"], 2, "pixel format"),
        (["--strength", "2"], 2, "--strength"),
        (["--brush-size", "0"], 2, "--brush-size"),
        (["--size", "big"], 2, "--size"),
        (["--size", "2x2"], 2, "--size"),
        (["--start", "5", "--end", "4"], 2, "--end"),
        (["--start", "noon"], 2, "no time"),
        (["--start", "600"], 1, "no frame in the excerpt"),
        (["--weights", "clip.mp4"], 1, "cannot read weights"),
        (["--frobnicate"], 2, "--frobnicate"),
    ],
)
def test_bad_request(
    arguments: list[str],
    code: int,
    message: str,
    clip: Path,
    style: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.mp4").write_text("precious")
    refused([clip.name, "--style", style, *arguments], code, message, tmp_path, capsys)
    assert (tmp_path / "taken.mp4").read_text() == "precious"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(place)]
    if not mount or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs the rights to")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.webm", "out.gif", "frames/%06d.png"])
def test_full_disk(
    name: str,
    small_disk: Path,
    make_clip: MakeClip,
    style: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = make_clip("source.mp4", size="320x240", frames=24)
    arguments = [source, "--style", style, "-o", small_disk / name, "--size", "480", "--quiet"]
    refused(arguments, 1, "No space left", small_disk, capsys)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_is_not_writable(
    clip: Path, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    refused([clip, "--style", style, "-o", locked / "o.mp4"], 1, "not writable", tmp_path, capsys)
