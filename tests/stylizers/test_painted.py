"""A film that follows an artist's frames: what comes out, and what is refused before work."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.painted_film import painted_film
from helpers.places import ROOT
from vidnst.apps.cli.arguments import render_options
from vidnst.apps.cli.main import main
from vidnst.errors import UsageError, WeightsError
from vidnst.film.render import Progress, render
from vidnst.frames.frame import Floats, Picture, ShotFrame
from vidnst.media.pictures import read_picture, write_picture
from vidnst.motion.carry import NO_PAINTING, Carrier, Known
from vidnst.motion.flow import optical_flow
from vidnst.motion.warp import warp
from vidnst.nets.step import Step
from vidnst.options.painted import PaintedFrame, PaintedOptions, keyframe_name, painted_frames
from vidnst.options.styles import StyleOptions
from vidnst.options.stylizers import Painted
from vidnst.stylizers.painted import PaintedShot, PaintedStylizer, load_painted, save_painted

SIZE_HW = (96, 160)
FEW = ["--painted-steps", "2"]


def psnr(picture: Picture | Floats, truth: Picture) -> float:
    """In dB."""
    return float(10 * np.log10(255**2 / np.square(picture.astype(np.float32) - truth).mean()))


def numbered_film(folder: Path, pictures: Sequence[Picture]) -> Path:
    folder.mkdir()
    for index, picture in enumerate(pictures):
        write_picture(folder / f"{index:06}.png", picture)
    return folder / "%06d.png"


@pytest.fixture
def film(tmp_path: Path) -> tuple[Path, list[Picture], list[Picture]]:
    """Numbered pictures at 25 frames a second, what they show, and what they should become."""
    scenes, truth = painted_film()
    return numbered_film(tmp_path / "scene", scenes), scenes, truth


def painted_folder(folder: Path, truth: Sequence[Picture], indices: Sequence[int]) -> Path:
    """A folder as the artist brings it back."""
    folder.mkdir()
    for index in indices:
        write_picture(folder / keyframe_name(1, index / 25), truth[index])
    return folder


def stylizer(
    scenes: Sequence[Picture], truth: Sequence[Picture], folder: Path, indices: Sequence[int],
    steps: int,
) -> PaintedStylizer:  # fmt: skip
    frames = painted_frames(str(painted_folder(folder, truth, indices)))
    made = PaintedStylizer(frames, StyleOptions(), PaintedOptions(steps), size_hw=SIZE_HW)
    made.begin_known([ShotFrame(i / 25, 1, scenes[i]) for i in indices])
    made.begin_shot([scenes[0], scenes[-1]])
    return made


def test_what_the_frames_show_is_carried_and_the_rest_is_learned(tmp_path: Path) -> None:
    scenes, truth = painted_film()
    painter = stylizer(scenes, truth, tmp_path / "one", [4], 60)
    assert np.array_equal(painter.paint(scenes[4]), truth[4])
    far = range(16, 24, 2)
    own = np.mean([psnr(painter.paint(scenes[i]), truth[i]) for i in far])
    alone = [warp(truth[4].astype(np.float32), optical_flow(scenes[i], scenes[4])) for i in far]
    carried = np.mean([psnr(each, truth[i]) for each, i in zip(alone, far, strict=True)])
    assert own > carried + 3
    more = stylizer(scenes, truth, tmp_path / "two", [4, 20], 60)
    assert np.mean([psnr(more.paint(scenes[i]), truth[i]) for i in far if i != 20]) > own


def test_a_painting_is_carried_only_where_the_same_is_seen() -> None:
    scenes, truth = painted_film()
    blank = np.zeros_like(truth[0])
    carrier = Carrier([Known(scenes[0], truth[0])])
    assert np.array_equal(carrier.to(scenes[0]).over(blank), truth[0])
    other = np.full_like(scenes[0], 250)
    assert np.array_equal(carrier.to(other).over(blank), blank)
    moved = carrier.to(scenes[2])
    seen = moved.taken != NO_PAINTING
    assert np.array_equal(seen, moved.trust > 0)
    assert 0.5 < seen.mean() < 1
    assert np.abs(moved.over(blank)[seen].astype(int) - truth[2][seen]).mean() < 16


def test_each_shot_learns_from_its_own_frames(tmp_path: Path) -> None:
    first, second = painted_film(8, seed=1), painted_film(8, seed=2)
    red = np.full((*SIZE_HW, 3), (250, 30, 30), np.uint8)
    folder = tmp_path / "paint"
    folder.mkdir()
    write_picture(folder / keyframe_name(1, 0.0), first[1][0])
    write_picture(folder / keyframe_name(2, 1.0), red)
    made = PaintedStylizer(
        painted_frames(str(folder)), StyleOptions(), PaintedOptions(40), size_hw=SIZE_HW
    )
    made.begin_known([ShotFrame(0, 1, first[0][0]), ShotFrame(1, 2, second[0][0])])
    assert len(made.shots) == 2
    made.begin_shot(second[0])
    assert np.abs(made.paint(second[0][5]).astype(int) - red).mean() < 20
    made.begin_shot(first[0])
    assert np.abs(made.paint(first[0][5]).astype(int) - red).mean() > 60


def test_the_command_paints_a_film(
    film: tuple[Path, list[Picture], list[Picture]], tmp_path: Path
) -> None:
    clip, _, truth = film
    folder = painted_folder(tmp_path / "paint", truth, [3, 15])
    out = tmp_path / "out" / "%06d.png"
    line = [str(clip), "--painted", str(folder), *FEW, "--steady", "0", "--quiet"]
    assert main([*line, "-o", str(out)]) == 0
    painted = [read_picture(out.parent / f"{i:06}.png") for i in range(24)]
    for index in (3, 15):
        assert np.abs(painted[index].astype(int) - truth[index]).mean() < 2
    spread = tmp_path / "spread" / "%06d.png"
    assert main([*line, "-o", str(spread), "--workers", "2"]) == 0
    for index, picture in enumerate(painted):
        assert np.array_equal(read_picture(spread.parent / f"{index:06}.png"), picture)


@pytest.fixture
def two_shots(tmp_path: Path) -> tuple[Path, list[str], list[Picture]]:
    """A film of two shots of six frames, arguments with a painting of the first, and its frames."""
    scenes, truth = painted_film(6)
    frames = [*scenes, *(255 - scene // 4 for scene in painted_film(6, seed=2)[0])]
    folder = painted_folder(tmp_path / "paint", truth, [2])
    return numbered_film(tmp_path / "two", frames), ["--painted", str(folder), *FEW], frames


def rendered(out: Path, *arguments: object) -> list[Picture]:
    assert main([*map(str, arguments), "-o", str(out / "%06d.png"), "--quiet"]) == 0
    return [read_picture(path) for path in sorted(out.glob("*.png"))]


def test_a_shot_that_nobody_painted_stays_the_scene_where_asked(
    two_shots: tuple[Path, list[str], list[Picture]], tmp_path: Path
) -> None:
    clip, painted, scenes = two_shots
    line = (clip, *painted, "--unpainted", "scene")
    pictures = rendered(tmp_path / "out", *line)
    for index in range(6):
        assert not np.array_equal(pictures[index], scenes[index])
        assert np.array_equal(pictures[6 + index], scenes[6 + index])
    spread = rendered(tmp_path / "spread", *line, "--workers", 2)
    assert all(map(np.array_equal, pictures, spread))
    assert not np.array_equal(rendered(tmp_path / "near", clip, *painted)[8], scenes[8])


@pytest.mark.parametrize("stopped_after", [5, 11])
def test_a_render_that_goes_on_within_a_shot_knows_whose_it_is(
    two_shots: tuple[Path, list[str], list[Picture]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stopped_after: int,
) -> None:
    clip, painted, _ = two_shots
    monkeypatch.setattr("vidnst.film.plan.longest_segment", lambda *_: 3)
    line = [str(clip), *painted, "--unpainted", "scene"]
    whole = rendered(tmp_path / "whole", *line)

    def stop(progress: Progress) -> None:
        if progress.frames_done == stopped_after:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    options = render_options([*line, "-o", str(out / "%06d.png")])
    with pytest.raises(KeyboardInterrupt):
        render(options, on_progress=stop)
    assert render(options).resumed_frames == stopped_after // 3 * 3
    pictures = [read_picture(path) for path in sorted(out.glob("*.png"))]
    assert all(map(np.array_equal, pictures, whole))


def test_a_shot_that_nobody_painted_gets_a_style_where_asked(
    two_shots: tuple[Path, list[str], list[Picture]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clip, painted, _ = two_shots
    style = ("--style", "ink", "--steady", "0")
    pictures = rendered(tmp_path / "out", clip, *painted, "--unpainted", "style", *style)
    styled = rendered(tmp_path / "styled", clip, *style)
    apart = [np.abs(a.astype(int) - b).mean() for a, b in zip(pictures, styled, strict=True)]
    assert max(apart[6:]) < 4 < min(apart[:6])
    out = ["-o", str(tmp_path / "none" / "%06d.png")]
    assert main([str(clip), *painted, "--unpainted", "style", *out]) == 2
    assert "--unpainted style needs a --style" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_shot_is_painted_by_its_own_frames_whatever_it_looks_like(tmp_path: Path) -> None:
    scenes, truth = painted_film(8)
    red = np.full((*SIZE_HW, 3), (250, 30, 30), np.uint8)
    folder = painted_folder(tmp_path / "paint", [truth[0], red], [0, 1])
    made = PaintedStylizer(
        painted_frames(str(folder)), StyleOptions(), PaintedOptions(30), size_hw=SIZE_HW
    )
    made.begin_known([ShotFrame(0, 100, scenes[0]), ShotFrame(1 / 25, 300, 255 - scenes[7])])
    save_painted(tmp_path / "shots", made.shots)
    made.use(load_painted(tmp_path / "shots"))
    made.enter_shot(300)
    made.begin_shot([scenes[0]])
    assert np.abs(made.paint(scenes[5]).astype(int) - red).mean() < 40
    made.enter_shot(200)
    made.begin_shot([scenes[0]])
    assert np.abs(made.paint(scenes[5]).astype(int) - red).mean() > 60


def test_a_clear_part_of_a_painting_shows_the_scene(tmp_path: Path) -> None:
    scenes, truth = painted_film(4)
    half = np.dstack([truth[0], np.full(SIZE_HW, 255, np.uint8)])
    half[:, :80, 3] = 0
    path = tmp_path / "half.png"
    cv2.imwrite(str(path), half[:, :, [2, 1, 0, 3]])
    made = PaintedStylizer(
        [PaintedFrame(0, path)], StyleOptions(), PaintedOptions(2), size_hw=SIZE_HW
    )
    made.begin_known([ShotFrame(0, 1, scenes[0])])
    made.begin_shot(scenes)
    painted = made.paint(scenes[0])
    assert np.array_equal(painted[:, :78], scenes[0][:, :78])
    assert np.array_equal(painted[:, 82:], truth[0][:, 82:])


def test_frames_that_nobody_painted_are_left_out(tmp_path: Path) -> None:
    scenes, truth = painted_film(8)
    folder = painted_folder(tmp_path / "paint", [truth[0], *scenes[1:]], [0, 6])
    frames = painted_frames(str(folder))
    known = [ShotFrame(0, 1, scenes[0]), ShotFrame(6 / 25, 1, scenes[6])]
    made = PaintedStylizer(frames, StyleOptions(), PaintedOptions(1), size_hw=SIZE_HW)
    made.begin_known(known)
    assert [len(shot.known) for shot in made.shots] == [1]
    shutil.copy(folder / frames[1].path.name, folder / frames[0].path.name)
    write_picture(frames[0].path, scenes[0])
    with pytest.raises(UsageError, match="none of the painted frames differs"):
        made.begin_known(known)


def test_a_painting_that_a_program_has_moved_is_laid_right(tmp_path: Path) -> None:
    scenes, truth = painted_film(2)
    shifted = np.roll(truth[0], (-4, 6), (0, 1))
    folder = painted_folder(tmp_path / "paint", [shifted], [0])
    notes: list[str] = []
    made = PaintedStylizer(
        painted_frames(str(folder)), StyleOptions(), PaintedOptions(1), size_hw=SIZE_HW,
        on_note=notes.append,
    )  # fmt: skip
    made.begin_known([ShotFrame(0, 0, scenes[0])])
    laid = made.shots[0].known[0].painting
    assert np.array_equal(laid[8:-8, 8:-8], truth[0][8:-8, 8:-8])
    (note,) = notes
    assert "lies off its frame (6 px right, 4 px up): it is laid right" in note


def test_a_warning_about_a_painting_comes_before_the_film(
    film: tuple[Path, list[Picture], list[Picture]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clip, _, truth = film
    folder = painted_folder(tmp_path / "paint", truth, [3])
    noise = np.random.default_rng(0).integers(0, 256, truth[0].shape).astype(np.uint8)
    write_picture(folder / keyframe_name(1, 5 / 25), noise)
    for more in ([], ["--workers", "1", "--overwrite"]):
        out = ["-o", str(tmp_path / "out" / "%06d.png")]
        assert main([str(clip), "--painted", str(folder), *FEW, "--end", "0.4", *out, *more]) == 0
        assert capsys.readouterr().err.count("has hardly an edge where the film has some") == 1


def test_what_was_learned_is_found_again(tmp_path: Path, cache: Path) -> None:
    scenes, truth = painted_film(4)
    first = stylizer(scenes, truth, tmp_path / "a", [0], 3)
    (kept,) = (cache / "tuned").glob("*.safetensors")
    changed = kept.stat().st_mtime_ns
    again = stylizer(scenes, truth, tmp_path / "b", [0], 3)
    assert np.array_equal(first.paint(scenes[3]), again.paint(scenes[3]))
    assert len(list((cache / "tuned").glob("*.safetensors"))) == 1
    assert kept.stat().st_mtime_ns >= changed
    with pytest.raises(WeightsError):
        load_painted(ROOT / "weights" / "styles" / "ink.safetensors")


def test_a_frame_added_later_is_learned_from_where_it_was_whatever_is_cached(
    tmp_path: Path, cache: Path
) -> None:
    scenes, truth = painted_film(8)
    first = PaintedFrame(0, painted_folder(tmp_path / "a", truth, [0]) / keyframe_name(1, 0))
    path = painted_folder(tmp_path / "b", truth, [6]) / keyframe_name(1, 6 / 25)
    known = [ShotFrame(0, 0, scenes[0]), ShotFrame(6 / 25, 0, scenes[6])]

    def learned(*frames: PaintedFrame) -> tuple[Picture, int]:
        steps: list[Step] = []
        made = PaintedStylizer(
            frames, StyleOptions(), PaintedOptions(6), size_hw=SIZE_HW, on_step=steps.append
        )
        made.begin_known(known[: len(frames)])
        made.use([PaintedShot(made.shots[0].network, ())])
        made.begin_shot([scenes[3]])
        return made.paint(scenes[3]), len(steps)

    later = PaintedFrame(6 / 25, path, round=1)
    alone, taken = learned(first)
    assert taken == 6
    added, taken = learned(first, later)
    assert taken == 3
    assert not np.array_equal(added, alone)
    assert learned(first, later)[1] == 0
    shutil.rmtree(cache)
    anew, taken = learned(first, later)
    assert taken == 9
    assert np.array_equal(anew, added)
    at_once, taken = learned(first, PaintedFrame(6 / 25, path))
    assert taken == 6
    assert not np.array_equal(at_once, added)


def test_each_further_argument_is_a_round(tmp_path: Path) -> None:
    _, truth = painted_film(8)
    one = painted_folder(tmp_path / "a", truth, [0, 2])
    two = painted_folder(tmp_path / "b", truth, [6])
    asked = render_options(["clip.mp4", "--painted", str(one), "--painted", str(two)]).stylizer
    assert isinstance(asked, Painted)
    assert [frame.round for frame in asked.frames] == [0, 0, 1]


@pytest.mark.parametrize(
    "wrong", ["name", "size", "empty", "time", "twice", "style", "nothing", "swapped"]
)
def test_what_cannot_be_is_refused_in_one_line(
    film: tuple[Path, list[Picture], list[Picture]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: str,
) -> None:
    clip, scenes, truth = film
    folder = painted_folder(tmp_path / "paint", truth, [] if wrong == "empty" else [3])
    more: list[str] = []
    if wrong == "name":
        write_picture(folder / "mine.png", truth[0])
    elif wrong == "size":
        write_picture(folder / keyframe_name(1, 0.2), truth[0][:, :80])
    elif wrong == "time":
        more = ["--painted", f"0:09={folder / keyframe_name(1, 3 / 25)}"]
    elif wrong == "twice":
        more = ["--painted", f"0.12={folder / keyframe_name(1, 3 / 25)}"]
    elif wrong == "style":
        more = ["--style", "ink"]
    elif wrong == "nothing":
        write_picture(folder / keyframe_name(1, 3 / 25), scenes[3])
    elif wrong == "swapped":
        write_picture(folder / keyframe_name(1, 3 / 25), truth[20])
        write_picture(folder / keyframe_name(1, 20 / 25), truth[3])
    out = tmp_path / "out" / "%06d.png"
    assert main([str(clip), "--painted", str(folder), *FEW, *more, "-o", str(out)]) in (1, 2)
    error = capsys.readouterr().err.strip().splitlines()[-1]
    expected = {
        "name": "no time in its name",
        "size": "another shape",
        "empty": "no painted frames",
        "time": "no frame then",
        "twice": "both of 0.12 s",
        "style": "either --style or --painted, or both",
        "nothing": "none of the painted frames differs",
        "swapped": "shows what the film shows at 0.8 s, not at 0.12 s",
    }
    assert expected[wrong] in error
    assert not out.parent.exists()


def test_a_still_picture_has_no_frames_to_follow(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(photo), "--painted", f"0={photo}"]) == 2
    assert "--painted is for films" in capsys.readouterr().err
