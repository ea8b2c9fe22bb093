"""A fixed camera, painted live as an artist painted what it sees."""

import shutil
import subprocess
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from helpers.live_session import camera, eventually, live
from helpers.media_facts import facts
from helpers.painted_film import painted_film
from helpers.pictures import gradient_picture
from vidnst.apps.cli.main import main
from vidnst.apps.cli.webcam import webcam_options
from vidnst.frames.frame import Picture
from vidnst.live.pace import LEVELS
from vidnst.live.painted import learned_from, read_scenes
from vidnst.live.painter import LivePainter
from vidnst.live.session import webcam
from vidnst.live.stylizers import NetworkStylizer
from vidnst.media.ffmpeg_program import ffmpeg_program
from vidnst.media.pictures import read_picture, read_style, write_picture
from vidnst.motion.carry import Known
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.training.teaching import Lesson
from vidnst.options.painted import PaintedOptions
from vidnst.options.scenes import SCENES, painted_scenes
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer

__all__ = ["camera"]

HTTP = ["--http", "0", "--no-window"]


def fixed_camera(folder: Path, scene: Picture, *, seconds: float) -> Path:
    """A film of a camera that looks at one scene."""
    write_picture(folder / "seen.png", scene)
    path = folder / "fixed.mkv"
    command = [
        ffmpeg_program(), "-y", "-loglevel", "error", "-loop", "1", "-framerate", "25",
        "-i", str(folder / "seen.png"), "-t", f"{seconds:g}", "-c:v", "ffv1", "-pix_fmt", "bgr0",
        str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def painted_folder(folder: Path, scene: Picture, painting: Picture) -> Path:
    """A folder as the artist brings it back."""
    (folder / SCENES).mkdir(parents=True)
    write_picture(folder / SCENES / "frame001.png", scene)
    write_picture(folder / "frame001.png", painting)
    return folder


def test_the_live_picture_is_painted_as_the_artist_painted_it(tmp_path: Path) -> None:
    scenes, truth = painted_film(2)
    film = fixed_camera(tmp_path, scenes[0], seconds=20)
    folder = painted_folder(tmp_path / "paint", scenes[0], truth[0])
    line = ["--painted", str(folder), "--camera", str(film), *HTTP, "--painted-steps", "60"]
    options = webcam_options(line)
    # Beforehand, as it takes longer than the test's patience; the session finds it in the cache.
    learned_from(read_scenes(options.painted), options.teaching, size_hw=(96, 160))
    with live(options) as session:
        eventually(lambda: len(session.shown) > 3)
        session.action("side-by-side")
        eventually(lambda: session.shown[-1].looked_at.shape[1] == 320)
    assert session.notices[0] == "learning from 1 painted frame"
    assert session.notices[1].startswith("watch at")
    shown = session.shown[-1]
    apart = np.abs(shown.painted.astype(int) - truth[0]).mean()
    untaught = np.abs(scenes[0].astype(int) - truth[0]).mean()
    assert apart < 0.6 * untaught, (apart, untaught)
    assert shown.status.style == "painted"
    assert np.abs(shown.looked_at[:, :160].astype(int) - scenes[0]).mean() < 2


def test_what_was_learned_is_kept_for_the_next_time(tmp_path: Path, cache: Path) -> None:
    scenes, truth = painted_film(1)
    film = fixed_camera(tmp_path, scenes[0], seconds=1)
    folder = painted_folder(tmp_path / "paint", scenes[0], truth[0])
    target = tmp_path / "out.mp4"
    line = ["webcam", "--painted", str(folder), "--camera", str(film), "--no-window"]
    line += ["--painted-steps", "2", "--record", str(target), "--overwrite", "--quiet"]
    assert main(line) == 0
    (kept,) = (cache / "tuned").glob("*.safetensors")
    assert main(line) == 0
    assert [kept] == list((cache / "tuned").glob("*.safetensors"))
    # The film that stands in for a camera begins when the picture does, not when learning does.
    assert facts(target).frame_count > 3


def test_a_frame_to_paint_is_kept_as_the_camera_saw_it(tmp_path: Path) -> None:
    scenes, truth = painted_film(1)
    film = fixed_camera(tmp_path, scenes[0], seconds=20)
    folder = tmp_path / "new" / "paint"
    line = ["--keyframes", str(folder), "--camera", str(film), "--size", "48", *HTTP]
    with live(webcam_options(line)) as session:
        eventually(lambda: session.shown)
        assert session.status()["keyframes"] is True
        session.action("stronger")
        for count in (1, 2):
            session.action("keyframe")
            eventually(lambda: len(session.notices) == 1 + count)  # noqa: B023
    shown = session.shown[-1].painted
    assert shown.shape == (48, 80, 3), "of the size asked for, and as it is"
    assert np.abs(shown.astype(int)[4:-4] - scenes[0][8:-8:2, ::2]).mean() < 15
    assert session.notices[1] == f"kept {folder / 'frame001.png'}: paint over it"
    for name in ("frame001.png", "frame002.png"):
        for path in (folder / name, folder / SCENES / name):
            assert np.array_equal(read_picture(path), scenes[0])
    write_picture(folder / "frame002.png", truth[0])
    assert [each.painting.name for each in painted_scenes(str(folder))] == [
        "frame001.png",
        "frame002.png",
    ]


def test_without_a_folder_a_frame_to_paint_is_not_kept(camera: Path, style: Path) -> None:
    line = ["--style", str(style), "--camera", str(camera), *HTTP]
    with live(webcam_options(line)) as session:
        eventually(lambda: session.shown)
        assert session.status()["keyframes"] is False
        session.action("keyframe")
        eventually(lambda: "a frame to paint needs a folder: `keyframes=FOLDER`" in session.notices)


def test_a_pair_is_taken_where_names_hold_equals_signs(tmp_path: Path) -> None:
    scene = tmp_path / "a=b.png"
    write_picture(scene, gradient_picture(8, 8))
    (pair,) = painted_scenes(f"{scene}=c=d.png")
    assert (pair.scene, pair.painting) == (scene, Path("c=d.png"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("missing", "is no folder of painted frames"),
        ("empty", "holds no painted frames: --keyframes"),
        ("alone", "has no picture of the camera's in"),
        ("shape", "of another shape than"),
        ("damaged", "cannot be read as a picture"),
        ("untouched", "does not differ from"),
        ("style", "--painted stands for itself: leave --style out"),
        ("brush", "leave --brush-size out"),
        ("match", "take --color luminance"),
        ("steps", "--painted-steps is for --painted"),
        ("nothing", "--style is empty"),
        ("file", "is no folder"),
    ],
)
def test_what_cannot_be_is_refused_before_the_camera_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str, told: str
) -> None:
    scenes, truth = painted_film(1)
    folder = painted_folder(tmp_path / "paint", scenes[0], truth[0])
    line = ["--painted", str(folder)]
    if wrong == "missing":
        shutil.rmtree(folder)
    elif wrong == "empty":
        (folder / "frame001.png").unlink()
    elif wrong == "alone":
        shutil.rmtree(folder / SCENES)
    elif wrong == "shape":
        write_picture(folder / "frame001.png", truth[0][:, :80])
    elif wrong == "damaged":
        (folder / "frame001.png").write_bytes(b"no picture")
    elif wrong == "untouched":
        write_picture(folder / "frame001.png", scenes[0])
    elif wrong == "style":
        line += ["--style", "ink"]
    elif wrong == "brush":
        line += ["--brush-size", "4"]
    elif wrong == "match":
        line += ["--color", "match"]
    elif wrong == "steps":
        line = ["--style", "ink", "--painted-steps", "3"]
    elif wrong == "nothing":
        line = []
    elif wrong == "file":
        line = ["--keyframes", str(folder / "frame001.png")]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert main(["webcam", *line, "--camera", str(tmp_path / "no camera"), *HTTP]) in (1, 2)
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert told in error
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_progress_is_told_before_the_picture_starts(tmp_path: Path) -> None:
    scenes, truth = painted_film(1)
    film = fixed_camera(tmp_path, scenes[0], seconds=1)
    write_picture(tmp_path / "scene.png", scenes[0])
    write_picture(tmp_path / "painting.png", truth[0])
    events: list[str] = []
    line = ["--painted", f"{tmp_path / 'scene.png'}={tmp_path / 'painting.png'}"]
    line += ["--camera", str(film), "--painted-steps", "3", *HTTP]
    webcam(
        webcam_options(line),
        on_step=lambda step: events.append(f"{step.step} of {step.step_count}"),
        on_shown=lambda shown: events.append("shown"),
    )
    assert events[:3] == ["1 of 3", "2 of 3", "3 of 3"]
    assert set(events[3:]) == {"shown"}


def test_a_smaller_level_does_not_let_the_cameras_colors_through(style: Path) -> None:
    scene = gradient_picture(144, 256)
    fast = FastStylizer(read_style(style), StyleOptions(), size_hw=(144, 256))
    network = fast.bake([scene], strength=1.0)
    make = partial(NetworkStylizer, network, StyleOptions(), size_hw=(144, 256))
    alone = make()
    alone.paint_at(LEVELS[-1].scale)
    wanted = alone.paint(scene)
    for fades in (False, True):
        with LivePainter([make], StyleOptions(), first=scene, fades=fades) as painter:
            painter.change_level(LEVELS[-1])
            time.sleep(0.2)
            assert np.array_equal(painter.paint(scene).shown(), wanted) is not fades


def test_it_learns_at_the_smaller_size_that_keeps_the_rate_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[tuple[int, ...]] = []

    def teach(network: BakedNetwork, lessons: list[Lesson], *_: object, **__: object) -> object:
        sizes.extend(tuple(each.scene.shape[2:]) for each in lessons)
        return network

    monkeypatch.setattr("vidnst.stylizers.painted.teach_paintings", teach)
    scenes, truth = painted_film(1)
    learned_from([Known(scenes[0], truth[0])], PaintedOptions(1), size_hw=(96, 160))
    assert sizes == [(96, 160), (48, 80)]
