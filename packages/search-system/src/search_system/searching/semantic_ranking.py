"""Rankings by meaning, alone or fused with one by words, and why documents are where they are.

A ranking keeps what its scores were computed from, so that it explains them by the same arithmetic.
A hybrid score depends on the documents that were fused, the best ``depth`` by words and as many by
meaning: they say what the lowest and the highest score are. So it is explained for one depth.
"""

import operator
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from search_system.dense.index import VectorSearcher
from search_system.fusion import fuse, weigh
from search_system.query.ast import Bool, MatchAll, Query
from search_system.retrieval.filters import with_filter
from search_system.retrieval.matcher import Matcher
from search_system.searching.signals import SignalExplanation

Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SemanticQuery:
    """What is looked for by meaning, and beside it by words."""

    text: str
    """What is embedded."""
    tree: Query
    """The query, whose conditions hold and whose words count in hybrid results."""
    filters: Query | None
    """Conditions beside those of the query."""
    matcher: Matcher
    """For the words."""
    weight: float | None
    """How much meaning counts beside words, from 0 to 1; None: words do not count at all."""

    @property
    def matched(self) -> Query:
        """The query with its filters."""
        return with_filter(self.tree, self.filters) if self.filters else self.tree

    def allowed(self) -> Sequence[NDArray[np.bool_]] | None:
        """Return which documents meet the conditions, a mask per segment; None if there are none.

        Words that merely count are no conditions: a near document need not have them.
        """
        demanded: tuple[Query, ...] = (self.filters,) if self.filters else ()
        forbidden: tuple[Query, ...] = ()
        if isinstance(self.tree, Bool):
            demanded += (*self.tree.must, *self.tree.filter)
            forbidden = self.tree.must_not
        if not (demanded or forbidden):
            return None
        return self.matcher.matches(Bool(must=(MatchAll(),), must_not=forbidden, filter=demanded))


class SignalRanking(Protocol):
    """Documents ranked by signals."""

    numbers: Numbers
    """Best first."""
    scores: Scores

    def explain(self, number: int) -> SignalExplanation:
        """Return how a document's score comes about."""


R = TypeVar("R", bound=SignalRanking)


@dataclass(frozen=True, slots=True)
class RankingPage(Generic[R]):
    """Some results in their order, and the ranking that they are from."""

    ranking: R
    numbers: Numbers
    scores: Scores
    following: Callable[[], str] | None
    """Makes the cursor of the next page; None if this is the last."""

    @classmethod
    def cut(cls, ranking: R, place: int, k: int, following: Callable[[], str]) -> Self:
        """Return the k results behind a place; ``following`` counts if more come behind them."""
        behind = place + k
        more = following if behind < len(ranking.numbers) else None
        return cls(ranking, ranking.numbers[place:behind], ranking.scores[place:behind], more)


class NearestRanking:
    """The documents nearest to a query in meaning, with their cosines."""

    def __init__(
        self, query: SemanticQuery, vectors: VectorSearcher, vector: NDArray[np.float32], depth: int
    ) -> None:
        """Find the nearest ``depth`` documents to a vector, shape (dim,)."""
        self._vectors, self._vector, self._allowed = vectors, vector, query.allowed()
        self.numbers: Numbers
        self.scores: Scores
        self.numbers, self.scores = vectors.search(vector, depth, self._allowed)

    def cosine(self, number: int) -> float | None:
        """Return a document's cosine as this search has it, however far away; None if it has none.

        It is None for a document that does not meet the query's conditions, too.
        """
        places = np.flatnonzero(self.numbers == number)
        if len(places):
            return float(self.scores[places[0]])
        return self._vectors.exact_score(self._vector, number, self._allowed)

    def explain(self, number: int) -> SignalExplanation:
        """Return a document's cosine as the explanation of its score."""
        cosine = self.cosine(number)
        note = self.why_none(number) if cosine is None else ""
        return SignalExplanation("cosine", cosine, cosine or 0.0, note=note)

    def why_none(self, number: int) -> str:
        """Return why a document has no cosine."""
        place = bisect_right(self._vectors.snapshot.bases, number) - 1
        doc = number - self._vectors.snapshot.bases[place]
        if not self._vector.any():
            return "the query has no word that the embedder knows"
        if self._allowed is not None and not self._allowed[place][doc]:
            return "it does not meet the query's conditions"
        return "it has no vector"


class HybridRanking:
    """The best documents by words and the nearest in meaning, fused by their normalised scores."""

    def __init__(
        self,
        query: SemanticQuery,
        nearest: NearestRanking,
        depth: int,
        weight: float,
    ) -> None:
        """Fuse the nearest documents with the best ``depth`` by words."""
        self._query, self._nearest, self._depth = query, nearest, depth
        found = query.matcher.search(query.matched, depth)
        self._words, self._meaning = weigh(
            [(found.numbers, found.scores), (nearest.numbers, nearest.scores)], [1 - weight, weight]
        )
        self.numbers: Numbers
        self.scores: Scores
        self.numbers, self.scores = fuse((self._words, self._meaning))

    def explain(self, number: int) -> SignalExplanation:
        """Return how a document's fused score comes about; 0 for one that was not fused."""
        parts = (self._explain_words(number), self._explain_meaning(number))
        # Not sum(): from Python 3.12 on it compensates rounding, which NumPy's additions do not.
        score = reduce(operator.add, (part.score for part in parts), 0.0)
        note = "neither ranking has it, so it was not fused" if all(p.note for p in parts) else ""
        return SignalExplanation("hybrid", score, score, parts=parts, note=note)

    def _explain_words(self, number: int) -> SignalExplanation:
        words = self._query.matcher.explain(self._query.matched, number)
        score, note = self._words.score(number), ""
        if score is None:
            note = f"it is not among the best {self._depth} by words"
            if not words.matches:
                note = "the words do not find it"
        normalized = self._words.normalized(score)
        return SignalExplanation(
            name="words",
            value=words.score if words.matches else None,
            score=self._words.weight * normalized,
            scale=self._words.scale,
            normalized=normalized,
            weight=self._words.weight,
            words=words,
            note=note,
        )

    def _explain_meaning(self, number: int) -> SignalExplanation:
        score, note = self._meaning.score(number), ""
        cosine = self._nearest.cosine(number)
        if score is None:
            note = f"it is not among the nearest {self._depth}"
            if cosine is None:
                note = self._nearest.why_none(number)
        normalized = self._meaning.normalized(score)
        return SignalExplanation(
            name="meaning",
            value=cosine,
            score=self._meaning.weight * normalized,
            scale=self._meaning.scale,
            normalized=normalized,
            weight=self._meaning.weight,
            note=note,
        )


SemanticRanking = NearestRanking | HybridRanking
"""``numbers`` and ``scores`` of documents, best first, and how to `explain` those of any."""
