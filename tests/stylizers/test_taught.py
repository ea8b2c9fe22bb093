"""A network taught by paintings of a few frames: which frames, what it learns, how it is called."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.clips import MakeClip
from helpers.pictures import brushwork, gradient_picture
from helpers.taught_stylizer import FEW, SHORT, SIZE_HW, stylizer
from vidnst.apps.cli.main import main
from vidnst.media.pictures import read_picture, write_picture
from vidnst.nets.losses import lattice_energy
from vidnst.nets.step import Step
from vidnst.nets.style_pictures import style_pictures
from vidnst.nets.training.teaching import Lesson, teach
from vidnst.options.optimizing import NeighborOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.looks import save_looks
from vidnst.stylizers.optimized.neighbor import neighbor_encoder
from vidnst.stylizers.taught import TaughtStylizer, lesson_size
from vidnst.stylizers.tuned import RetrievedStylizer


@pytest.mark.parametrize(
    ("size_hw", "lesson_hw"),
    [((72, 96), (72, 96)), ((270, 480), (270, 480)), ((540, 960), (270, 480)),
     ((1080, 1920), (540, 960)), ((16, 4000), (16, 4000))],
)  # fmt: skip
def test_lessons_are_smaller_than_large_frames(
    size_hw: tuple[int, int], lesson_hw: tuple[int, int]
) -> None:
    assert lesson_size(size_hw) == lesson_hw


def test_a_network_learns_what_the_lesson_shows_and_is_repeatable() -> None:
    scene = gradient_picture(64, 64)
    painter = FastStylizer(brushwork(), StyleOptions(), size_hw=(64, 64), dtype=torch.float32)
    network = painter.bake([scene], strength=1.0)
    pixels = torch.from_numpy(scene).permute(2, 0, 1)[None].float() / 255
    lesson = Lesson(pixels, 0.6 + 0.3 * pixels)
    encoder = neighbor_encoder("slim").requires_grad_(False)
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    seen: list[Step] = []

    def learned(steps: int, seed: int) -> torch.Tensor:
        seen.clear()
        taught = teach(
            network, [lesson], style_pictures(brushwork()), encoder, style_side=64, steps=steps,
            seed=seed, dtype=torch.float32, on_step=seen.append,
        )  # fmt: skip
        assert [step.step for step in seen] == list(range(1, steps + 1))
        weight: torch.Tensor = taught.state_dict()["convolutions.mix.weight"]
        return weight

    learned(60, 0)
    assert seen[-1].losses["color"] < 0.5 * seen[0].losses["color"]
    results = [learned(5, seed) for seed in (0, 0, 1)]
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])
    for name, weight in network.state_dict().items():
        assert torch.equal(weight, before[name])


def test_a_lattice_of_the_strides_has_energy_and_what_moves_or_slopes_has_none() -> None:
    ramp = torch.linspace(0, 1, 128).expand(1, 3, 128, 128)
    steps = torch.arange(128)
    for period, most in ((2, None), (4, None), (8, None), (3, 0.1), (7, 0.1), (11, 0.1)):
        wave = 0.02 * torch.sin(2 * torch.pi * (steps / period + 0.1))
        energy = float(lattice_energy(ramp + wave))
        assert energy > 1e-4 if most is None else energy < most * 2e-4
    assert float(lattice_energy(ramp)) < 1e-5
    assert float(lattice_energy(ramp[..., :14])) == 0


def test_lessons_are_painted_then_learned_and_what_was_learned_is_kept(cache: Path) -> None:
    frames = [gradient_picture(*SIZE_HW), brushwork(*SIZE_HW)]
    steps: list[Step] = []
    results = []
    for _ in range(2):
        made = stylizer(steps)
        made.begin_clip(frames)
        results.append(made.paint(frames[0]))
    assert np.array_equal(results[0], results[1])
    told = list(dict.fromkeys(step.doing for step in steps))
    assert told == ["lesson 1 of 2", "lesson 2 of 2", "learning"]
    assert sum(step.doing == "learning" for step in steps) == SHORT.lesson_steps
    assert len(list((cache / "tuned").iterdir())) == 1
    stylizer(steps, replace(SHORT, lesson_steps=1)).begin_clip(frames)
    assert len(list((cache / "tuned").iterdir())) == 2


def test_a_file_paints_with_the_brush_of_the_lessons(tmp_path: Path) -> None:
    """Marks were as large in the lessons as asked for; --brush-size must not count twice."""
    frame, options = gradient_picture(*SIZE_HW), StyleOptions(brush_size=20.0)
    made = TaughtStylizer(
        brushwork(), options, SHORT, size_hw=SIZE_HW, neighbor=NeighborOptions(neighbor_steps=1)
    )
    looks, made_of = made.tuned([frame])
    made.begin_clip([frame])
    save_looks(tmp_path / "taught.safetensors", looks, made_of)
    retrieved = RetrievedStylizer(
        tmp_path / "taught.safetensors", brushwork(), options, size_hw=SIZE_HW
    )
    assert np.array_equal(retrieved.paint(frame), made.paint(frame))


def test_a_film_is_taught_and_a_still_is_painted_by_neighbor(
    make_clip: MakeClip, photo: Path, tmp_path: Path
) -> None:
    style = tmp_path / "style.png"
    write_picture(style, brushwork())
    clip, film = make_clip("clip.mp4"), tmp_path / "film.mp4"
    told = ["--style", str(style), "--quiet"]
    assert main([str(clip), *told, "--stylizer", "tuned", *FEW, "-o", str(film)]) == 0
    assert film.exists()
    stills = [tmp_path / "tuned.png", tmp_path / "neighbor.png"]
    for still in stills:
        few = ["--neighbor-steps", "2"]
        assert main([str(photo), *told, "--stylizer", still.stem, *few, "-o", str(still)]) == 0
    assert np.array_equal(read_picture(stills[0]), read_picture(stills[1]))


@pytest.mark.parametrize(
    ("reason", "arguments"),
    [
        ("--tune-steps is for --stylizer tuned with --teach", ["--tune-steps", "3"]),
        ("--scene is for", ["--teach", "losses", "--scene", "0.5"]),
        ("--fine-style is for", ["--fine-style", "STYLE"]),
        ("--lessons is 17", ["--lessons", "17"]),
        ("--long-term is for", ["--long-term", "1+2"]),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    reason: str, arguments: list[str], photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(photo) if each == "STYLE" else each for each in arguments]
    assert main([str(photo), "--style", str(photo), "--stylizer", "tuned", *given]) == 2
    assert reason in capsys.readouterr().err
