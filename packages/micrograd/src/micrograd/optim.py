"""Optimisers: what to do with the gradients. The formulas, and so the results, are PyTorch's.

The learning rate is an attribute, ``optimizer.lr``; a schedule is a function of the training's
progress from 0 to 1 that gives the factor on it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from micrograd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from micrograd.engine import Value

Schedule = Literal["constant", "linear", "cosine"]

SCHEDULES: dict[Schedule, Callable[[float], float]] = {
    "constant": lambda _progress: 1.0,
    "linear": lambda progress: 1.0 - 0.9 * progress,
    "cosine": lambda progress: 0.5 * (1.0 + math.cos(math.pi * progress)),
}


class Optimizer:
    """Base: holds the parameters and the learning rate."""

    def __init__(self, parameters: Sequence[Value], lr: float, weight_decay: float) -> None:
        if not (lr > 0.0 and weight_decay >= 0.0):
            raise InputError(f"expected lr > 0 and weight_decay >= 0, got {lr} and {weight_decay}")
        self.parameters = list(parameters)
        self.lr = lr
        self.weight_decay = weight_decay

    def zero_grad(self) -> None:
        """Set every gradient to zero, for the next backward pass to add to."""
        for parameter in self.parameters:
            parameter.grad = 0.0

    def step(self) -> None:
        """Move every parameter against its gradient."""
        raise NotImplementedError


class SGD(Optimizer):
    """Gradient descent: ``g += weight_decay * p``, ``v = momentum * v + g``, ``p -= lr * v``."""

    def __init__(
        self,
        parameters: Sequence[Value],
        lr: float,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        if not 0.0 <= momentum < 1.0:
            raise InputError(f"expected momentum in [0, 1), got {momentum}")
        self.momentum = momentum
        self.velocity = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Move every parameter against its gradient."""
        for i, p in enumerate(self.parameters):
            g = p.grad + self.weight_decay * p.data
            self.velocity[i] = g = self.momentum * self.velocity[i] + g
            p.data -= self.lr * g


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015): each parameter has a step size of its own.

    ``m`` and ``v`` are running means of the gradient and of its square, corrected for starting at
    zero; ``p -= lr * m / (sqrt(v) + eps)``. Weight decay is added to the gradient.
    """

    def __init__(
        self,
        parameters: Sequence[Value],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        self.betas = betas
        self.eps = eps
        self.steps = 0
        self.means = [0.0] * len(self.parameters)
        self.squares = [0.0] * len(self.parameters)

    def step(self) -> None:
        """Move every parameter against its gradient."""
        beta1, beta2 = self.betas
        self.steps += 1
        correction1, correction2 = 1.0 - beta1**self.steps, 1.0 - beta2**self.steps
        for i, p in enumerate(self.parameters):
            g = p.grad + self.weight_decay * p.data
            self.means[i] = m = beta1 * self.means[i] + (1.0 - beta1) * g
            self.squares[i] = v = beta2 * self.squares[i] + (1.0 - beta2) * g * g
            p.data -= self.lr * (m / correction1) / (math.sqrt(v / correction2) + self.eps)
