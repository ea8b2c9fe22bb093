"""Tuning a network to a style and a clip: what it gains, what it keeps, how it is called."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.clips import MakeClip
from helpers.commands import devices_handed_on
from helpers.encoders import SMALL_CHANNELS
from helpers.pictures import gradient_picture
from vidnst.apps.cli.main import main
from vidnst.frames.frame import Picture
from vidnst.media.pictures import read_picture, write_picture
from vidnst.nets.bake import BakedNetwork, bake
from vidnst.nets.network import StyleNetwork
from vidnst.nets.shape import NetworkShape
from vidnst.nets.step import Step
from vidnst.nets.style_pictures import StylePictures, style_pictures
from vidnst.nets.training.likeness import judged_layers
from vidnst.nets.training.start import fresh_encoder
from vidnst.nets.training.style_crops import StyleCrops
from vidnst.nets.training.tuning import tune
from vidnst.options.learning import TuneOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.tuned import TunedStylizer

SHORT = TuneOptions(tune_steps=2)


@pytest.fixture
def network() -> BakedNetwork:
    torch.manual_seed(0)
    conditional = StyleNetwork(NetworkShape(8, 12, 16, blocks_deep=1, experts=0), code_length=4)
    styled = conditional.styled(torch.randn(1, 4))
    return bake(conditional.shape, styled, torch.rand(1, 3, 64, 64))


def learned(
    network: BakedNetwork, options: TuneOptions, frames: Sequence[torch.Tensor]
) -> tuple[BakedNetwork, list[Step]]:
    teacher = fresh_encoder(SMALL_CHANNELS, torch.Generator().manual_seed(0)).requires_grad_(False)
    steps: list[Step] = []
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    tuned = tune(
        network,
        style_pictures(noise),
        frames,
        teacher,
        options,
        style_side=64,
        dtype=torch.float32,
        on_step=steps.append,
    )
    return tuned, steps


def frame(height: int = 64, width: int = 72) -> torch.Tensor:
    picture = torch.from_numpy(gradient_picture(height, width))
    return picture.permute(2, 0, 1)[None].float() / 255


def test_tuning_brings_the_style_nearer_and_is_repeatable(network: BakedNetwork) -> None:
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    options = TuneOptions(tune_steps=30, tune_rate=5e-3)
    tuned, steps = learned(network, options, [frame()])
    assert [step.step for step in steps] == list(range(1, 31))
    assert steps[-1].losses["statistics"] < 0.8 * steps[0].losses["statistics"]
    again, _ = learned(network, options, [frame()])
    other, _ = learned(network, replace(options, tune_content_weight=9.0), [frame()])
    for name, weight in tuned.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name])
        assert torch.equal(network.state_dict()[name], before[name])
    assert not torch.equal(
        tuned.convolutions["mix"].get_parameter("weight"),
        other.convolutions["mix"].get_parameter("weight"),
    )


def unsteadiness(network: BakedNetwork) -> float:
    """How much a frame changes that is shifted by half the network's stride."""
    picture = frame(104, 104)
    with torch.inference_mode():
        here, there = network(picture[..., :96, :96]), network(picture[..., 4:100, 4:100])
    return float((here[..., 20:-16, 20:-16] - there[..., 16:-20, 16:-20]).abs().mean())


def test_the_temporal_weight_makes_it_steady(network: BakedNetwork) -> None:
    options = TuneOptions(tune_steps=40, tune_rate=5e-3)
    steady, _ = learned(network, replace(options, tune_temporal_weight=1e3), [frame()])
    careless, _ = learned(network, replace(options, tune_temporal_weight=0.0), [frame()])
    assert unsteadiness(steady) < 0.5 * unsteadiness(careless)


def test_the_bolder_the_less_of_the_scene_is_kept(network: BakedNetwork) -> None:
    lost = []
    for boldness in (0.0, 1.0):
        options = TuneOptions(tune_steps=40, tune_rate=5e-3, boldness=boldness)
        _, steps = learned(network, options, [frame()])
        lost.append(np.mean([step.losses["content"] for step in steps[-10:]]))
    assert lost[1] > 1.1 * lost[0]


def test_each_style_of_a_mixture_has_its_share_of_what_is_shown() -> None:
    """Of colors and tones; and the crops' lower layers are the fine style's."""
    teacher = fresh_encoder(SMALL_CHANNELS, torch.Generator().manual_seed(0)).requires_grad_(False)
    black, white = (np.full((64, 96, 3), value, np.uint8) for value in (0, 255))
    mixed = StylePictures((black, white), (0.25, 0.75))

    def shown(style: StylePictures) -> StyleCrops:
        rng = np.random.default_rng(0)
        return StyleCrops(style, teacher, size=64, sides=(96, 96), rng=rng, dtype=torch.float32)

    crops = shown(mixed)
    assert crops.colors.mean().item() == pytest.approx(0.75, abs=0.01)
    assert crops.sorted_tones.mean().item() == pytest.approx(0.75, abs=0.01)
    assert bool((crops.sorted_tones.diff(dim=1) >= 0).all())
    layers = judged_layers(teacher)
    some = crops.some(40, np.random.default_rng(0))
    alone = [shown(style_pictures(one)).some(1, np.random.default_rng(0)) for one in (black, white)]
    for layer in layers:
        means, (dark, light) = some.moments[layer].mean, (one.moments[layer].mean for one in alone)
        like_light = (means - light).norm(dim=1) < (means - dark).norm(dim=1)
        assert 0.5 < like_light.float().mean() < 1
    fine = shown(replace(style_pictures(black), fine=style_pictures(white)))
    found = fine.some(1, np.random.default_rng(0)).moments
    for index, layer in enumerate(layers):
        assert torch.equal(found[layer].mean, alone[index < 2].moments[layer].mean)


@pytest.mark.parametrize("size_hw", [(40, 48), (32, 400), (424, 800)])
def test_frames_of_any_shape_are_tuned_to(network: BakedNetwork, size_hw: tuple[int, int]) -> None:
    _, steps = learned(network, SHORT, [frame(*size_hw), frame(*size_hw)])
    assert np.isfinite(list(steps[-1].losses.values())).all()


def stylizer(
    style: Path, steps: list[Step], tuning: TuneOptions = SHORT, strength: float = 1.0
) -> TunedStylizer:
    return TunedStylizer(
        read_picture(style),
        StyleOptions(strength=strength),
        tuning,
        size_hw=(72, 96),
        on_step=steps.append,
    )


def painted(style: Path, steps: list[Step], tuning: TuneOptions = SHORT) -> Picture:
    made = stylizer(style, steps, tuning)
    made.begin_clip([gradient_picture(72, 96)])
    return made.paint(gradient_picture(72, 96))


def test_what_was_tuned_is_kept_for_the_next_time(style: Path, cache: Path) -> None:
    steps: list[Step] = []
    first = painted(style, steps)
    assert len(steps) == 2
    assert np.array_equal(painted(style, steps), first)
    assert len(steps) == 2
    painted(style, steps, replace(SHORT, tune_style_weight=9.0))
    assert len(steps) == 4
    if os.name == "posix":
        assert (cache / "tuned").stat().st_mode & 0o777 == 0o700
    files = sorted((cache / "tuned").iterdir())
    assert len(files) == 2
    assert all(file.suffix == ".safetensors" and file.stat().st_size < 4e6 for file in files)
    for file in files:
        file.write_bytes(b"damaged")
    assert np.array_equal(painted(style, steps), first)
    assert len(steps) == 6


def test_a_cache_that_cannot_be_used_is_no_error(style: Path, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    steps: list[Step] = []
    painted(style, steps)
    assert len(steps) == 2


def test_strength_mixes_the_tuned_frame_with_the_source(style: Path) -> None:
    picture = gradient_picture(72, 96)
    results = []
    for strength in (0.0, 0.5, 1.0):
        made = stylizer(style, [], strength=strength)
        made.begin_clip([picture])
        results.append(made.paint(picture).astype(float))
    assert np.array_equal(results[0], picture)
    assert np.abs((results[0] + results[2]) / 2 - results[1]).max() <= 1


def test_tuned_film_from_the_command_and_from_a_file(
    make_clip: MakeClip, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = make_clip("clip.mp4")
    wave = ["--style", str(style)]
    file = tmp_path / "tuned.safetensors"
    few = ["--teach", "losses", "--tune-steps", "2"]
    assert main(["tune", str(clip), *wave, "-o", str(file), *few]) == 0
    assert str(file) in capsys.readouterr().out
    direct, kept = tmp_path / "direct" / "%02d.png", tmp_path / "kept" / "%02d.png"
    assert main([str(clip), *wave, "-o", str(direct), "--stylizer", "tuned", *few]) == 0
    assert main([str(clip), *wave, "-o", str(kept), "--weights", str(file)]) == 0
    for number in range(1, 13):
        first, second = (read_picture(Path(str(path) % number)) for path in (direct, kept))
        assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("command", "teach", "painter"),
    [
        (["tune"], "losses", "tuned.tune"),
        (["--stylizer", "tuned"], "losses", "tuned.tune"),
        (["tune"], "neighbor", "taught.Task"),
    ],
)
def test_it_is_tuned_where_the_device_says(
    command: list[str],
    teach: str,
    painter: str,
    photo: Path,
    style: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / ("tuned.safetensors" if command == ["tune"] else "painted.png")
    arguments = [*command, str(photo), "--style", str(style), "-o", str(file), "--teach", teach]
    devices = devices_handed_on(monkeypatch, f"vidnst.stylizers.{painter}", arguments)
    assert devices == ["cpu", "cuda", "cuda"]


def test_wrong_requests_get_one_line_before_any_work(
    photo: Path, style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.png"
    write_picture(other, gradient_picture(64, 64))
    file, again = tmp_path / "tuned.safetensors", str(tmp_path / "again.safetensors")
    wave = ["--style", str(style)]
    tune_photo = [
        "tune",
        str(photo),
        *wave,
        "-o",
        str(file),
        "--quiet",
        "--teach",
        "losses",
        "--tune-steps",
        "1",
    ]
    assert main(tune_photo) == 0
    weights = ["--weights", str(file)]
    for code, said, arguments in (
        (2, "for --stylizer tuned", [str(photo), *wave, "--tune-steps", "9"]),
        (2, "--tune-steps is 0", [*tune_photo[:-1], "0", "--overwrite"]),
        (1, "exists already", tune_photo),
        (1, "another style", [str(photo), "--style", str(other), *weights]),
        (1, "the source itself", [*tune_photo, "--overwrite", *weights]),
        (2, "tuned already", ["tune", str(photo), *wave, "-o", again, *weights]),
        (2, "--weights is for", [str(photo), *wave, "--stylizer", "gatys", *weights]),
        (2, "ends in .safetensors", ["tune", str(photo), *wave, "-o", str(tmp_path / "a.mp4")]),
        (1, "no such file", ["tune", "nowhere.mp4", *wave]),
        (1, "cannot read weights", [str(photo), *wave, "--weights", str(photo)]),
    ):
        assert main(arguments) == code, arguments
        line = capsys.readouterr().err
        assert said in line
        assert line.count("\n") == 1
