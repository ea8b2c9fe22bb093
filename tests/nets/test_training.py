"""Training: the same from the same seed, resumed as if never stopped, and readable results."""

import csv
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from helpers.encoders import SMALL_CHANNELS, teacher, teacher_channels
from helpers.pictures import gradient_picture
from helpers.places import ROOT
from vidnst.apps.cli.main import main
from vidnst.errors import TrainingError
from vidnst.media.pictures import read_picture, write_picture
from vidnst.motion.synthetic import camera_noise, make_up_motion
from vidnst.nets.network import load_network
from vidnst.nets.perceptual import PerceptualEncoder, load_encoder
from vidnst.nets.style_code import code_encoder, style_code
from vidnst.nets.training.encoder import distill, train_encoder
from vidnst.nets.training.gradients import teach_gradient
from vidnst.nets.training.pictures import load_squares, random_crops
from vidnst.nets.training.settings import EncoderSettings, TrainingSettings
from vidnst.nets.training.start import fresh_encoder, widened
from vidnst.nets.training.train import train

TINY = TrainingSettings(
    steps=4,
    batch=2,
    size=64,
    style_size=64,
    half_channels=8,
    quarter_channels=8,
    eighth_channels=8,
    blocks_deep=1,
    experts=2,
    hidden=16,
)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    rng = np.random.default_rng(0)
    for kind in ("photos", "paintings"):
        (folder / kind).mkdir()
        for index in range(8):
            picture = np.roll(gradient_picture(80, 90), rng.integers(0, 80), 0)
            write_picture(folder / kind / f"{index}.png", picture)
    teacher().save(folder / "teacher.safetensors")
    return folder


def run(material: Path, out: Path, settings: TrainingSettings = TINY, **options: Any) -> Path:
    return train(
        settings,
        photos=material / "photos",
        paintings=[material / "paintings"],
        teachers=[teacher()],
        out=out,
        device=torch.device("cpu"),
        **options,
    )


def test_a_run_leaves_weights_losses_and_a_sheet(material: Path, tmp_path: Path) -> None:
    weights = run(material, tmp_path / "run")
    frame = torch.rand(1, 3, 32, 32)
    network = load_network(weights)
    assert network(frame, style_code(code_encoder(), frame)).shape == frame.shape
    rows = list(csv.DictReader((tmp_path / "run" / "losses.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["0", "3"]
    assert all(float(row["total"]) > 0 for row in rows)
    assert read_picture(tmp_path / "run" / "sheet.png").shape == (7 * 192, 7 * 192, 3)
    assert json.loads((tmp_path / "run" / "settings.json").read_text())["steps"] == 4


def test_resumed_training_equals_uninterrupted_training(material: Path, tmp_path: Path) -> None:
    whole = load_file(run(material, tmp_path / "whole"))

    class Killed(Exception):
        pass

    def stop_at_three(event: object) -> None:
        if event.step == 3:  # type: ignore[attr-defined]
            raise Killed

    with pytest.raises(Killed):
        train(
            TINY,
            photos=material / "photos",
            paintings=[material / "paintings"],
            teachers=[teacher()],
            out=tmp_path / "cut",
            device=torch.device("cpu"),
            save_every=2,
            on_step=stop_at_three,
        )
    resumed = load_file(run(material, tmp_path / "cut"))
    rows = (tmp_path / "cut" / "losses.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["0", "3"]
    assert all(torch.equal(resumed[key], whole[key]) for key in whole)


def test_another_seed_gives_another_network(material: Path, tmp_path: Path) -> None:
    first = load_file(run(material, tmp_path / "a"))
    second = load_file(run(material, tmp_path / "b", replace(TINY, seed=1)))
    assert not torch.equal(first["kernels.mix"], second["kernels.mix"])


def test_other_settings_do_not_continue_a_run(material: Path, tmp_path: Path) -> None:
    run(material, tmp_path / "run")
    with pytest.raises(TrainingError, match="other settings"):
        run(material, tmp_path / "run", replace(TINY, rate=0.1))


def test_a_run_begins_with_the_weights_it_is_given(material: Path, tmp_path: Path) -> None:
    first = run(material, tmp_path / "first")
    more = replace(TINY, steps=1, rate=1e-9)
    went_on = load_file(run(material, tmp_path / "more", more, start_from=first))
    for name, weight in load_file(first).items():
        torch.testing.assert_close(went_on[name], weight, rtol=2e-3, atol=1e-4)
    with pytest.raises(TrainingError, match="another shape"):
        run(material, tmp_path / "other", replace(more, hidden=8), start_from=first)


def test_the_command_trains_from_folders(
    material: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [f"--{k.replace('_', '-')}={v}" for k, v in TINY.__dict__.items()]
    arguments = [
        "train", "--photos", str(material / "photos"), "--paintings", str(material / "paintings"),
        "--teacher", str(material / "teacher.safetensors"), "--out", str(tmp_path / "run"), *flags,
    ]  # fmt: skip
    assert main(arguments) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "run" / "network.safetensors")
    assert main([*arguments, "--size", "70"]) == 1
    assert main([*arguments[:2], "nowhere", *arguments[3:]]) == 1
    assert main([*arguments, "--device", "warp"]) == 2


def test_settings_come_from_a_file_and_flags_go_before_it(
    material: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(asdict(TINY)))
    arguments = [
        "train", "--photos", str(material / "photos"), "--paintings", str(material / "paintings"),
        "--teacher", str(material / "teacher.safetensors"), "--out", str(tmp_path / "run"),
        "--settings", str(file),
    ]  # fmt: skip
    assert main([*arguments, "--steps", "2"]) == 0
    used = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert used == asdict(replace(TINY, steps=2))
    for wrong in ('{"stepz": 3}', '{"steps": "many"}', "no json", "[]"):
        file.write_text(wrong)
        capsys.readouterr()
        assert main(arguments) == 2
        line = capsys.readouterr().err
        assert "holds no settings" in line
        assert line.count("\n") == 1


def test_the_shipped_networks_settings_are_the_defaults() -> None:
    settings = json.loads((ROOT / "weights" / "fast.json").read_text())
    assert settings == asdict(TrainingSettings())


def test_training_needs_only_what_a_bare_gpu_machine_has() -> None:
    lacking = (
        "av",
        "torchvision",
        "ffmpeg",
        "imageio_ffmpeg",
        "scenedetect",
        "matplotlib",
        "platformdirs",
    )
    code = (
        f"import sys\nsys.modules.update(dict.fromkeys({lacking}))\n"
        "from vidnst.nets.training import encoder, train\nfrom vidnst.apps.cli.main import main\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_made_up_motion_warps_as_its_grid_says() -> None:
    motion = make_up_motion(2, 64, np.random.default_rng(0))
    y, x = torch.meshgrid(torch.linspace(-1, 1, 65), torch.linspace(-1, 1, 65), indexing="ij")
    centers = torch.stack([x, y])[None, :, :-1, :-1] + 1 / 64
    seen = motion.warp(centers.expand(2, -1, -1, -1))
    inside = motion.visible.bool().expand_as(seen)
    error = (seen - motion.grid.permute(0, 3, 1, 2)).abs()[inside]
    assert error.max() < 1e-4
    assert 0.7 < motion.visible.mean() <= 1


def test_camera_noise_is_small_and_seeded() -> None:
    frames = torch.full((2, 3, 32, 32), 0.5)
    first, second = (
        camera_noise(frames, np.random.default_rng(1), torch.Generator().manual_seed(1))
        for _ in range(2)
    )
    assert torch.equal(first, second)
    assert 0 < (first - frames).std() < 0.05


def test_squares_are_centered_and_unreadable_pictures_left_out(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", gradient_picture(40, 80))
    (tmp_path / "b.png").write_text("no picture")
    squares = load_squares(tmp_path, 40)
    assert squares.shape == (1, 3, 40, 40)
    expected = torch.from_numpy(gradient_picture(40, 80)[:, 20:60].copy()).permute(2, 0, 1)
    assert torch.equal(squares[0], expected)
    crops = random_crops(squares, np.array([0, 0]), 32, np.random.default_rng(0))
    assert crops.shape == (2, 3, 32, 32)
    near = random_crops(squares, np.array([0]), 64, np.random.default_rng(0), spans=(0.5, 2.0))
    assert near.shape == (1, 3, 64, 64)
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        archive.add(tmp_path / "a.png", "deep/a.png")
        archive.add(tmp_path / "b.png", "b.png")
        archive.add(Path(__file__), "notes.txt")
    assert torch.equal(load_squares(tmp_path / "all.tar", 40), squares)
    (tmp_path / "a.png").unlink()
    with pytest.raises(TrainingError, match="no readable picture"):
        load_squares(tmp_path, 40)


TINY_ENCODER = EncoderSettings(
    steps=4, batch=4, size=32, gradient_steps=4, gradient_batch=2, gradient_size=32
)


def encode(
    material: Path, out: Path, on_step: Callable[[int, float], None] = lambda step, loss: None
) -> Path:
    return train_encoder(
        TINY_ENCODER,
        photos=material / "photos",
        paintings=[material / "paintings"],
        teachers=[teacher()],
        out=out,
        device=torch.device("cpu"),
        save_every=2,
        on_step=on_step,
    )


@pytest.mark.parametrize("last", [3, 7])
def test_an_encoder_that_was_stopped_comes_out_as_if_never_stopped(
    last: int, material: Path, tmp_path: Path
) -> None:
    """Stopped while it learned what the teacher sees, or while it learned the gradient."""
    whole = load_file(encode(material, tmp_path / "whole"))
    assert load_encoder(tmp_path / "whole" / "encoder.safetensors").layer_names[-1] == "relu4_3"

    def stop(step: int, loss: float) -> None:
        if step == last:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode(material, tmp_path / "stopped", stop)
    steps: list[int] = []
    resumed = load_file(
        encode(material, tmp_path / "stopped", lambda step, loss: steps.append(step))
    )
    assert steps == list(range(last - 1, 8))
    for name, weight in whole.items():
        torch.testing.assert_close(resumed[name], weight, rtol=0, atol=0)


def test_an_encoder_learns_its_teachers_gradient(material: Path) -> None:
    losses: list[float] = []
    squares = [load_squares(material / kind, 80) for kind in ("photos", "paintings")]
    encoder = fresh_encoder(teacher_channels(), torch.Generator().manual_seed(1))
    settings = EncoderSettings(gradient_steps=40, gradient_size=32, gradient_rate=3e-3)
    teach_gradient(
        encoder,
        squares,
        teacher().requires_grad_(False),
        settings,
        device=torch.device("cpu"),
        on_step=lambda step, loss: losses.append(loss),
    )
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


def test_a_widened_encoder_sees_what_it_saw() -> None:
    narrow = teacher()
    wider = {name: 2 * count for name, count in teacher_channels().items()}
    wide = widened(narrow, wider, torch.Generator().manual_seed(2))
    picture = torch.rand(1, 3, 32, 48)
    before, after = (each(picture, ["relu2_1", "relu4_3"]) for each in (narrow, wide))
    for layer, features in before.items():
        torch.testing.assert_close(after[layer][:, : features.shape[1]], features)
    with pytest.raises(TrainingError, match="conv1_1"):
        widened(wide, teacher_channels(), torch.Generator())


def test_distilling_learns(material: Path) -> None:
    losses: list[float] = []
    squares = [load_squares(material / kind, 80) for kind in ("photos", "paintings")]
    settings = EncoderSettings(steps=60, batch=4, size=32)
    distill(
        SMALL_CHANNELS,
        squares,
        [teacher().requires_grad_(False)],
        settings,
        device=torch.device("cpu"),
        on_step=lambda step, loss: losses.append(loss),
    )
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_the_encoder_command_refuses_a_folder_of_other_settings(
    material: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "train-encoder", "--photos", str(material / "photos"),
        "--paintings", str(material / "paintings"),
        "--teacher", str(material / "teacher.safetensors"), "--out", str(tmp_path / "run"),
        "--batch", "2", "--size", "32", "--gradient-size", "32", "--gradient-steps", "1",
    ]  # fmt: skip
    assert main([*arguments, "--steps", "1"]) == 0
    assert capsys.readouterr().out.strip().endswith("encoder.safetensors")
    assert main([*arguments, "--steps", "2"]) == 1
    assert "other settings" in capsys.readouterr().err
    assert main([*arguments, "--size", "40"]) == 1
    assert "multiple of 16" in capsys.readouterr().err
    trained = str(tmp_path / "run" / "encoder.safetensors")
    arguments[arguments.index("--out") + 1] = str(tmp_path / "on")
    assert main([*arguments, "--start-from", trained]) == 0
    assert not (tmp_path / "on" / "checkpoint.pt").exists()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU on this machine")
def test_training_runs_on_a_gpu(material: Path, tmp_path: Path) -> None:
    weights = train(
        TINY,
        photos=material / "photos",
        paintings=[material / "paintings"],
        teachers=[PerceptualEncoder(teacher().weights())],
        out=tmp_path / "run",
        device=torch.device("cuda"),
    )
    assert load_network(weights).shape.half_channels == 8
