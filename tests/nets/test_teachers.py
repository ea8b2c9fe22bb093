"""Loss networks: torchvision's VGG-19, and the slim teachers where they are at hand."""

from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import pytest
import torch
import torchvision

from helpers.places import SHARED
from vidnst.apps.cli.main import main
from vidnst.nets.perceptual import load_encoder, torchvision_vgg19

TEACHERS = sorted((SHARED / "teacher").glob("*.safetensors"))


def test_vgg19_without_weights_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def offline(**_: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(torchvision.models, "vgg19", offline)
    arguments = ["train", "--photos", "a", "--paintings", "b", "--teacher", "vgg19"]
    assert main([*arguments, "--out", str(tmp_path / "run")]) == 1
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "vgg19-dcbb9e9d.pth" in line
    assert "checkpoints" in line


def test_vgg19_sees_what_torchvision_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    # Only the part that is used: the classifier behind it would take most of the time.
    vgg = torchvision.models.vgg
    original = SimpleNamespace(features=vgg.make_layers(vgg.cfgs["E"]))
    monkeypatch.setattr(torchvision.models, "vgg19", lambda **_: original)
    x = torch.rand(1, 3, 96, 96)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        ours = torchvision_vgg19()(x, ["relu1_1", "relu3_1"])
        expected = (x - mean[:, None, None]) / std[:, None, None]
        for index, layer in enumerate(original.features[:12]):
            expected = layer(expected)
            if index == 1:
                inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))
                torch.testing.assert_close(ours["relu1_1"][inner], expected[inner])
    inner = (slice(None), slice(None), slice(4, -4), slice(4, -4))
    torch.testing.assert_close(ours["relu3_1"][inner], expected[inner], atol=1e-5, rtol=1e-4)


@pytest.mark.skipif(not TEACHERS, reason="the shared teachers are not on this machine")
@pytest.mark.parametrize("path", TEACHERS, ids=lambda path: path.stem)
def test_teachers_load(path: Path) -> None:
    teacher = load_encoder(path)
    layers = teacher.style_layers
    features = teacher(torch.rand(1, 3, 64, 64), layers)
    slim, full = [16, 32, 64, 128, 128], [64, 128, 256, 512, 512]
    channels = slim if "slim" in path.stem else full
    assert [features[layer].shape[1] for layer in layers] == channels[: len(layers)]
