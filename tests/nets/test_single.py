"""Networks of a style's own: trained, found by their picture, and mixed with the general one."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from helpers.encoders import teacher
from helpers.pictures import gradient_picture
from helpers.places import ROOT
from vidnst.apps.cli.main import main
from vidnst.errors import TrainingError, WeightsError
from vidnst.frames.frame import Picture
from vidnst.media.pictures import read_picture, read_style, write_picture
from vidnst.nets.losses import palette_loss, tone_loss, tones
from vidnst.nets.network import load_network
from vidnst.nets.single import SingleNetwork, load_single, own_network, trained_for
from vidnst.nets.style_pictures import StylePictures
from vidnst.nets.training.settings import SingleSettings
from vidnst.nets.training.single import train_single
from vidnst.nets.weights import SHA256, shipped_weights
from vidnst.options.built_in import built_in_style
from vidnst.options.styles import StyleOptions
from vidnst.options.text import read_toml
from vidnst.stylizers.fast import FastStylizer

SIZE_HW = (64, 96)
TINY = SingleSettings(
    steps=3, batch=1, size=64, style_size=64, style_low=64, style_high=80, average_decay=0.5
)


@pytest.fixture
def picture() -> Picture:
    return np.random.default_rng(3).integers(0, 256, (80, 100, 3), np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(3):
        write_picture(folder / f"{index}.png", np.roll(gradient_picture(80, 90), 20 * index, 0))
    return folder


def changed_network(share: float) -> SingleNetwork:
    """The general network for a code, its kernels a little different."""
    general = load_network(shipped_weights("fast.safetensors")).requires_grad_(False)
    network = SingleNetwork(general.shape, general.styled(general.code_mean[None]))
    with torch.no_grad():
        network.parts["mix_kernel"] *= 1 + share
    return network


def test_a_style_is_trained_from_the_command_line_and_painted_with(
    picture: Picture, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    style = tmp_path / "style.png"
    write_picture(style, picture)
    teacher().save(tmp_path / "teacher.safetensors")
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in vars(TINY).items()]
    arguments = [
        "train-style", str(style), "--photos", str(photos), "--out", str(tmp_path / "run"),
        "--teacher", str(tmp_path / "teacher.safetensors"), *flags,
    ]  # fmt: skip
    assert main(arguments) == 0
    weights = tmp_path / "run" / "style.safetensors"
    assert capsys.readouterr().out.strip() == str(weights)
    render = [str(photos / "0.png"), "--style", str(style), "--overwrite"]
    painted = []
    for index, more in enumerate(([], ["--weights", str(weights)])):
        assert main([*render, "-o", str(tmp_path / f"{index}.png"), *more]) == 0
        painted.append(read_picture(tmp_path / f"{index}.png"))
    assert not np.array_equal(painted[0], painted[1])
    capsys.readouterr()
    other = ["--style", str(photos / "1.png"), "--weights", str(weights)]
    assert main([str(photos / "0.png"), *other, "-o", str(tmp_path / "2.png")]) == 1
    assert "trained for another style picture" in capsys.readouterr().err


def test_training_goes_on_as_if_never_stopped(
    picture: Picture, photos: Path, tmp_path: Path
) -> None:
    def run(name: str, *, stop_at: int | None = None, start_from: Path | None = None) -> Path:
        def listen(step: object) -> None:
            if stop_at is not None and step.step == stop_at:  # type: ignore[attr-defined]
                raise KeyboardInterrupt

        return train_single(
            TINY, picture, photos=photos, teacher=teacher(), out=tmp_path / name,
            device=torch.device("cpu"), save_every=1, on_step=listen, start_from=start_from,
        )  # fmt: skip

    whole = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("stopped", stop_at=2)
    kernels, resumed, further = (
        load_single(path).parts["mix_kernel"]
        for path in (whole, run("stopped"), run("further", start_from=whole))
    )
    assert torch.equal(kernels, resumed)
    assert not torch.equal(kernels, further)
    changed_network(0.1).save(tmp_path / "other.safetensors", gradient_picture(80, 100))
    with pytest.raises(TrainingError, match="another style picture"):
        run("other", start_from=tmp_path / "other.safetensors")


def test_a_picture_is_known_at_another_size_and_compression(tmp_path: Path) -> None:
    picture = np.asarray(
        cv2.resize(
            np.random.default_rng(1).integers(0, 256, (9, 12, 3), np.uint8),
            (400, 300),
            interpolation=cv2.INTER_CUBIC,
        ),
        np.uint8,
    )
    path = tmp_path / "own.safetensors"
    changed_network(0.1).save(path, picture)
    half = np.asarray(cv2.resize(picture, (200, 150), interpolation=cv2.INTER_AREA), np.uint8)
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    compressed = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    for same in (picture, half, compressed):
        assert trained_for(path, same)
    for other in (picture[::-1], picture[:, :300], 255 - picture, np.full_like(picture, 128)):
        assert not trained_for(path, np.ascontiguousarray(other))


def test_strength_and_mixtures_take_their_share_of_it(picture: Picture, tmp_path: Path) -> None:
    weights = tmp_path / "own.safetensors"
    changed_network(0.5).save(weights, picture)
    stylizer = FastStylizer(picture, StyleOptions(), size_hw=SIZE_HW, weights=weights)
    own = load_single(weights).styled()["mix"].kernel
    torch.testing.assert_close(stylizer.styled()["mix"].kernel, own, atol=1e-5, rtol=1e-3)
    general = FastStylizer(picture, StyleOptions(), size_hw=SIZE_HW).styled()["mix"].kernel
    halfway = stylizer.styled(strength=0.5)["mix"].kernel
    torch.testing.assert_close(halfway, (own + general) / 2, atol=1e-5, rtol=1e-3)
    mixture = StylePictures((picture, 255 - picture), (0.5, 0.5))
    with pytest.raises(WeightsError, match="another style picture"):
        FastStylizer(mixture, StyleOptions(), size_hw=SIZE_HW, weights=weights)
    assert own_network(picture) is None


def squares_of(lightness: torch.Tensor) -> torch.Tensor:
    return lightness.repeat_interleave(8, 2).repeat_interleave(8, 3).expand(1, 3, -1, -1)


OWN = [Path(name).stem for name in SHA256 if name.startswith("styles/")]


@pytest.mark.parametrize("name", OWN)
def test_a_built_in_style_has_a_network_of_its_own(name: str) -> None:
    style = read_style(built_in_style(name))
    own = own_network(style)
    assert own is not None
    paths = {other: shipped_weights(f"styles/{other}.safetensors") for other in OWN}
    assert [other for other, its in paths.items() if trained_for(its, style)] == [name]
    assert paths[name].stat().st_size < 2.5e6
    stylizer = FastStylizer(style, StyleOptions(), size_hw=SIZE_HW)
    kernels = stylizer.styled()["mix"].kernel
    torch.testing.assert_close(kernels, own.styled()["mix"].kernel, atol=1e-5, rtol=1e-3)


def test_styles_of_their_own_are_in_the_wheel() -> None:
    settings = read_toml(ROOT / "pyproject.toml")
    taken = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert taken["weights/styles"] == "vidnst/weights/styles"
    kept = sorted(path.stem for path in (ROOT / "weights" / "styles").iterdir())
    assert kept == sorted(OWN)


def test_other_weights_leave_a_built_in_style_to_them() -> None:
    style = read_style(built_in_style(OWN[0]))
    general = shipped_weights("fast.safetensors")
    plain = FastStylizer(style, StyleOptions(), size_hw=SIZE_HW, weights=general)
    own = FastStylizer(style, StyleOptions(), size_hw=SIZE_HW)
    assert not torch.equal(plain.styled()["mix"].kernel, own.styled()["mix"].kernel)


def test_tones_ask_for_the_style_s_own_lightness() -> None:
    torch.manual_seed(0)
    scene = squares_of(torch.rand(1, 1, 8, 8))
    wanted = torch.linspace(0.2, 0.6, 1000)[None]
    order = tones(scene).argsort(1).argsort(1).float() / 63
    ideal = squares_of((0.2 + 0.4 * order).reshape(1, 1, 8, 8))
    assert float(tone_loss(ideal, scene, wanted)) < 1e-3
    assert float(tone_loss(0.8 - ideal, scene, wanted)) > 0.1


def test_a_palette_is_compared_by_its_colors_alone() -> None:
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 32, 32)
    colors = torch.nn.functional.avg_pool2d(picture, 4).flatten(2).transpose(1, 2)
    rng = np.random.default_rng(0)
    assert float(palette_loss(picture, colors[:, torch.randperm(64)], rng)) < 1e-6
    assert float(palette_loss(picture, colors + 0.1, rng)) > 0.03
