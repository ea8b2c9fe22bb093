"""The losses of Gatys' optimization: gradients against finite differences, tiles against whole."""

import pytest
import torch
from torch import Tensor

from vidnst.nets.losses import Moments, moments
from vidnst.nets.perceptual import STYLE_LAYERS, PerceptualEncoder
from vidnst.nets.training.start import fresh_encoder
from vidnst.options.optimizing import StyleStatistics
from vidnst.stylizers.optimized.objective import (
    Anchor,
    LossWeights,
    PictureLoss,
    pooled_moments,
    see,
    style_distance,
)

pytestmark = pytest.mark.numeric

CHANNELS = {"1_1": 6, "1_2": 6, "2_1": 8, "3_1": 8, "3_2": 8, "4_1": 12, "4_2": 12, "5_1": 12}


@pytest.fixture(scope="module")
def encoder() -> PerceptualEncoder:
    return fresh_encoder(CHANNELS, torch.Generator().manual_seed(3)).requires_grad_(False)


def picture(seed: int, height: int = 64, width: int = 80) -> Tensor:
    """Smooth noise, a little out of range in places."""
    coarse = torch.rand(1, 3, 9, 11, generator=torch.Generator().manual_seed(seed))
    fine = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    return (fine * 1.2 - 0.1).contiguous()


def loss_of(
    encoder: PerceptualEncoder, weights: LossWeights, statistics: StyleStatistics = "covariance"
) -> PictureLoss:
    maps, _ = see(encoder, picture(1), ["relu4_1", "relu3_2"], [], dtype=torch.float32)
    _, style = see(encoder, picture(2), [], STYLE_LAYERS, dtype=torch.float32)
    visible = (torch.rand(1, 1, 64, 80, generator=torch.Generator().manual_seed(4)) > 0.5).float()
    return PictureLoss(
        encoder,
        weights,
        content=maps,
        style=style,
        statistics=statistics,
        anchor=Anchor(picture(5), visible),
    )


@pytest.mark.parametrize(
    ("term", "weights", "statistics"),
    [
        ("content", LossWeights(1, 0, 0, 0), "covariance"),
        ("style", LossWeights(0, 1, 0, 0), "covariance"),
        ("style", LossWeights(0, 1, 0, 0), "gram"),
        ("variation", LossWeights(0, 0, 1, 0), "covariance"),
        ("range", LossWeights(0, 1, 0, 0), "covariance"),
        ("temporal", LossWeights(0, 0, 0, 1), "covariance"),
    ],
)
def test_the_gradient_of_each_term_matches_finite_differences(
    encoder: PerceptualEncoder, term: str, weights: LossWeights, statistics: StyleStatistics
) -> None:
    loss = loss_of(encoder, weights, statistics)
    point = picture(6).requires_grad_()
    value = loss.terms(point)[term]
    assert value > 0
    (gradient,) = torch.autograd.grad(value, point)
    # Along the gradient, where the change is largest against rounding, and across it.
    noise = torch.randn(point.shape, generator=torch.Generator().manual_seed(7))
    for direction in (gradient, gradient * noise.sign() + 0.1 * gradient):
        step = 2e-3 * direction / direction.abs().max()
        with torch.no_grad():
            ahead, behind = (loss.terms(point + sign * step)[term] for sign in (1, -1))
        slope = (gradient * step).sum()
        torch.testing.assert_close((ahead - behind) / 2, slope, rtol=0.02, atol=1e-7)


def test_evaluate_gives_the_gradient_of_the_sum(encoder: PerceptualEncoder) -> None:
    loss = loss_of(encoder, LossWeights(1, 2, 3, 4))
    point = picture(6)
    terms, gradient = loss.evaluate(point)
    assert terms == pytest.approx(loss.terms_at(point))
    leaf = point.clone().requires_grad_()
    (expected,) = torch.autograd.grad(sum(loss.terms(leaf).values()), leaf)  # type: ignore[arg-type]
    torch.testing.assert_close(gradient, expected)


def test_the_temporal_term_holds_only_what_is_visible(encoder: PerceptualEncoder) -> None:
    loss = loss_of(encoder, LossWeights(0, 0, 0, 1))
    assert loss._anchor is not None
    _, gradient = loss.evaluate(picture(6).clamp(0, 1))
    unseen = loss._anchor.visible == 0
    assert (gradient * unseen == 0).all()
    assert (gradient * ~unseen != 0).float().mean() > 0.3


@pytest.mark.parametrize("size", [(150, 210), (161, 97)])
def test_tiles_see_what_the_whole_sees(encoder: PerceptualEncoder, size: tuple[int, int]) -> None:
    whole = picture(8, *size).requires_grad_()
    tiled = whole.detach().clone().requires_grad_()
    results = []
    for point, tile_side in ((whole, None), (tiled, 48)):
        maps, found = see(
            encoder, point, ["relu3_1"], STYLE_LAYERS, dtype=torch.float32, tile_side=tile_side
        )
        weighted = sum(m.covariance.square().sum() + m.mean.sum() for m in found.values())
        (weighted + maps["relu3_1"].square().sum()).backward()  # type: ignore[no-untyped-call]
        results.append((maps, found))
    torch.testing.assert_close(results[1][0]["relu3_1"], results[0][0]["relu3_1"])
    for layer in STYLE_LAYERS:
        torch.testing.assert_close(results[1][1][layer].mean, results[0][1][layer].mean)
        torch.testing.assert_close(
            results[1][1][layer].covariance, results[0][1][layer].covariance, rtol=1e-4, atol=1e-6
        )
    torch.testing.assert_close(tiled.grad, whole.grad, rtol=1e-3, atol=1e-4)


def test_moments_of_parts_pool_to_those_of_the_whole() -> None:
    features = torch.rand(1, 5, 12, 30, generator=torch.Generator().manual_seed(0))
    parts = [
        (moments(part), torch.tensor(part[0, 0].numel()))
        for part in torch.split(features, [7, 3, 20], 3)
    ]
    pooled, whole = pooled_moments(parts), moments(features)
    torch.testing.assert_close(pooled.mean, whole.mean)
    torch.testing.assert_close(pooled.covariance, whole.covariance)


def test_style_distance_by_hand() -> None:
    style = Moments(torch.tensor([[3.0, 4.0]]), torch.eye(2)[None])
    result = Moments(torch.tensor([[3.0, 3.0]]), 2 * torch.eye(2)[None])
    covariance = style_distance(result, style, "covariance")
    torch.testing.assert_close(covariance, torch.tensor((1 / 25 + 2 / 2) / 2))
    # Grams: [[11, 9], [9, 11]] against [[10, 12], [12, 17]].
    gram = style_distance(result, style, "gram")
    torch.testing.assert_close(gram, torch.tensor((1 + 9 + 9 + 36) / (100 + 144 + 144 + 289)))
