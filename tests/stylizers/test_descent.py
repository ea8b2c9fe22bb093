"""The optimizers on functions whose minimum is known."""

import pytest
import torch
from torch import Tensor

from vidnst.options.optimizing import OptimizerName
from vidnst.stylizers.optimized.descent import Losses, accelerated_descent, descend

pytestmark = pytest.mark.numeric


class Bowl:
    """A quadratic a hundred times steeper along some axes than along others."""

    def __init__(self) -> None:
        self.steepness = torch.logspace(0, 2, 48).reshape(1, 3, 4, 4)
        self.lowest = torch.linspace(-1, 1, 48).reshape(1, 3, 4, 4)
        self.evaluations = 0

    def evaluate(self, point: Tensor) -> tuple[Losses, Tensor]:
        self.evaluations += 1
        return self.terms_at(point), self.steepness * (point - self.lowest)

    def terms_at(self, point: Tensor) -> Losses:
        half = 0.5 * self.steepness * (point - self.lowest).square()
        return {"left": half[..., :2].sum().item(), "right": half[..., 2:].sum().item()}


@pytest.mark.parametrize(("optimizer", "steps"), [("lbfgs", 60), ("adam", 1500), ("fgd", 250)])
def test_each_optimizer_finds_the_bottom(optimizer: OptimizerName, steps: int) -> None:
    bowl = Bowl()
    points = descend(torch.zeros(1, 3, 4, 4), bowl, optimizer=optimizer)
    for _ in range(steps):
        point, losses = next(points)
    torch.testing.assert_close(point, bowl.lowest, atol=2e-2, rtol=0)
    assert sum(losses.values()) < 1e-3


def test_fgd_learns_its_step_length_from_any_first_guess() -> None:
    for guess in (1e-9, 1e3, None):
        points = accelerated_descent(torch.zeros(1, 3, 4, 4), Bowl(), first_length=guess)
        losses = [sum(next(points)[1].values()) for _ in range(250)]
        assert losses[-1] < 1e-3 * losses[0]


def test_fgd_beats_descent_without_momentum() -> None:
    bowl = Bowl()
    points = accelerated_descent(torch.zeros(1, 3, 4, 4), bowl)
    for _ in range(100):
        point, _ = next(points)
    plain = torch.zeros(1, 3, 4, 4)
    for _ in range(100):
        plain = plain - bowl.evaluate(plain)[1] / bowl.steepness.max()
    assert sum(bowl.terms_at(point).values()) < 0.1 * sum(bowl.terms_at(plain).values())


def test_lbfgs_comes_back_from_a_step_that_went_astray() -> None:
    class Cliff(Bowl):
        def evaluate(self, point: Tensor) -> tuple[Losses, Tensor]:
            losses, gradient = super().evaluate(point)
            if self.evaluations == 12:  # as if rounding had led it far the wrong way
                return dict.fromkeys(losses, float("inf")), gradient
            return losses, gradient

    bowl = Cliff()
    points = descend(torch.zeros(1, 3, 4, 4), bowl, optimizer="lbfgs")
    losses = [sum(next(points)[1].values()) for _ in range(90)]
    assert bowl.evaluations > len(losses), "a step was taken back"
    assert losses[-1] < 1e-3
    for number, loss in enumerate(losses[1:], 1):
        assert loss <= 1.5 * max(losses[max(0, number - 10) : number])


def test_lbfgs_evaluates_once_a_step() -> None:
    bowl = Bowl()
    points = descend(torch.zeros(1, 3, 4, 4), bowl, optimizer="lbfgs")
    for _ in range(10):
        next(points)
    assert bowl.evaluations == 10
