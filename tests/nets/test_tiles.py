"""Large frames are painted in tiles, and nobody can tell."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from helpers.places import ROOT
from helpers.tolerances import assert_alike
from vidnst.frames.frame import Picture
from vidnst.media.pictures import read_style
from vidnst.nets.bake import BakedNetwork
from vidnst.nets.engines import choose
from vidnst.nets.engines.choose import make_engine
from vidnst.nets.engines.tiles import TilingEngine, halo_px, spans
from vidnst.nets.johnson import JohnsonNetwork
from vidnst.nets.network import STRIDE
from vidnst.nets.shape import NetworkShape, layers_of
from vidnst.options.compute import Backend, ComputeOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.foreign import ForeignStylizer

pytestmark = pytest.mark.numeric

STYLE = ROOT / "samples" / "wave.jpg"


def grainy_picture(height: int, width: int) -> Picture:
    """Shapes and grain everywhere: what a tile missed would show."""
    picture = cv2.resize(read_style(STYLE), (width, height)).astype(int)
    picture += np.random.default_rng(0).integers(-30, 30, picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def random_network(shape: NetworkShape) -> BakedNetwork:
    torch.manual_seed(0)
    weights = {}
    for name, layer in layers_of(shape).items():
        fan_in = layer.inputs * layer.size**2
        kernel = torch.randn(layer.outputs, layer.inputs, layer.size, layer.size)
        weights[f"{name}.weight"] = kernel * (2 / fan_in) ** 0.5
        weights[f"{name}.bias"] = torch.zeros(layer.outputs)
    return BakedNetwork(shape, weights).requires_grad_(False)


class _Negative:
    """Stands for an engine, and remembers what it was given."""

    def __init__(self) -> None:
        self.sizes_hw: list[tuple[int, int]] = []

    def run(self, picture: Picture) -> Picture:
        assert picture.flags.c_contiguous
        self.sizes_hw.append((picture.shape[0], picture.shape[1]))
        return 255 - picture


@pytest.mark.parametrize("size_hw", [(616, 904), (344, 1000)])
@pytest.mark.parametrize("backend", ["torch", "openvino", "onnxruntime"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_tiles_paint_what_one_piece_paints(
    dtype: torch.dtype,
    backend: Backend,
    size_hw: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    picture = grainy_picture(*size_hw)
    compute = ComputeOptions(device="cpu", backend=backend)
    stylizer = FastStylizer(read_style(STYLE), StyleOptions(), compute, size_hw=size_hw)
    network = stylizer.bake([picture], strength=1.0)

    def painted(most_pixels: int) -> Picture:
        monkeypatch.setattr(choose, "_PIXELS_ON_CPU", most_pixels)
        return make_engine(network, compute, dtype=dtype, at_once=1).run(picture)

    whole = painted(size_hw[0] * size_hw[1])
    for most_pixels in (300 * 300, 500 * 400):
        assert_alike(painted(most_pixels), whole, dtype)


def test_a_4k_frame_goes_through_tiles_of_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    negative = _Negative()
    monkeypatch.setattr(choose, "_whole_engine", lambda *_, **__: negative)
    frame = grainy_picture(2160, 3840)
    stylizer = FastStylizer(
        read_style(STYLE), StyleOptions(), ComputeOptions(device="cpu"), size_hw=frame.shape[:2]
    )
    stylizer.begin_shot([frame])
    assert np.array_equal(stylizer.paint(frame), 255 - frame)
    assert len(negative.sizes_hw) > 1
    assert len(set(negative.sizes_hw)) == 1
    assert np.prod(negative.sizes_hw[0]) <= 2_500_000


def test_small_frames_stay_in_one_piece() -> None:
    negative = _Negative()
    picture = grainy_picture(360, 640)
    TilingEngine(negative, NetworkShape(), most_pixels=360 * 640).run(picture)
    assert negative.sizes_hw == [(360, 640)]


@pytest.mark.parametrize("blocks_deep", [1, 3])
def test_the_halo_is_as_wide_as_the_network_sees(blocks_deep: int) -> None:
    shape = NetworkShape(8, 8, 8, blocks_deep=blocks_deep)
    network = random_network(shape).double()
    frame = torch.rand(1, 3, 320, 320, dtype=torch.float64, requires_grad=True)
    painted = network(frame)
    reached_px = 0
    for place in range(160, 160 + STRIDE):
        pixel = painted[0, :, place, place].sum()
        (gradient,) = torch.autograd.grad(pixel, frame, retain_graph=True)
        _, rows, columns = gradient[0].nonzero(as_tuple=True)
        for seen in (rows, columns):
            reached_px = max(reached_px, place - int(seen.min()), int(seen.max()) - place)
    assert halo_px(shape) - STRIDE < reached_px <= halo_px(shape)


@pytest.mark.parametrize("side", [8, 96, 200, 616, 1000, 2160, 7680])
def test_spans_keep_each_pixel_once_and_away_from_their_ends(side: int) -> None:
    for parts in range(1, max(1, side // 96) + 1):
        found = spans(side, parts, 96)
        assert len({span.stop - span.start for span in found}) == 1
        kept = [pixel for span in found for pixel in range(span.kept_from, span.kept_to)]
        assert kept == list(range(side))
        for span in found:
            assert span.start % STRIDE == 0
            assert 0 <= span.start < span.stop <= side
            assert span.start == 0 or span.kept_from - span.start >= 96
            assert span.stop == side or span.stop - span.kept_to >= 96


def test_a_foreign_network_sees_the_whole_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its norms are of all pixels; in tiles each would have its own brightness."""
    path = tmp_path / "johnson.pth"
    torch.save(JohnsonNetwork().state_dict(), path)
    picture = grainy_picture(296, 320)
    seen = []
    original = JohnsonNetwork.forward

    def forward(self: JohnsonNetwork, frame: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(frame.shape[2:]))
        return original(self, frame)

    monkeypatch.setattr(JohnsonNetwork, "forward", forward)
    monkeypatch.setattr(choose, "_PIXELS_ON_CPU", 290 * 290)
    compute = ComputeOptions(device="cpu")
    ForeignStylizer(path, StyleOptions(), compute, size_hw=(296, 320)).paint(picture)
    assert seen == [(296, 320)]
