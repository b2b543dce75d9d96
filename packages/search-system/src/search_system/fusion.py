"""Fuse rankings of the same documents into one.

A ranking is what searchers return: document numbers, best first, and their scores. Scores of
different searchers live on different scales, and there are two answers to that:

- `reciprocal_rank_fusion` looks at ranks alone (Cormack, Clarke and Buettcher, SIGIR 2009). It
  needs no tuning, and knows no better than to trust both rankings alike.
- `convex_combination` brings each query's scores to one scale and adds them with weights. One
  weight learnt from a few dozen judged queries does better, also on other collections (Bruch, Gai
  and Ingber, TOIS 2023).

A document that a ranking lacks was below its last one. Equal fused scores go by number.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError

Ranking = tuple[NDArray[np.integer[Any]], NDArray[np.floating[Any]]]
"""Document numbers, each once, best first; and their scores."""
Fused = tuple[NDArray[np.int64], NDArray[np.float64]]
Normalization = Literal["min-max", "z-score"]


def reciprocal_rank_fusion(rankings: Sequence[Ranking], k: float = 60) -> Fused:
    """Return the documents by the sum of 1 / (k + rank) over the rankings that have them.

    ``k`` is how little the first ranks stand out; ranks begin at 1.

    Raises:
        OptionError: k is negative, or a ranking's arrays do not fit together.
    """
    if not k >= 0:
        raise OptionError(f"k must be a number from 0 up, not {k}")
    _check(rankings)
    parts = [(numbers, 1 / (k + np.arange(1, len(numbers) + 1))) for numbers, _ in rankings]
    return _add(parts, [0.0] * len(parts))


def convex_combination(
    rankings: Sequence[Ranking],
    weights: Sequence[float],
    normalization: Normalization = "min-max",
) -> Fused:
    """Return the documents by the weighted sum of their normalised scores.

    Args:
        rankings: one per searcher.
        weights: how much each of them counts, from 0 up; they are divided by their sum.
        normalization: ``min-max`` puts a ranking's last document at 0 and its first at 1;
            ``z-score`` its mean at 0 and its standard deviation at 1. A document that a ranking
            lacks counts as its last one. Equal scores all become 1, or 0.

    Raises:
        OptionError: the weights or a ranking's arrays do not fit.
    """
    if len(weights) != len(rankings) or not all(w >= 0 for w in weights) or not sum(weights) > 0:
        raise OptionError(
            f"expected {len(rankings)} weights from 0 up, one of them above, not {[*weights]}"
        )
    if normalization not in ("min-max", "z-score"):
        raise OptionError(f"normalization must be min-max or z-score, not {normalization!r}")
    _check(rankings)
    parts, lowest = [], []
    for (numbers, scores), weight in zip(rankings, weights, strict=True):
        share = weight / sum(weights)
        values = share * _normalized(np.asarray(scores, np.float64), normalization)
        parts.append((numbers, values))
        # Equal scores become 1 under min-max: being found beats not being found.
        constant = normalization == "min-max"
        lowest.append(0.0 if constant or not len(values) else float(values.min()))
    return _add(parts, lowest)


def _normalized(scores: NDArray[np.float64], normalization: Normalization) -> NDArray[np.float64]:
    if not len(scores):
        return scores
    if normalization == "z-score":
        deviation = scores.std()
        return (scores - scores.mean()) / deviation if deviation > 0 else np.zeros(len(scores))
    low, high = scores.min(), scores.max()
    return (scores - low) / (high - low) if high > low else np.ones(len(scores))


def _add(parts: Sequence[Ranking], lowest: Sequence[float]) -> Fused:
    """Sum values by document; one that a part lacks has that part's lowest."""
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0)
    every = np.unique(np.concatenate([numbers for numbers, _ in parts]).astype(np.int64))
    total = np.zeros(len(every))
    for (numbers, values), low in zip(parts, lowest, strict=True):
        part = np.full(len(every), low)
        part[np.searchsorted(every, numbers)] = values
        total += part
    order = np.argsort(-total, kind="stable")
    return every[order], total[order]


def _check(rankings: Sequence[Ranking]) -> None:
    for numbers, scores in rankings:
        distinct = len(np.unique(numbers))
        if not distinct == len(numbers) == len(scores):
            raise OptionError(
                "expected a ranking of distinct documents with a score each, found "
                f"{distinct} documents in {len(numbers)} places with {len(scores)} scores"
            )
