"""The networks: what baking, reading and blending promise."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers.encoders import SMALL_CHANNELS
from helpers.pictures import gradient_picture
from helpers.places import ROOT
from vidnst.errors import WeightsError
from vidnst.media.clip import probe
from vidnst.media.decode import sample
from vidnst.media.pictures import read_picture
from vidnst.nets.bake import bake, load_baked
from vidnst.nets.channels_last import (
    averaged,
    depth_to_space,
    doubled,
    instance_norm,
    reflect,
    space_to_depth,
)
from vidnst.nets.fusion import fused_convolution, fuses
from vidnst.nets.losses import (
    content_loss,
    cosine_distance,
    moments,
    self_similarity_loss,
    style_loss,
    temporal_loss,
)
from vidnst.nets.network import (
    StyleNetwork,
    finished,
    load_network,
)
from vidnst.nets.perceptual import PerceptualEncoder, load_encoder
from vidnst.nets.shape import NetworkShape
from vidnst.nets.training.start import fresh_encoder
from vidnst.nets.weights import SHA256, shipped_weights
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer

pytestmark = pytest.mark.numeric

CODE_LENGTH = 10
SAMPLES = ROOT / "samples"


@pytest.fixture
def network() -> StyleNetwork:
    torch.manual_seed(0)
    shape = NetworkShape(8, 12, 16, blocks_before=1, blocks_deep=2, blocks_after=1, experts=3)
    network = StyleNetwork(shape, code_length=CODE_LENGTH).requires_grad_(False).eval()
    for experts in network.experts.values():
        experts.normal_(0, 0.1)  # They start at zero.
    return network


@pytest.fixture
def picture() -> np.ndarray:
    return gradient_picture(72, 96)


def test_baked_network_equals_the_conditional_one(network: StyleNetwork) -> None:
    frame, code = torch.rand(1, 3, 40, 56), torch.randn(1, CODE_LENGTH)
    baked = bake(network.shape, network.styled(code), frame)
    torch.testing.assert_close(baked(frame), network(frame, code), atol=1e-5, rtol=1e-4)


def test_each_style_has_kernels_of_its_own(network: StyleNetwork) -> None:
    frames, codes = torch.rand(3, 3, 32, 40), torch.randn(2, CODE_LENGTH)
    together = network(frames, codes, [2, 1])
    apart = [network(frames[i : i + 1], codes[i // 2 : i // 2 + 1]) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(apart), atol=1e-5, rtol=1e-4)
    first, second = network.modulations(codes)["mix"].shares
    kernels = network.mixed("mix", torch.stack([first, second]))
    assert not torch.allclose(kernels[0], kernels[1])


def test_baked_network_holds_no_norm(network: StyleNetwork) -> None:
    styled = network.styled(torch.randn(1, CODE_LENGTH))
    baked = bake(network.shape, styled, torch.rand(2, 3, 40, 56))
    assert {type(m) for m in baked.modules() if not list(m.children())} == {torch.nn.Conv2d}


def test_baked_network_paints_tiles_as_the_whole(network: StyleNetwork) -> None:
    frame = torch.rand(1, 3, 64, 512)
    baked = bake(network.shape, network.styled(torch.randn(1, CODE_LENGTH)), frame)
    whole = baked(frame)
    left = baked(frame[..., :384])[..., :256]
    right = baked(frame[..., 128:])[..., 128:]
    torch.testing.assert_close(torch.cat([left, right], 3), whole, atol=1e-5, rtol=1e-4)


def test_reflection_is_torchs_and_so_is_its_gradient() -> None:
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64, requires_grad=True)
    ours, theirs = reflect(x), F.pad(x, (1, 1, 1, 1), mode="reflect")
    assert torch.equal(ours, theirs)
    weights = torch.randn_like(ours)
    torch.testing.assert_close(
        *(torch.autograd.grad(padded, x, weights)[0] for padded in (ours, theirs))
    )


@pytest.mark.parametrize(("size_hw", "side"), [((12, 8), 2), ((9, 13), 2), ((13, 10), 4)])
def test_averaging_is_torchs_and_so_are_its_gradients(size_hw: tuple[int, int], side: int) -> None:
    x = torch.randn(2, 3, *size_hw, dtype=torch.float64, requires_grad=True)
    ours, theirs = averaged(x, side), F.avg_pool2d(x, side)
    assert torch.equal(ours, theirs)
    towards = torch.randn_like(ours)
    (a,), (b,) = (torch.autograd.grad(y, x, towards) for y in (ours, theirs))
    assert torch.equal(a, b)
    # train-encoder differentiates the gradient.
    assert torch.autograd.gradgradcheck(lambda y: averaged(y, side), (x,))


def test_cosine_distance_is_torchs_and_so_is_its_gradient() -> None:
    features = torch.randn(50, 40, 8, dtype=torch.float64, requires_grad=True)
    mean, share = torch.randn(8, dtype=torch.float64), torch.rand(50, 40, dtype=torch.float64)
    units = F.normalize(torch.randn_like(features), dim=2)
    ours = cosine_distance(features, mean, units, share)
    theirs = (share * (1 - F.cosine_similarity(features - mean, units, dim=2))).sum()
    torch.testing.assert_close(ours, theirs)
    (a,), (b,) = (torch.autograd.grad(3 * y, features) for y in (ours, theirs))
    torch.testing.assert_close(a, b)


def test_pixels_go_into_channels_and_back() -> None:
    x = torch.rand(2, 3, 6, 8)
    deep = space_to_depth(x)
    assert deep.shape == (2, 12, 3, 4)
    assert torch.equal(deep[:, 3:6, 1, 2], x[:, :, 2, 5])
    assert torch.equal(depth_to_space(deep), x)


@pytest.mark.parametrize("rectify", [False, True])
@pytest.mark.parametrize("add", [False, True])
def test_fused_convolutions_are_the_plain_ones(add: bool, rectify: bool) -> None:
    if not fuses(torch.float32):
        pytest.skip("this torch has no fused convolution")
    convolution = torch.nn.Conv2d(16, 32, 3, stride=2).requires_grad_(False)
    x = torch.rand(1, 16, 9, 11)
    plus = torch.randn(1, 32, 4, 5) if add else None
    torch.testing.assert_close(
        fused_convolution(x, convolution, plus=plus, rectify=rectify),
        finished(convolution(x), plus, rectify),
    )


def test_doubling_is_bilinear() -> None:
    x = torch.rand(2, 3, 5, 4)
    expected = F.interpolate(x, scale_factor=2.0, mode="bilinear")
    torch.testing.assert_close(doubled(x), expected)
    torch.testing.assert_close(doubled(x.requires_grad_()), expected)


def test_instance_norm_equals_torchs_and_so_does_its_gradient() -> None:
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64, requires_grad=True)
    scale, shift = torch.randn(2, 2, 3, dtype=torch.float64, requires_grad=True)
    ours = instance_norm(x, scale, shift)
    theirs = F.instance_norm(x) * scale[..., None, None] + shift[..., None, None]
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    weights = torch.randn_like(ours)
    for a, b in zip(
        torch.autograd.grad(ours, (x, scale, shift), weights),
        torch.autograd.grad(theirs, (x, scale, shift), weights),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


def test_saved_networks_come_back(network: StyleNetwork, tmp_path: Path) -> None:
    path = tmp_path / "n.safetensors"
    network.save(path)
    frame, code = torch.rand(1, 3, 32, 32), torch.randn(1, CODE_LENGTH)
    expected = network(frame, code)
    torch.testing.assert_close(load_network(path)(frame, code), expected, atol=0.01, rtol=0)
    with pytest.raises(WeightsError, match="no network for one style"):
        load_baked(path)
    bake(network.shape, network.styled(code), frame).save(path, {"made": "here"})
    baked, metadata = load_baked(path)
    assert metadata["made"] == "here"
    torch.testing.assert_close(baked(frame), expected, atol=0.01, rtol=0)
    with pytest.raises(WeightsError, match="no network for any style"):
        load_network(path)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.safetensors"
    path.write_bytes(b"\0" * 100)
    for load in (load_network, load_encoder):
        with pytest.raises(WeightsError, match=r"n\.safetensors"):
            load(path)
        with pytest.raises(WeightsError, match="missing"):
            load(tmp_path / "missing.safetensors")


def test_shipped_weights_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shipped_weights("fast.safetensors").stat().st_size < 10e6
    monkeypatch.setitem(SHA256, "fast.safetensors", "0" * 64)
    with pytest.raises(WeightsError, match="not the shipped ones"):
        shipped_weights("fast.safetensors")


def test_encoder_names_its_layers_and_halves_between_blocks() -> None:
    reader = fresh_encoder(SMALL_CHANNELS, torch.Generator().manual_seed(0))
    features = reader(torch.rand(1, 3, 32, 48), ["relu1_1", "relu2_2", "relu4_1"])
    assert {name: tuple(f.shape[1:]) for name, f in features.items()} == {
        "relu1_1": (16, 32, 48),
        "relu2_2": (32, 16, 24),
        "relu4_1": (128, 4, 6),
    }
    with pytest.raises(WeightsError, match="relu5_1"):
        reader(torch.rand(1, 3, 32, 32), ["relu5_1"])


def test_average_pooling_differs_from_max_and_survives_saving(tmp_path: Path) -> None:
    reader = fresh_encoder(SMALL_CHANNELS, torch.Generator().manual_seed(0))
    x = torch.rand(1, 3, 32, 32)
    mine = reader(x, ["relu2_1"])["relu2_1"]
    other = PerceptualEncoder(reader.weights(), pooling="max")(x, ["relu2_1"])["relu2_1"]
    assert not torch.allclose(mine, other)
    reader.save(tmp_path / "r.safetensors")
    again = load_encoder(tmp_path / "r.safetensors")(x, ["relu2_1"])["relu2_1"]
    torch.testing.assert_close(again, mine)


def test_moments_are_mean_and_covariance() -> None:
    features = torch.randn(2, 3, 7, 5)
    m = moments(features)
    torch.testing.assert_close(m.mean[1], features[1].flatten(1).mean(1))
    expected = torch.cov(features[1].flatten(1), correction=0)
    torch.testing.assert_close(m.covariance[1], expected, atol=1e-5, rtol=1e-5)


def test_losses_are_zero_on_equals_and_known_elsewhere() -> None:
    features = torch.rand(2, 4, 6, 6)
    same = {"relu1_1": moments(features)}
    assert [float(loss) for loss in style_loss(same, same)] == [0, 0]
    doubled = {"relu1_1": moments(2 * features)}
    means, covariances = style_loss(doubled, same)
    assert float(means) == pytest.approx(1, abs=0.01)
    assert float(covariances) == pytest.approx(3, abs=0.05)
    assert float(content_loss(3 * features + 1, features)) == pytest.approx(0, abs=1e-4)
    stripes = torch.zeros(1, 1, 4, 4)
    stripes[..., ::2] = 1
    assert float(self_similarity_loss(3 * features[0], features[0])) == pytest.approx(0, abs=1e-5)
    halves = torch.zeros(2, 2, 2)
    halves[0, 0] = halves[1, 1] = 1
    # Of four places each is unlike two; turned by a quarter, unlike one of these and one other.
    assert float(self_similarity_loss(halves, halves.transpose(1, 2))) == pytest.approx(1)
    visible = torch.zeros(1, 1, 4, 4)
    visible[..., :2, :] = 1
    assert float(temporal_loss(stripes, 1 - stripes, visible)) == 0.5


def test_strength_goes_from_the_source_to_the_style(picture: np.ndarray, style: Path) -> None:
    distances = []
    for strength in (0, 0.25, 0.5, 0.75, 1):
        stylizer = FastStylizer(
            read_picture(style), StyleOptions(strength=strength), size_hw=picture.shape[:2]
        )
        stylizer.begin_shot([picture])
        distances.append(np.abs(stylizer.paint(picture).astype(int) - picture).mean())
    assert distances[0] == 0
    assert distances == sorted(distances)
    assert distances[-1] > 10


@pytest.mark.parametrize("size_hw", [(72, 96), (71, 97), (17, 33)])
@pytest.mark.parametrize("brush_size", [None, 3, 20])
def test_any_size_comes_out_as_it_went_in(
    size_hw: tuple[int, int], brush_size: float | None, style: Path
) -> None:
    picture = gradient_picture(*size_hw)
    options = StyleOptions(brush_size=brush_size)
    stylizer = FastStylizer(read_picture(style), options, size_hw=size_hw)
    stylizer.begin_shot([picture])
    assert stylizer.paint(picture).shape == picture.shape


@pytest.mark.parametrize("name", ["oil", "ink"])
def test_bfloat16_paints_like_float32(name: str) -> None:
    """By the network for any style: its statistics of a film's frame and of a style, both read."""
    scene = sample(probe(SAMPLES / "clip.mp4"), 1, size_hw=(180, 320))[0]
    style = read_picture(SAMPLES / "styles" / f"{name}.jpg", long_side=320)
    painted = []
    for dtype in (torch.float32, torch.bfloat16):
        stylizer = FastStylizer(
            style,
            StyleOptions(),
            size_hw=scene.shape[:2],
            weights=shipped_weights("fast.safetensors"),
            dtype=dtype,
        )
        stylizer.begin_shot([scene])
        painted.append(stylizer.paint(scene).astype(float))
    assert np.sqrt(np.square(painted[0] - painted[1]).mean()) < 2


def test_painting_one_frame_does_not_change_the_next(picture: np.ndarray, style: Path) -> None:
    stylizer = FastStylizer(read_picture(style), StyleOptions(), size_hw=picture.shape[:2])
    stylizer.begin_shot([picture])
    first = stylizer.paint(picture)
    stylizer.paint(np.zeros_like(picture))
    assert np.array_equal(stylizer.paint(picture), first)
