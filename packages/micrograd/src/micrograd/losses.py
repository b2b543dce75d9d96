"""Losses: how wrong a model's outputs are, as one Value to call ``backward()`` on.

Each takes the outputs of a batch and what they should have been, and returns the mean over the
batch. Written in their stable forms, they stay finite for outputs of any size.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from micrograd.errors import InputError, ShapeError
from micrograd.functions import dot, maximum, sum_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.engine import Value


def svm_max_margin(scores: Sequence[Value], signs: Sequence[int]) -> Value:
    """Return the mean of ``max(0, 1 - sign * score)``, with signs of -1 and 1 (the hinge loss)."""
    _check(scores, signs, {-1, 1})
    return _mean([(1.0 - sign * s).relu() for s, sign in zip(scores, signs, strict=True)])


def bce_with_logits(logits: Sequence[Value], targets: Sequence[int]) -> Value:
    """Return the mean of ``-log p(target)`` where ``p(1) = sigmoid(logit)``; targets are 0 and 1.

    ``-log sigmoid(x)`` is ``softplus(-x)``, which does not overflow.
    """
    _check(logits, targets, {0, 1})
    return _mean(
        [(-x if target else x).softplus() for x, target in zip(logits, targets, strict=True)]
    )


def cross_entropy(logits: Sequence[Sequence[Value]], classes: Sequence[int]) -> Value:
    """Return the mean of ``-log softmax(logits)[class]``; one row of logits per sample.

    The largest logit is taken off each first: that changes nothing but the size of the exponents.
    """
    _check(logits, classes, set(range(min(map(len, logits), default=0))))
    return _mean([_negative_log_softmax(row, k) for row, k in zip(logits, classes, strict=True)])


def mse(predictions: Sequence[Value], targets: Sequence[float]) -> Value:
    """Return the mean of ``(prediction - target)**2``."""
    _check(predictions, targets, None)
    return _mean([(p - t) ** 2 for p, t in zip(predictions, targets, strict=True)])


def l2(parameters: Sequence[Value]) -> Value:
    """Return the sum of the squares of all parameters, to be added with a small factor."""
    return dot(parameters, parameters)


def _negative_log_softmax(logits: Sequence[Value], k: int) -> Value:
    largest = reduce(maximum, logits).detach()
    return sum_values([(x - largest).exp() for x in logits]).log() - (logits[k] - largest)


def _mean(values: Sequence[Value]) -> Value:
    return sum_values(values) * (1.0 / len(values))


def _check(outputs: Sequence[object], targets: Sequence[float], allowed: set[int] | None) -> None:
    if len(outputs) != len(targets):
        raise ShapeError(f"got {len(outputs)} outputs for {len(targets)} targets")
    if not outputs:
        raise ShapeError("the mean loss of an empty batch is not defined")
    wrong = [] if allowed is None else [target for target in targets if target not in allowed]
    if wrong:
        raise InputError(f"targets must be among {sorted(allowed or ())}, got {wrong[0]!r}")
