"""Training a classifier: the loop, and what it records."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from micrograd.engine import Value, no_grad
from micrograd.errors import InputError
from micrograd.losses import bce_with_logits, cross_entropy, l2, svm_max_margin
from micrograd.optim import SCHEDULES, SGD, Adam, Optimizer, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from micrograd.datasets import Dataset
    from micrograd.nn import MLP

Loss = Literal["svm", "bce", "cross_entropy"]


@dataclass(frozen=True)
class Recipe:
    """How to train."""

    steps: int = 100
    """Updates of the parameters."""
    loss: Loss | None = None
    """svm or bce for two classes, with one output; cross_entropy for more, with one output each.
    When not given, svm for two classes and cross_entropy for more."""
    optimizer: Literal["sgd", "adam"] = "sgd"
    """Plain gradient descent, or Adam."""
    lr: float = 1.0
    """Learning rate at the start."""
    schedule: Schedule = "linear"
    """How the learning rate falls: linear goes to a tenth, cosine to zero."""
    momentum: float = 0.0
    """Momentum of sgd."""
    alpha: float = 1e-4
    """Factor on the squares of all parameters that are added to the loss."""
    batch_size: int | None = None
    """Points per step; all of them when not given."""
    seed: int = 0
    """Of the initial weights, the mini-batches and the data."""

    def __post_init__(self) -> None:
        if self.steps < 1 or (self.batch_size is not None and self.batch_size < 1):
            raise InputError(
                f"steps and batch size must be at least 1, got {self.steps} and {self.batch_size}"
            )
        if self.seed < 0:
            raise InputError(f"a seed cannot be negative, got {self.seed}")
        if not self.alpha >= 0.0:
            raise InputError(f"expected alpha >= 0, got {self.alpha}")


@dataclass
class History:
    """What happened at each step, before its update; accuracies are shares of 1."""

    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)


def fit(
    model: MLP,
    data: Dataset,
    recipe: Recipe,
    on_step: Callable[[int, History], None] | None = None,
) -> History:
    """Train `model` on `data`.

    Args:
        model: Changed in place.
        data: Points and classes.
        recipe: How to train.
        on_step: Called after each step with its number, from 0, and the history so far.

    Raises:
        InputError: The recipe does not fit the data or the model, or the loss became nan or inf.
    """
    optimizer = _optimizer(model, recipe)
    batches = _endless_batches(data, recipe)
    loss_name = choose_loss(recipe.loss, data)
    history = History()
    for step in range(recipe.steps):
        batch = next(batches)
        outputs = [model(point) for point in batch.points]
        loss = batch_loss(loss_name, outputs, batch.classes) + recipe.alpha * l2(model.parameters())
        if not np.isfinite(loss.data):
            raise InputError(f"the loss is {loss.data} at step {step}: try a smaller learning rate")
        history.losses.append(loss.data)
        history.accuracies.append(_accuracy(outputs, batch.classes))
        optimizer.lr = recipe.lr * SCHEDULES[recipe.schedule](step / recipe.steps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if on_step is not None:
            on_step(step, history)
    return history


def predict(model: MLP, points: list[tuple[float, float]]) -> list[int]:
    """Return the class that the model gives each point."""
    with no_grad():
        return [_class(model(point)) for point in points]


def accuracy(model: MLP, data: Dataset) -> float:
    """Return the share of points whose class the model finds."""
    found = zip(predict(model, data.points), data.classes, strict=True)
    return sum(a == b for a, b in found) / len(data)


def choose_loss(loss: Loss | None, data: Dataset) -> Loss:
    """Return the loss to use, by the number of classes if none is given.

    Raises:
        InputError: The loss is for two classes and the data have more.
    """
    if loss is None:
        return "svm" if data.n_classes == 2 else "cross_entropy"
    if loss != "cross_entropy" and data.n_classes > 2:
        raise InputError(
            f"the loss {loss!r} separates two classes and the data have {data.n_classes}: "
            "use cross_entropy"
        )
    return loss


def batch_loss(loss: Loss, outputs: list[Any], classes: list[int]) -> Value:
    """Return the mean loss of a batch: model outputs, and the class of each."""
    if loss == "svm":
        return svm_max_margin(outputs, [2 * k - 1 for k in classes])
    return bce_with_logits(outputs, classes) if loss == "bce" else cross_entropy(outputs, classes)


def _class(output: Value | tuple[Value, ...]) -> int:
    if isinstance(output, Value):
        return int(output.data > 0.0)
    return max(range(len(output)), key=lambda k: output[k].data)


def _accuracy(outputs: list[Value | tuple[Value, ...]], classes: list[int]) -> float:
    return sum(_class(o) == k for o, k in zip(outputs, classes, strict=True)) / len(classes)


def _optimizer(model: MLP, recipe: Recipe) -> Optimizer:
    if recipe.optimizer == "adam":
        return Adam(model.parameters(), recipe.lr)
    return SGD(model.parameters(), recipe.lr, momentum=recipe.momentum)


def _endless_batches(data: Dataset, recipe: Recipe) -> Iterator[Dataset]:
    if recipe.batch_size is None:
        yield from repeat(data)
    rng = np.random.default_rng(recipe.seed)
    while True:
        yield from data.batches(recipe.batch_size or len(data), rng)
