"""Other people's networks, from ONNX files and PyTorch's example."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers.foreign_networks import WARMER, write_network
from helpers.media_facts import facts
from helpers.places import ROOT
from vidnst.apps.cli.main import main
from vidnst.errors import WeightsError
from vidnst.media.pictures import read_picture
from vidnst.nets.engines.foreign import ForeignEngine
from vidnst.nets.johnson import JohnsonNetwork, load_johnson
from vidnst.options.compute import NetworkRange

CLIP = ROOT / "samples" / "clip.mp4"


@pytest.mark.parametrize("shape", [[1, 3, 224, 224], [1, "h", "w", 3]], ids=["nchw", "nhwc"])
@pytest.mark.parametrize("value_range", list(WARMER))
def test_layout_and_range_are_found_out(
    value_range: NetworkRange, shape: list[Any], tmp_path: Path
) -> None:
    path = write_network(tmp_path / "n.onnx", WARMER[value_range], shape)
    picture = read_picture(ROOT / "samples" / "wave.jpg")[:90, :130]
    found = ForeignEngine(path, "auto", at_once=1).run(picture)
    told = ForeignEngine(path, value_range, at_once=1).run(picture)
    assert found.shape == picture.shape
    assert np.array_equal(found, told)
    assert np.corrcoef(found.ravel(), picture.ravel())[0, 1] > 0.9


def test_a_film_by_a_foreign_network_keeps_its_sound(tmp_path: Path) -> None:
    network = write_network(tmp_path / "warm.onnx", WARMER["0..255"], [1, 3, 224, 224])
    output = tmp_path / "out.mp4"
    arguments = [str(CLIP), "--network", str(network), "--size", "96x54", "-o", str(output)]
    assert main([*arguments, "--quiet"]) == 0
    assert facts(output).frame_count == facts(CLIP).frame_count
    assert facts(output).audio == facts(CLIP).audio


@pytest.mark.parametrize("place", ["initializer", "constant", "branch"])
def test_a_network_whose_weights_lie_in_another_file_is_refused(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import onnx

    path = write_network(tmp_path / "apart.onnx", [("Mul", 2.0)], [1, 3, "h", "w"])
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    (tmp_path / "weights.bin").write_bytes(np.float32(2).tobytes())
    if place != "initializer":
        constant = onnx.helper.make_node("Constant", [], ["c0"], value=tensor)
        del model.graph.initializer[:]
        nodes = [constant, *model.graph.node]
        if place == "branch":
            inner = onnx.helper.make_graph([constant], "inner", [], [])
            nodes = [onnx.helper.make_node("If", ["in"], ["c0"], then_branch=inner), *nodes[1:]]
        del model.graph.node[:]
        model.graph.node.extend(nodes)
    path.write_bytes(model.SerializeToString())
    output = tmp_path / "out.mp4"
    assert main([str(CLIP), "--network", str(path), "-o", str(output)]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1
    assert "keeps its weights in other files (weights.bin)" in told[0]
    assert list(tmp_path.glob("*out*")) == []


def test_state_dicts_of_pytorchs_example_are_read(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = JohnsonNetwork().eval()
    halves = {"first": "1", "second": "2"}

    def as_the_example_names_it(name: str) -> str:
        place, *rest = name.split(".")
        end = rest[-1]
        if place == "down":
            number = int(rest[0]) + 1
            return f"conv{number}.conv2d.{end}" if rest[1] == "1" else f"in{number}.{end}"
        if place == "up":
            number = int(rest[0]) + 1
            return f"deconv{number}.conv2d.{end}" if rest[1] == "1" else f"in{number + 3}.{end}"
        if place == "residual":
            half, part = halves[rest[1]], rest[2]
            inner = f"conv{half}.conv2d" if part == "1" else f"in{half}"
            return f"res{int(rest[0]) + 1}.{inner}.{end}"
        return f"deconv3.conv2d.{end}"

    state = {as_the_example_names_it(name): t for name, t in network.state_dict().items()}
    # Files of its first years hold these as well.
    state["in1.running_mean"] = torch.zeros(32)
    path = tmp_path / "mosaic.pth"
    torch.save(state, path)
    frame = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        expected = (network(frame * 255) / 255).clamp(0, 1)
        assert torch.equal(load_johnson(path)(frame), expected)
    output = tmp_path / "painted.png"
    arguments = [str(ROOT / "samples" / "wave.jpg"), "--network", str(path), "--size", "96"]
    assert main([*arguments, "-o", str(output), "--quiet"]) == 0


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("run",))


def test_files_that_hold_no_network_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"conv1": _Evil()}, tmp_path / "evil.pth")
    (tmp_path / "text.onnx").write_text("no network")
    torch.save({"conv1.conv2d.weight": torch.zeros(1)}, tmp_path / "other.pth")
    write_network(tmp_path / "gray.onnx", WARMER["0..1"], [1, 1, 224, 224])
    for name in ("evil.pth", "text.onnx", "other.pth", "gray.onnx", "gone.onnx", "gone.pth"):
        assert main([str(CLIP), "--network", str(tmp_path / name)]) == 1, name
        told = capsys.readouterr()
        assert "run" not in told.out
        assert re.fullmatch(rf"vidnst: .*{name} .*\n", told.err), told.err
    with pytest.raises(WeightsError):
        load_johnson(tmp_path / "evil.pth")
    assert main([str(CLIP), "--network", str(tmp_path / "a.bin")]) == 2
    assert main([str(CLIP)]) == 2
