"""Fuse rankings of the same documents into one.

A ranking is what searchers return: document numbers, best first, and their scores. Scores of
different searchers live on different scales, and there are two answers to that:

- `reciprocal_rank_fusion` looks at ranks alone (Cormack, Clarke and Buettcher, SIGIR 2009). It
  needs no tuning, and knows no better than to trust both rankings alike.
- `convex_combination` brings each query's scores to one scale and adds them with weights. One
  weight learnt from a few dozen judged queries does better, also on other collections (Bruch, Gai
  and Ingber, TOIS 2023).

A document that a ranking lacks was below its last one. Equal fused scores go by number.

A `WeightedRanking` holds the numbers that fuse a ranking's scores, so that whoever explains a fused
score computes with what made it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError

Ranking = tuple[NDArray[np.integer[Any]], NDArray[np.floating[Any]]]
"""Document numbers, each once, best first; and their scores."""
Fused = tuple[NDArray[np.int64], NDArray[np.float64]]
Normalization = Literal["min-max", "z-score"]


@dataclass(frozen=True, slots=True)
class MinMax:
    """Brings the lowest score of a ranking to 0 and its highest to 1; equal ones all to 1."""

    lowest: float
    highest: float

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> Self:
        """Return the scale of a ranking's scores."""
        return cls(float(scores.min()), float(scores.max())) if len(scores) else cls(0.0, 0.0)

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return normalised scores."""
        if not self.highest > self.lowest:
            return np.ones(len(scores))
        return (scores - self.lowest) / (self.highest - self.lowest)

    @property
    def missing(self) -> float:
        """What a document counts that the ranking lacks.

        It is 0 for equal scores, too: being found beats not being found.
        """
        return 0.0


@dataclass(frozen=True, slots=True)
class ZScore:
    """Brings the mean of a ranking's scores to 0, their deviation to 1; equal ones to 0."""

    mean: float
    deviation: float
    lowest: float

    @classmethod
    def of(cls, scores: NDArray[np.float64]) -> Self:
        """Return the scale of a ranking's scores."""
        if not len(scores):
            return cls(0.0, 0.0, 0.0)
        return cls(float(scores.mean()), float(scores.std()), float(scores.min()))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return normalised scores."""
        if not self.deviation > 0:
            return np.zeros(len(scores))
        return (scores - self.mean) / self.deviation

    @property
    def missing(self) -> float:
        """What a document counts that the ranking lacks: as much as its last one."""
        return float(self(np.array([self.lowest]))[0])


Scale: TypeAlias = MinMax | ZScore
_SCALES: dict[Normalization, type[MinMax] | type[ZScore]] = {"min-max": MinMax, "z-score": ZScore}


@dataclass(frozen=True, slots=True)
class WeightedRanking:
    """A ranking, and how it counts in a fused one."""

    numbers: NDArray[np.integer[Any]]
    scores: NDArray[np.float64]
    scale: Scale
    weight: float
    """The weights of all rankings that are fused add up to 1, but for rounding."""

    def parts(self) -> NDArray[np.float64]:
        """Return what this ranking adds to the fused scores of its documents, in its order."""
        return self.weight * self.scale(self.scores)

    def score(self, number: int) -> float | None:
        """Return a document's score in this ranking; None if it is not there."""
        places = np.flatnonzero(self.numbers == number)
        return float(self.scores[places[0]]) if len(places) else None

    def normalized(self, score: float | None) -> float:
        """Return a normalised score; None is that of a document that the ranking lacks.

        ``weight`` times this is what is added to the fused score, to the last bit.
        """
        return self.scale.missing if score is None else float(self.scale(np.array([score]))[0])


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
    return fuse(weigh(rankings, weights, normalization))


def weigh(
    rankings: Sequence[Ranking],
    weights: Sequence[float],
    normalization: Normalization = "min-max",
) -> tuple[WeightedRanking, ...]:
    """Return the rankings as `convex_combination` adds them up; it says what they are."""
    if len(weights) != len(rankings) or not all(w >= 0 for w in weights) or not sum(weights) > 0:
        raise OptionError(
            f"expected {len(rankings)} weights from 0 up, one of them above, not {[*weights]}"
        )
    if normalization not in _SCALES:
        raise OptionError(f"normalization must be min-max or z-score, not {normalization!r}")
    _check(rankings)
    weighted = []
    for (numbers, scores), weight in zip(rankings, weights, strict=True):
        values = np.asarray(scores, np.float64)
        scale = _SCALES[normalization].of(values)
        weighted.append(WeightedRanking(numbers, values, scale, weight / sum(weights)))
    return tuple(weighted)


def fuse(rankings: Sequence[WeightedRanking]) -> Fused:
    """Return the documents by the sum of their parts, added in the order of the rankings."""
    parts = [(ranking.numbers, ranking.parts()) for ranking in rankings]
    return _add(parts, [ranking.weight * ranking.scale.missing for ranking in rankings])


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
