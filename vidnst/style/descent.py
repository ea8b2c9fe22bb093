"""Ways downhill: the optimizers that Gatys' method can use, behind one call."""

import math
from collections.abc import Iterator
from typing import Literal, Protocol

import torch
from torch import Tensor

OptimizerName = Literal["lbfgs", "adam", "fgd"]

Losses = dict[str, float]
"""The terms of a loss; their sum is what becomes small."""


class Objective(Protocol):
    """A function to make small."""

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
    """Yield point after point on the way down from start, without end, each with the losses before.

    rate: Adam's learning rate, L-BFGS's factor on its step, or the first step length of fgd; None
    takes each one's default. A point yielded changes in place when the next is asked for.

    lbfgs: limited-memory BFGS (Liu and Nocedal 1989), torch's. adam: Kingma and Ba 2015, torch's.
    fgd: accelerated gradient descent that finds its step length itself (`accelerated_descent`).
    """
    if optimizer == "fgd":
        yield from accelerated_descent(start, objective, first_length=rate)
        return
    point = start.clone().requires_grad_()
    method: torch.optim.Optimizer
    if optimizer == "lbfgs":
        method = torch.optim.LBFGS([point], lr=rate or 1.0, max_iter=1, history_size=_HISTORY)
    else:
        method = torch.optim.Adam([point], lr=rate or 0.02, betas=(0.9, 0.99))

    losses: Losses = {}

    def closure() -> float:
        nonlocal losses
        losses, point.grad = objective.evaluate(point.detach())
        return sum(losses.values())

    while True:
        method.step(closure)  # type: ignore[no-untyped-call]
        yield point.detach(), losses


_HISTORY = 10
"""So many past steps L-BFGS remembers; each costs two pictures of memory."""


def accelerated_descent(
    start: Tensor, objective: Objective, *, first_length: float | None = None
) -> Iterator[tuple[Tensor, Losses]]:
    """Nesterov's accelerated gradient with the step length found by Armijo backtracking.

    From y, the point with momentum added, the step t is halved until f(y - t g) <= f(y) - t/2 |g|^2
    (Beck and Teboulle 2009, FISTA with backtracking), and tried a little longer each time that the
    first try succeeds, so that the rate is learned on the way. Momentum restarts where it points
    uphill (O'Donoghue and Candes 2015, gradient scheme).

    Yields each new point with the losses at the y before it.
    """
    point, previous = start.clone(), start.clone()
    momentum = 1.0
    length = first_length
    while True:
        faster = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        ahead = point + (momentum - 1) / faster * (point - previous)
        losses, gradient = objective.evaluate(ahead)
        slope = float(gradient.square().sum())
        if slope == 0:
            yield point, losses
            continue
        if length is None:
            # A first guess that moves the picture by one percent; backtracking corrects it.
            length = 0.01 * math.sqrt(gradient.numel() / slope)
        tried = 0
        while True:
            reached = ahead - length * gradient
            promised = sum(losses.values()) - length / 2 * slope
            if sum(objective.terms_at(reached).values()) <= promised or tried == _MOST_TRIES:
                break
            length /= 2
            tried += 1
        if not tried:
            length *= 1.3
        uphill = float((gradient * (reached - point)).sum()) > 0
        previous, point = point, reached
        momentum = 1.0 if uphill else faster
        yield point, losses


_MOST_TRIES = 30
