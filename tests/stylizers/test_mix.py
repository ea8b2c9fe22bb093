"""Several styles in one frame: what mixing networks by weights promises."""

import numpy as np
import pytest
import torch

from helpers.known_motion import texture
from helpers.pictures import gradient_picture
from helpers.places import ROOT
from vidnst.frames.frame import Picture, Weights
from vidnst.frames.shares import all_painted
from vidnst.media.pictures import read_style
from vidnst.nets.engines import choose
from vidnst.options.compute import ComputeOptions
from vidnst.options.styles import StyleOptions
from vidnst.stylizers.fast import FastStylizer
from vidnst.stylizers.mixed import MixedNetwork, MixingEngine, MixingStylizer

SIZE_HW = (120, 200)
BY_TORCH = ComputeOptions(device="cpu", backend="torch")


@pytest.fixture(scope="module")
def source() -> Picture:
    return texture(*SIZE_HW, 5)


@pytest.fixture(scope="module")
def parts() -> list[FastStylizer]:
    styles = [read_style(ROOT / "samples" / "wave.jpg"), texture(300, 300, 8)]
    return [
        FastStylizer(style, StyleOptions(), BY_TORCH, size_hw=SIZE_HW, dtype=torch.float32)
        for style in styles
    ]


@pytest.fixture(scope="module")
def mixing(parts: list[FastStylizer], source: Picture) -> MixingStylizer:
    mixing = MixingStylizer(parts, StyleOptions(), BY_TORCH, size_hw=SIZE_HW, dtype=torch.float32)
    mixing.begin_clip([source])
    mixing.begin_shot([source])
    return mixing


@pytest.fixture(scope="module")
def alone(parts: list[FastStylizer], source: Picture) -> list[Picture]:
    """The source in each style."""
    for part in parts:
        part.begin_shot([source])
    return [part.paint(source) for part in parts]


def spread(first: float, second: float) -> Weights:
    return np.array([first, second], np.float32).reshape(2, 1, 1)


def halves() -> Weights:
    """The first style left of the middle, the second right of it."""
    left = np.zeros(SIZE_HW, np.float32)
    left[:, : SIZE_HW[1] // 2] = 1
    return np.stack([left, 1 - left])


def apart(a: Picture, b: Picture) -> int:
    return int(np.abs(a.astype(int) - b).max())


def test_all_weight_on_one_style_is_that_style(
    mixing: MixingStylizer, alone: list[Picture], source: Picture
) -> None:
    assert apart(mixing.paint(source, spread(1, 0)), alone[0]) == 0
    assert apart(mixing.paint(source, spread(0, 1)), alone[1]) == 0
    assert apart(mixing.paint(source), alone[0]) == 0
    assert apart(alone[0], alone[1]) > 50


def test_no_weight_at_all_is_the_source_itself(mixing: MixingStylizer, source: Picture) -> None:
    assert np.array_equal(mixing.paint(source, spread(0, 0)), source)
    weights = halves()
    weights[1] = 0
    painted = mixing.paint(source, weights)
    assert np.array_equal(painted[:, SIZE_HW[1] // 2 :], source[:, SIZE_HW[1] // 2 :])


def test_half_of_a_style_is_half_of_it_over_the_source(
    mixing: MixingStylizer, alone: list[Picture], source: Picture
) -> None:
    half = mixing.paint(source, spread(0.5, 0))
    assert apart(half, ((alone[0].astype(int) + source) // 2).astype(np.uint8)) <= 1


def test_even_weights_are_the_mean_of_the_kernels(mixing: MixingStylizer, source: Picture) -> None:
    uneven = np.broadcast_to(spread(0.3, 0.7), (2, *SIZE_HW)).copy()
    uneven[:, 0, 0] = 0.31, 0.69  # So that it is mixed layer by layer.
    assert (
        apart(
            mixing.paint(source, uneven)[40:, 40:], mixing.paint(source, spread(0.3, 0.7))[40:, 40:]
        )
        <= 1
    )


def test_each_half_is_in_its_own_style_away_from_the_border(
    mixing: MixingStylizer, alone: list[Picture], source: Picture
) -> None:
    painted = mixing.paint(source, halves())
    first, second = (np.abs(painted.astype(int) - other).mean((0, 2)) for other in alone)
    assert first[:20].max() < 1
    assert second[-20:].max() < 1


def test_features_are_mixed_where_the_weights_say(parts: list[FastStylizer]) -> None:
    frames = torch.rand(1, 3, 64, 512)
    networks = [part.bake([texture(*SIZE_HW, 5)], strength=1.0) for part in parts]
    weights = torch.zeros(2, 64, 512)
    weights[0, :, :256], weights[1, :, 256:] = 1, 1
    with torch.inference_mode():
        mixed = MixedNetwork(networks)(frames, weights)
        first, second = (network(frames) for network in networks)
    torch.testing.assert_close(mixed[..., :100], first[..., :100], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(mixed[..., -100:], second[..., -100:], atol=1e-4, rtol=1e-3)


def test_mixing_in_tiles_is_mixing_in_one_piece(
    parts: list[FastStylizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = gradient_picture(96, 640)
    networks = [part.bake([texture(*SIZE_HW, 5)], strength=1.0) for part in parts]
    mixing = MixingEngine(networks, BY_TORCH, dtype=torch.float32, at_once=1)
    across = np.linspace(0, 1, 640, dtype=np.float32)[None].repeat(96, 0)
    weights = np.stack([across, 1 - across])
    whole = mixing.run(source, weights)
    monkeypatch.setattr(choose, "_PIXELS_ON_CPU", 640 * 96 - 1)
    assert apart(mixing.run(source, weights), whole) <= 1


def test_shares_are_filled_in_where_nothing_is_painted() -> None:
    weights = np.zeros((2, 4, 4), np.float32)
    weights[0, :2], weights[1, 2:3] = 0.5, 1
    filled = all_painted(weights)
    assert np.allclose(filled.sum(0), 1)
    assert (filled[0, :2] == 1).all()
    assert np.allclose(filled[:, 3, 0], [0.5, 0.5])
    assert all_painted(np.zeros((2, 4, 4), np.float32))[:, 0, 0].tolist() == [1, 0]
