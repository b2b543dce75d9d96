"""Candidates for re-ranking: BM25F, with what is known of kind and meaning beside it.

Four signals of a query and a document::

    bm25f      the words
    dense      the cosine of their vectors
    category   the affinity of the document to the kind of the documents nearest in meaning
    feedback   the cosine to the mean vector of the best documents by words and meaning together
               (Rocchio's feedback, among vectors: it puts a query of one word near to documents)

The score is a sum of the four, each less its mean and divided by its standard deviation over the
query's candidates, with the weights of a `Blend` (1 for bm25f). The candidates are the best by
words, and the nearest in meaning if the blend asks for them.

A query that is nothing but a brand's name means all of its documents alike: its vector is zeros,
and the words decide.
"""

import copy
import math
import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.fusion import ZScore
from search_system.learning_to_rank.vectors import Masks, Numbers, Rows, Vectors
from search_system.scoring.merging import Term
from search_system.scoring.parameters import BM25F
from search_system.searching.searcher import Searcher
from search_system.searching.signals import SignalExplanation
from search_system.understanding.categories import CategoryProfile
from search_system.understanding.understand import QueryUnderstanding, UnderstoodQuery

Signal = NDArray[np.float64]

SIGNALS = ("bm25f", "dense", "category", "feedback")
_POOL = 100
"""The nearest documents that may count as the best by words and meaning together."""
_MEANING = 0.5
"""How much meaning counts there, beside words."""


@dataclass(frozen=True, slots=True)
class Blend:
    """How much each signal counts beside BM25F, and how many candidates there are."""

    category: float = 0.2
    feedback: float = 0.2
    dense: float = 0.0
    depth: int = 100
    """How many documents the words find."""
    dense_depth: int = 0
    """How many of the nearest in meaning are candidates too."""
    seeds: int = 20
    """How many documents the kind and the feedback are taken from."""

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each signal beside BM25F."""
        return {"category": self.category, "feedback": self.feedback, "dense": self.dense}

    def __post_init__(self) -> None:
        depths = self.depth, self.dense_depth, self.seeds
        if not all(isinstance(depth, int) for depth in depths):
            raise OptionError(f"expected depths and seeds that are whole numbers, not {depths}")
        weights: Mapping[str, Any] = self.weights
        for name, weight in weights.items():
            if not isinstance(weight, int | float) or not 0 <= weight < math.inf:
                raise OptionError(f"{name} must be a number from 0 up, not {weight!r}")
        if self.depth < 1 or self.dense_depth < 0 or self.seeds < 1:
            raise OptionError(
                f"expected depth and seeds from 1 and dense_depth from 0 up, not {self.depth}, "
                f"{self.seeds} and {self.dense_depth}"
            )


class Candidates:
    """A query's candidates, best first, and its signals for any document."""

    def __init__(
        self, stage: "FirstStage", query: UnderstoodQuery, allowed: Masks | None = None
    ) -> None:
        """Find the candidates; `FirstStage` is the way to make them."""
        self.query = query
        self._allowed = allowed
        self.weights = Counter[Term](query.terms)
        """The query's terms, and how often it has each."""
        self._scorer, self._vectors, blend = stage.scorer, stage.vectors, stage.blend
        lexical, scores = self._scorer.search(self.weights, blend.depth, allowed)
        self.best_bm25f = float(scores[0]) if len(scores) else 0.0
        self._vector = self._embed(query.meaning)
        near = self._nearest(max(_POOL, blend.dense_depth, blend.seeds))
        self._profile = stage.profile(near[: blend.seeds])
        self._centroid = self._feedback_centroid(np.union1d(lexical, near[:_POOL]), blend.seeds)
        if query.brand and not query.meaning and not len(lexical):
            lexical = stage.of_brand(query, allowed)[: blend.depth]
        numbers = np.union1d(lexical, near[: blend.dense_depth])
        self._order(numbers, self.signals(numbers), blend)

    def _order(self, numbers: Numbers, signals: dict[str, Signal], blend: Blend) -> None:
        self._weight_of = {"bm25f": 1.0} | blend.weights
        self._scales = {name: ZScore.of(signals[name]) for name in self._weight_of}
        total = self.blended(signals)
        order = np.lexsort((numbers, -total))
        self.numbers: Numbers = numbers[order]
        self.scores: Signal = total[order]
        self._signals = {name: values[order] for name, values in signals.items()}

    def reweighted(self, blend: Blend) -> "Candidates":
        """Return the same candidates, ordered by the weights of another blend."""
        other = copy.copy(self)
        other._order(self.numbers, self._signals, blend)
        return other

    def signals(self, numbers: Numbers) -> dict[str, Signal]:
        """Return the four signals of some documents; 0 for what an index does not have."""
        n = len(numbers)
        rows = self._vectors.rows(numbers) if self._vectors and self._vector.any() else None
        dense = np.zeros(n) if rows is None else cosines(rows, self._vector)
        feedback = np.zeros(n) if rows is None else cosines(rows, self._centroid)
        category = self._profile.affinity(numbers) if self._profile else np.zeros(n)
        bm25f = self._scorer.scores(self.weights, numbers.tolist())
        return {"bm25f": bm25f, "dense": dense, "category": category, "feedback": feedback}

    def blended(self, signals: Mapping[str, Signal]) -> Signal:
        """Return the first stage's scores of documents by their signals, candidates or not."""
        total = np.zeros(len(signals["bm25f"]))
        for name, weight in self._weight_of.items():
            total += weight * self._scales[name](signals[name])
        return total

    def explain(self, number: int) -> SignalExplanation:
        """Return how `blended` comes to a document's score, which it equals to the last bit."""
        parts = []
        for name, values in self.signals(np.array([number])).items():
            scale, weight = self._scales[name], self._weight_of[name]
            normalized = float(scale(values)[0])
            parts.append(
                SignalExplanation(
                    name, float(values[0]), weight * normalized, scale, normalized, weight
                )
            )
        parts.sort(key=lambda part: [*self._weight_of].index(part.name))
        # Not sum(): from Python 3.12 on it compensates rounding, which NumPy's additions do not.
        score = reduce(operator.add, (part.score for part in parts), 0.0)
        return SignalExplanation("first stage", score, score, parts=tuple(parts))

    def _embed(self, text: str) -> Rows:
        if self._vectors is None or not text:
            return np.zeros(1, np.float32)
        return self._vectors.embed_query(text)

    def _nearest(self, k: int) -> Numbers:
        if self._vectors is None or not self._vector.any():
            return np.zeros(0, np.int64)
        return self._vectors.nearest(self._vector, k, self._allowed)

    def _feedback_centroid(self, pool: Numbers, seeds: int) -> Rows:
        """Return the unit vector in the middle of the best of some documents."""
        if self._vectors is None or not self._vector.any() or not len(pool):
            return self._vector
        rows = self._vectors.rows(pool)
        words = standardized(self._scorer.scores(self.weights, pool.tolist()))
        meaning = standardized(cosines(rows, self._vector))
        best = np.lexsort((pool, -(words + _MEANING * meaning)))[:seeds]
        centroid = rows[best].mean(axis=0)
        return np.asarray(centroid / max(float(np.linalg.norm(centroid)), 1e-12), np.float32)


class FirstStage:
    """Finds the candidates of queries in one state of an index."""

    def __init__(
        self,
        searcher: Searcher,
        *,
        parameters: BM25F | None = None,
        understanding: QueryUnderstanding | None = None,
        vectors: Vectors | None = None,
        blend: Blend | None = None,
    ) -> None:
        """Put a first stage together; without vectors and understanding it is BM25F."""
        self.searcher = searcher
        self.scorer = searcher.scorer(parameters)
        self.understanding = understanding
        self.vectors = vectors
        self.blend = blend or Blend()

    def __call__(self, query: str, allowed: Masks | None = None) -> Candidates:
        """Return the candidates of a query, among the documents of a mask per segment."""
        if self.understanding:
            return Candidates(self, self.understanding(query), allowed)
        terms = tuple(self.searcher.analyzer.query_terms(query))
        return Candidates(self, UnderstoodQuery(query, query, terms, None), allowed)

    def of_brand(self, query: UnderstoodQuery, allowed: Masks | None) -> Numbers:
        """Return the documents of the brand that a query names, in their order."""
        views = self.searcher.snapshot.views
        found = np.concatenate([np.zeros(0, np.bool_), *(view.live for view in views)])
        if allowed is not None:
            found = found & np.concatenate(allowed)
        numbers = np.flatnonzero(found)
        if self.understanding is None:
            return numbers[:0]
        return numbers[self.understanding.is_of_brand(query, numbers)]

    def profile(self, seeds: Numbers) -> CategoryProfile | None:
        """Return the kind of the documents nearest in meaning, if there is anything to tell it."""
        return self.understanding.category(seeds) if self.understanding else None


def cosines(rows: Rows, vector: Rows) -> Signal:
    """Return the product of each row with a vector, the same whatever the other rows are.

    A matrix product is not: BLAS adds in another order for another number of rows.
    """
    return np.asarray((rows * vector).sum(axis=1, dtype=np.float64), np.float64)


def standardized(values: Signal) -> Signal:
    """Return values less their mean, divided by their standard deviation; equal ones are 0."""
    return ZScore.of(values)(values)
