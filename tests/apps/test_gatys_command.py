"""--stylizer gatys and vidnst explore as a person meets them."""

import csv
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.clips import TONE, MakeClip
from helpers.commands import devices_handed_on
from helpers.media_facts import facts
from helpers.pictures import gradient_picture
from helpers.places import ROOT
from vidnst.apps.cli.main import main
from vidnst.media.pictures import read_picture, write_picture

SLIM = ROOT / "weights" / "slim.safetensors"
GATYS = ["--stylizer", "gatys", "--steps", "4+3", "--frame-steps", "3"]


def test_a_picture_is_painted_with_a_plot_and_its_steps(photo: Path, style: Path) -> None:
    plot = photo.with_name("losses.png")
    extras = ["--plot", str(plot), "--save-steps", "2"]
    assert main([str(photo), "--style", str(style), *GATYS, *extras, "--quiet"]) == 0
    painted = read_picture(photo.with_name("photo_wave.png"))
    assert painted.shape == (72, 96, 3)
    assert (painted != read_picture(photo)).mean() > 0.5
    assert read_picture(plot).shape == (600, 1080, 3)
    steps = sorted(photo.with_name("photo_wave_steps").iterdir())
    assert [step.name for step in steps] == [f"{n:06d}.png" for n in (2, 4, 6, 7)]
    np.testing.assert_array_equal(read_picture(steps[-1]), painted)
    assert not list(photo.parent.glob(".*"))


@pytest.mark.parametrize("passes", ["1", "2"])
def test_a_film_keeps_its_frames_and_sound(make_clip: MakeClip, style: Path, passes: str) -> None:
    source = make_clip("film.mp4", inputs=TONE, frames=5)
    assert main([str(source), "--style", str(style), *GATYS, "--passes", passes, "--quiet"]) == 0
    mine, theirs = facts(source.with_name("film_wave.mp4")), facts(source)
    assert mine.pts_seconds == theirs.pts_seconds
    assert mine.packets == theirs.packets


def test_a_cut_starts_anew(tmp_path: Path, style: Path) -> None:
    """The first frame after a cut is what it would be if the film began there."""
    scene = gradient_picture(64, 96)
    pictures = [np.roll(scene, 2 * i, 1) for i in range(5)]
    pictures += [255 - np.roll(scene[::-1], 2 * i, 1) for i in range(5)]
    (tmp_path / "in").mkdir()
    (tmp_path / "tail").mkdir()
    for index, picture in enumerate(pictures):
        write_picture(tmp_path / "in" / f"{index:02d}.png", picture)
        if index >= 5:
            write_picture(tmp_path / "tail" / f"{index:02d}.png", picture)
    for name in ("in", "tail"):
        target = tmp_path / f"{name}-painted" / "%02d.png"
        source = tmp_path / name / "%02d.png"
        assert main([str(source), "--style", str(style), *GATYS, "-o", str(target), "--quiet"]) == 0
    for index in range(5, 10):
        whole, tail = (tmp_path / f"{n}-painted" / f"{index:02d}.png" for n in ("in", "tail"))
        np.testing.assert_array_equal(read_picture(whole), read_picture(tail))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stylizer", "gatys", "--content-layer", "relu9_9"], "no layer relu9_9 in slim"),
        (["--stylizer", "gatys", "--style-weight=-1"], "--style-weight is -1"),
        (["--stylizer", "gatys", "--steps", "10,20"], "'10,20' are no numbers joined by +"),
        (
            [
                "--stylizer",
                "gatys",
                "--size",
                "40x24",
                "--content-layer",
                "relu5_1",
                "--style-layer",
                "relu1_1",
                "--features",
                str(SLIM),
            ],
            "the frame is 40x24",
        ),
        (["--stylizer", "gatys", "--weights", "x.safetensors"], "--weights is for --stylizer fast"),
        (["--stylizer", "gatys", "--save-steps", "0"], "--save-steps is 0"),
        (["--stylizer", "gatys", "--plot", "no/where.png"], "the folder no does not exist"),
        (["--stylizer", "gatys", "--features", "no.safetensors"], "cannot read weights"),
        (["--style-weight", "3"], "--style-weight is for --stylizer gatys"),
        (["--plot", "x.png"], "--plot is for --stylizer neighbor and gatys"),
        (["--stylizer", "oils"], "invalid choice: 'oils'"),
    ],
)
def test_bad_settings_are_one_line_before_any_work(
    photo: Path, style: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(photo), "--style", str(style), *arguments]) in (1, 2)
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1
    assert message in shown.err
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


def test_a_style_too_small_for_its_layers_is_refused(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = photo.with_name("small.png")
    write_picture(small, gradient_picture(12, 300))
    assert main([str(photo), "--style", str(small), "--stylizer", "gatys"]) == 2
    assert "the style is 300x12, but its layers need 16 pixels" in capsys.readouterr().err


def test_steps_of_a_film_are_not_plotted(
    make_clip: MakeClip, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_clip("film.mp4", frames=2)
    arguments = [str(source), "--style", str(style), *GATYS, "--plot", "x.png"]
    assert main(arguments) == 2
    assert "for still pictures" in capsys.readouterr().err


def test_explore_writes_a_sheet_a_table_and_the_commands(
    photo: Path, style: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photo.parent)
    arguments = ["explore", "photo.png", "--style", str(style), "--steps", "3", "--side", "64"]
    varied = ["--vary", "style-weight=1e4,1e5,1e6", "--vary", "content-layer=relu3_1,relu4_1"]
    assert main([*arguments, *varied]) == 0
    rows = list(csv.DictReader(Path("photo_wave_explore.csv").read_text().splitlines()))
    assert [row["style-weight"] for row in rows] == ["1e4", "1e4", "1e5", "1e5", "1e6", "1e6"]
    assert [row["content-layer"] for row in rows] == ["relu3_1", "relu4_1"] * 3
    assert all(float(row["style"]) > 0 and float(row["seconds"]) > 0 for row in rows)
    sheet = read_picture(Path("photo_wave_explore.png"))
    assert sheet.shape[1] == 3 * 64
    shown = capsys.readouterr().out
    for row in rows:
        assert row["command"] in shown
    # A command of the table does what it says.
    command = [*shlex.split(rows[3]["command"])[1:], "-o", "one.png", "--quiet"]
    assert main(command) == 0
    assert read_picture(Path("one.png")).shape == (72, 96, 3)
    assert main([*arguments, *varied]) == 1
    assert "photo_wave_explore.png exists already" in capsys.readouterr().err


def test_explore_tries_the_settings_of_neighbor(
    photo: Path, style: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["explore", str(photo), "--style", str(style), "--side", "64"]
    neighbor = ["--stylizer", "neighbor", "--neighbor-steps", "2"]
    assert main([*arguments, *neighbor, "--vary", "scene=0.25,0.75"]) == 0
    table = photo.parent / "photo_wave_explore.csv"
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["scene"] for row in rows] == ["0.25", "0.75"]
    assert all(float(row["match"]) > 0 for row in rows)
    assert "--stylizer neighbor --scene=0.25" in rows[0]["command"]
    capsys.readouterr()
    assert main([*arguments, *neighbor, "--overwrite", "--vary", "style-weight=1,2"]) == 2
    assert "no option 'style-weight' to vary" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("varied", "message"),
    [
        ("strokes=1,2", "no option 'strokes' to vary"),
        ("style-weight=", "write OPTION=VALUE,VALUE"),
        ("style-weight=1,-2", "--style-weight is -2"),
        ("content-layer=relu4_1,relu7_1", "no layer relu7_1"),
    ],
)
def test_explore_refuses_before_the_first_picture(
    photo: Path, style: Path, varied: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explore", str(photo), "--style", str(style), "--vary", varied]) in (1, 2)
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


def test_explore_computes_where_the_device_says(
    photo: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["explore", str(photo), "--style", str(style), "--vary", "strength=1"]
    devices = devices_handed_on(monkeypatch, "vidnst.stylizers.registry.Task", arguments)
    assert devices == ["cpu", "cuda", "cuda"]


def test_the_sheet_shows_settings_readably(tmp_path: Path) -> None:
    from vidnst.apps.explore import _labeled

    labeled = _labeled(np.zeros((40, 200, 3), np.uint8), ["style-weight=1e5", "3.0 s"])
    strip = cv2.cvtColor(labeled[:-40], cv2.COLOR_RGB2GRAY)
    assert strip.shape[0] == 36
    assert 0.02 < (strip < 128).mean() < 0.5
