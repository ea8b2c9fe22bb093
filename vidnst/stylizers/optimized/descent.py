"""The optimizers behind one function, and a loop with callback and early stopping."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from vidnst.options.optimizing import OptimizerName

Losses = dict[str, float]
"""The terms of a loss by name; their sum is minimized."""


class Objective(Protocol):
    """A function to minimize."""

    def evaluate(self, point: Tensor) -> tuple[Losses, Tensor]:
        """The terms at a point, and the gradient of their sum."""

    def terms_at(self, point: Tensor) -> Losses:
        """The terms alone, which costs less."""


def descend(
    start: Tensor,
    objective: Objective,
    *,
    optimizer: OptimizerName,
    rate: float | None = None,
) -> Iterator[tuple[Tensor, Losses]]:
    """Yield start, then the point after each step, endlessly, each with its losses.

    rate: Adam's learning rate, L-BFGS's factor on its step, or the first step length of fgd; None
    takes each one's default. A yielded point changes in place with the next step.

    lbfgs: limited-memory BFGS (Liu and Nocedal 1989), torch's. adam: Kingma and Ba 2015, torch's.
    fgd: accelerated gradient descent that finds its step length itself (`accelerated_descent`).
    """
    if optimizer == "fgd":
        yield from accelerated_descent(start, objective, first_length=rate)
        return
    point = start.clone().requires_grad_()

    def fresh() -> torch.optim.Optimizer:
        if optimizer == "lbfgs":
            # One evaluation a step, and no line search: it would cost several.
            return torch.optim.LBFGS([point], lr=rate or 1.0, max_iter=1, history_size=_HISTORY)
        return torch.optim.Adam([point], lr=rate or 0.02, betas=(0.9, 0.99))

    method = fresh()
    losses, gradient = objective.evaluate(point.detach())
    best, least = point.detach().clone(), sum(losses.values())
    recent: deque[float] = deque(maxlen=10)
    while True:
        yield point.detach(), losses
        total = sum(losses.values())
        recent.append(total)
        point.grad = gradient
        method.step(lambda total=total: total)  # type: ignore[misc]
        losses, gradient = objective.evaluate(point.detach())
        # Without a line search, a step rarely diverges. Then return to the best point and reset the
        # optimizer; the gradient is computed again, since it may itself have been the cause.
        if optimizer == "lbfgs" and not sum(losses.values()) <= _ASTRAY * max(recent):
            method = fresh()
            with torch.no_grad():
                point.copy_(best)
            losses, gradient = objective.evaluate(point.detach())
        elif sum(losses.values()) < least:
            best.copy_(point.detach())
            least = sum(losses.values())


def walk_down(
    start: Tensor,
    objective: Objective,
    steps: int,
    *,
    optimizer: OptimizerName,
    rate: float | None,
    averaging: float,
    tolerance: float = 0.0,
    on_step: Callable[[int, Losses, Tensor], None],
) -> Tensor:
    """Take `steps` steps from start, fewer where the loss converges, and return the result.

    averaging: the decay of a running average of the points, which is returned; 0 returns the last
    point. tolerance: stop when ten steps reduce the loss by less than this share. on_step: called
    with a step's number, from 1, its losses, and the point, which changes in place.
    """
    average = start.clone() if averaging else None
    totals: list[float] = []
    point = start
    points = descend(start, objective, optimizer=optimizer, rate=rate)
    for index, (point, losses) in enumerate(points):
        totals.append(sum(losses.values()))
        if index == 0:
            continue
        if average is not None:
            decay = min(averaging, index / (index + 10))
            average.lerp_(point, 1 - decay)
        on_step(index, losses, point if average is None else average)
        if index == steps or (tolerance and _settled(totals, tolerance)):
            break
    return point if average is None else average


_LOOK_BACK = 10
"""The number of steps in which the loss must fall by the tolerance to continue."""


def _settled(totals: Sequence[float], tolerance: float) -> bool:
    """Whether the last steps have reduced the loss by less than the share `tolerance`."""
    if len(totals) <= _LOOK_BACK:
        return False
    return min(totals[-_LOOK_BACK:]) > (1 - tolerance) * min(totals[:-_LOOK_BACK])


_HISTORY = 10
"""The history size of L-BFGS; each step in it takes the memory of two pictures."""
_ASTRAY = 1.5
"""A loss larger than the recent ones by this factor counts as divergence."""


def accelerated_descent(
    start: Tensor, objective: Objective, *, first_length: float | None = None
) -> Iterator[tuple[Tensor, Losses]]:
    """Nesterov's accelerated gradient with the step length found by Armijo backtracking.

    From y, the point with momentum added (Beck and Teboulle 2009), the step t is halved until
    f(y - t g) <= f(y) - 0.1 t |g|^2 (Armijo 1966), and increased a little each time that the first
    try succeeds, so that it adapts. Where a pixel has left its range, the penalty makes the slope
    many times the last one, and the step very short: that holds for this step alone. Momentum is
    reset where it points uphill (O'Donoghue and Candes 2015, gradient scheme).

    Yields start, then each new point, with its losses.
    """
    point, previous = start.clone(), start.clone()
    losses = objective.terms_at(point)
    momentum = 1.0
    length, last_slope = first_length, math.inf
    while True:
        yield point, losses
        faster = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        ahead = point + (momentum - 1) / faster * (point - previous)
        before, gradient = objective.evaluate(ahead)
        slope = float(gradient.square().sum())
        if slope == 0:
            previous, point, losses = point, ahead, before
            continue
        if length is None:
            # A first guess that moves the picture by one percent; backtracking corrects it.
            length = 0.01 * math.sqrt(gradient.numel() / slope)
        half = length / 2
        for tried in range(_MOST_TRIES):
            reached = ahead - length * gradient
            losses = objective.terms_at(reached)
            allowed = (1 + _ROUNDING) * sum(before.values()) - _ARMIJO * length * slope
            if sum(losses.values()) <= allowed:
                if tried == 0:
                    length *= 1.3
                break
            length /= 2
        if slope > _SPIKE * last_slope:
            length = max(length, half)
        last_slope = slope
        uphill = float((gradient * (reached - point)).sum()) > 0
        previous, point = point, reached
        momentum = 1.0 if uphill else faster


_MOST_TRIES = 30
_SPIKE = 10.0
"""How many times the last slope is due to the range's penalty."""
_ARMIJO = 0.1
"""The share of the linear prediction by which a step must reduce the loss; the proof's half gives
steps that are too short."""
_ROUNDING = 1e-3
"""The relative rounding error of a loss in bfloat16, tolerated in the Armijo condition."""
