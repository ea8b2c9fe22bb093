"""Shots that look alike share a network; others have one of their own."""

from pathlib import Path

import numpy as np
import pytest

from helpers.clips import MakeClip
from helpers.pictures import brushwork, gradient_picture
from helpers.taught_stylizer import FEW, SIZE_HW, stylizer
from vidnst.apps.cli.main import main
from vidnst.errors import WeightsError
from vidnst.frames.frame import Picture
from vidnst.media.clip import probe
from vidnst.media.decode import decode
from vidnst.media.pictures import write_picture
from vidnst.nets.step import Step
from vidnst.options.learning import TeachOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.looks import Look, grouped, load_looks, look_colors, nearest_look, save_looks
from vidnst.stylizers.taught import TaughtStylizer
from vidnst.stylizers.tuned import RetrievedStylizer

SHORT = TeachOptions(lessons=1, lesson_steps=2)


def day(height: int = SIZE_HW[0], width: int = SIZE_HW[1]) -> Picture:
    return np.asarray(128 + gradient_picture(height, width) // 2, np.uint8)


def night(height: int = SIZE_HW[0], width: int = SIZE_HW[1]) -> Picture:
    return np.asarray(gradient_picture(height, width) // 6, np.uint8)


def looking() -> tuple[TaughtStylizer, list[Step]]:
    steps: list[Step] = []
    return stylizer(steps, SHORT), steps


def test_day_and_night_are_two_looks_and_two_days_are_one() -> None:
    frames = [day(), night(), day()[:, ::-1], night(32, 48)]
    assert grouped(frames, 4) == [[0, 2], [1, 3]]
    assert grouped(frames, 1) == [[0, 1, 2, 3]]
    assert grouped([day()], 4) == [[0]]
    flats = [np.full((8, 8, 3), value, np.uint8) for value in (0, 90, 180, 255, 5)]
    assert grouped(flats, 3) == [[0, 4], [1], [2, 3]]


def test_each_shot_is_painted_by_the_network_of_its_look(cache: Path) -> None:
    made, steps = looking()
    made.begin_clip([day(), night(), day()])
    told = list(dict.fromkeys(step.doing for step in steps))
    assert told == ["lesson 1 of 2", "lesson 2 of 2", "learning 1 of 2", "learning 2 of 2"]
    painted = []
    for shot in (day(), night(), day()):
        made.begin_shot([shot])
        painted.append(made.paint(day()))
    assert np.array_equal(painted[0], painted[2])
    assert not np.array_equal(painted[0], painted[1])
    again, steps = looking()
    again.begin_clip([day(), night(), day()])
    assert not steps
    again.begin_shot([night()])
    assert np.array_equal(again.paint(day()), painted[1])


def test_a_file_holds_all_networks_and_finds_the_one_for_a_shot(tmp_path: Path) -> None:
    made, _ = looking()
    looks, made_of = made.tuned([day(), night()])
    path = tmp_path / "looks.safetensors"
    save_looks(path, looks, made_of)
    kept, metadata = load_looks(path)
    assert metadata.items() >= made_of.items()
    assert len(kept) == 2
    for look, other in zip(looks, kept, strict=True):
        assert np.allclose(look.colors, other.colors)
    made.begin_clip([day(), night()])
    retrieved = RetrievedStylizer(path, brushwork(), StyleOptions(), size_hw=SIZE_HW)
    for shot in (night(), day()):
        for each in (made, retrieved):
            each.begin_shot([shot])
        assert np.array_equal(made.paint(day()), retrieved.paint(day()))


def test_a_damaged_file_of_several_networks_is_refused(tmp_path: Path) -> None:
    made, _ = looking()
    looks, _ = made.tuned([day(), night()])
    path = tmp_path / "looks.safetensors"
    save_looks(path, looks, {"looks": "[[0], [1], [2]]"})
    with pytest.raises(WeightsError, match="holds no network"):
        load_looks(path)


def test_without_frames_it_is_the_first() -> None:
    made, _ = looking()
    looks: list[Look] = made.tuned([day(), night()])[0]
    assert nearest_look(looks, []) is looks[0]
    assert nearest_look(looks, [night()]).colors.tolist() == look_colors([night()]).tolist()


def test_a_film_of_two_looks_comes_out_alike_by_workers_and_from_the_file(
    make_clip: MakeClip, tmp_path: Path
) -> None:
    style = tmp_path / "style.png"
    write_picture(style, brushwork())
    cut = "eq=brightness='if(lt(n,6),0.3,-0.6)':eval=frame"
    clip = make_clip("clip.mp4", "-vf", cut, frames=12)
    told = ["--style", str(style), "--quiet"]
    assert main([str(clip), *told, "--stylizer", "tuned", *FEW, "-o", str(tmp_path / "a.mkv"),
                 "--codec", "ffv1"]) == 0  # fmt: skip
    assert main([str(clip), *told, "--stylizer", "tuned", *FEW, "-o", str(tmp_path / "b.mkv"),
                 "--codec", "ffv1", "--workers", "2"]) == 0  # fmt: skip
    weights = str(tmp_path / "c.safetensors")
    assert main(["tune", str(clip), *told, *FEW, "-o", weights]) == 0
    assert len(load_looks(Path(weights))[0]) == 2
    assert main([str(clip), *told, "--weights", weights, "-o", str(tmp_path / "c.mkv"),
                 "--codec", "ffv1"]) == 0  # fmt: skip
    films = [
        [frame.picture for frame in decode(probe(tmp_path / name))]
        for name in ("a.mkv", "b.mkv", "c.mkv")
    ]
    assert len(films[0]) == 12
    for other in films[1:]:
        assert all(np.array_equal(*pair) for pair in zip(films[0], other, strict=True))
