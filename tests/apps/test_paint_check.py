"""What painted frames cover: the film that shows it, what is told, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.painted_film import painted_film
from vidnst.apps.cli.main import main
from vidnst.frames.frame import Picture
from vidnst.media.pictures import read_picture, write_picture
from vidnst.options.painted import keyframe_name

FIRST, SECOND = 12, 8


@pytest.fixture
def truth() -> list[Picture]:
    return painted_film(FIRST, seed=1)[1]


@pytest.fixture
def two_shots(tmp_path: Path) -> Path:
    """Numbered pictures at 25 frames a second, of two shots."""
    folder = tmp_path / "scene"
    folder.mkdir()
    scenes = [
        *painted_film(FIRST, seed=1)[0],
        *(255 - scene // 4 for scene in painted_film(SECOND, seed=2)[0]),
    ]
    for index, scene in enumerate(scenes):
        write_picture(folder / f"{index:06}.png", scene)
    return folder / "%06d.png"


def painted(folder: Path, truth: list[Picture], *indices: int) -> Path:
    folder.mkdir()
    for index in indices:
        write_picture(folder / keyframe_name(1, index / 25), truth[index])
    return folder


def checked(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    assert main(["paint-check", *map(str, arguments), "--json"]) == 0
    shots: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return shots


def test_the_film_shows_paintings_where_they_reach_and_marks_the_rest(
    two_shots: Path, truth: list[Picture], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "check" / "%06d.png"
    folder = painted(tmp_path / "paint", truth, 3)
    checked(capsys, two_shots, "--painted", folder, "--out", out)
    pictures = [read_picture(out.parent / f"{i:06}.png") for i in range(FIRST + SECOND)]
    inner = np.s_[40:75, 10:150]  # Without labels and contours.
    assert np.array_equal(pictures[3][inner], truth[3][inner])
    assert np.abs(pictures[4][inner].astype(int) - truth[4][inner]).mean() < 25
    other = pictures[FIRST + 4][inner].astype(int)
    assert np.ptp(other, axis=2).mean() < 3  # Gray.


def test_each_shot_tells_what_covers_it_and_what_to_paint_next(
    two_shots: Path, truth: list[Picture], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = painted(tmp_path / "one", truth, 3)
    line = [two_shots, "--painted", one, "--out"]
    first, second = checked(capsys, *line, tmp_path / "one.mp4")
    (cover,) = first["covered"]
    assert cover["file"] == str(one / keyframe_name(1, 3 / 25))
    assert cover["share"] > 0.4
    assert cover["share"] + first["uncovered"] == pytest.approx(1, abs=1e-3)
    assert not second["own"]
    assert second["uncovered"] == pytest.approx(1, abs=0.05)
    assert FIRST / 25 <= second["next"] < (FIRST + SECOND) / 25
    # What it asks for next covers more.
    index = round(25 * first["next"])
    assert index > 5
    two = painted(tmp_path / "two", truth, 3, index)
    more, _ = checked(capsys, two_shots, "--painted", two, "--out", tmp_path / "two.mp4")
    assert more["uncovered"] < 0.7 * first["uncovered"]
    assert main(["paint-check", *map(str, line), str(tmp_path / "again.mp4")]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("shot 1 (0.000 to 0.480 s): shot001_00000.120s.png")
    assert "no painted frame of its own, uncovered 100%" in told[1]


def test_the_frames_to_paint_next_are_written_beside_those_that_are_painted(
    two_shots: Path, truth: list[Picture], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = painted(tmp_path / "paint", truth, 3)
    line = (two_shots, "--painted", folder, "--next", folder, "--overwrite", "--out")
    shots = checked(capsys, *line, tmp_path / "check.mp4")
    for shot in shots:
        frame = read_picture(two_shots.parent / f"{round(25 * shot['next']):06}.png")
        assert np.array_equal(read_picture(Path(shot["file"])), frame)
    assert len(list(folder.iterdir())) == 3
    assert np.array_equal(read_picture(folder / keyframe_name(1, 3 / 25)), truth[3])
    Path(shots[0]["file"]).write_bytes(b"mine")
    assert main(["paint-check", *map(str, (*line, tmp_path / "check.mp4"))]) == 1
    assert Path(shots[0]["file"]).read_bytes() == b"mine"


def test_shots_that_will_not_be_painted_are_not_covered_from_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes, truth = painted_film(6, seed=1)
    between = [255 - scene // 4 for scene in painted_film(6, seed=2)[0]]
    folder = tmp_path / "scene"
    folder.mkdir()
    for index, scene in enumerate([*scenes, *between, *scenes]):
        write_picture(folder / f"{index:06}.png", scene)
    paint = painted(tmp_path / "paint", truth, 3)
    line = (folder / "%06d.png", "--painted", paint, "--out")
    again = checked(capsys, *line, tmp_path / "near.mp4")[2]
    assert not again["own"]
    assert again["uncovered"] < 0.6
    left = checked(capsys, *line, tmp_path / "left.mp4", "--unpainted", "scene")[2]
    assert left["uncovered"] == 1
    assert left["covered"] == []


def test_a_frame_that_nobody_painted_is_told(
    two_shots: Path, truth: list[Picture], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = painted(tmp_path / "paint", truth, 3)
    write_picture(folder / keyframe_name(2, 14 / 25), read_picture(two_shots.parent / "000014.png"))
    out = tmp_path / "out.mp4"
    assert main(["paint-check", str(two_shots), "--painted", str(folder), "--out", str(out)]) == 0
    assert f"{keyframe_name(2, 14 / 25)} is not painted yet" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["size", "time", "nothing", "exists", "still", "ending", "empty"])
def test_what_cannot_be_is_refused_in_one_line(
    two_shots: Path,
    truth: list[Picture],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: str,
) -> None:
    clip, out, folder = two_shots, tmp_path / "out.mp4", painted(tmp_path / "paint", truth, 3)
    own = folder / keyframe_name(1, 3 / 25)
    given = str(folder)
    if wrong == "size":
        write_picture(own, truth[3][:, :80])
    elif wrong == "time":
        given = f"0:09={own}"
    elif wrong == "nothing":
        write_picture(own, read_picture(two_shots.parent / "000003.png"))
    elif wrong == "exists":
        out.write_bytes(b"mine")
    elif wrong == "still":
        clip = own
    elif wrong == "ending":
        out = tmp_path / "out.txt"
    elif wrong == "empty":
        own.unlink()
    before = sorted(path.name for path in tmp_path.iterdir())
    assert main(["paint-check", str(clip), "--painted", given, "--out", str(out)]) in (1, 2)
    (error,) = capsys.readouterr().err.strip().splitlines()
    expected = {
        "size": "another shape",
        "time": "no frame then",
        "nothing": "none of the painted frames differs",
        "exists": "exists already",
        "still": "--painted is for films",
        "ending": "no container has the ending",
        "empty": "no painted frames",
    }
    assert expected[wrong] in error
    assert sorted(path.name for path in tmp_path.iterdir()) == before
