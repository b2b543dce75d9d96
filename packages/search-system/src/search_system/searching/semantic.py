"""Search by meaning, alone or beside words, among the vectors of one snapshot.

Hybrid results are the best by words and the nearest in meaning, fused by a convex combination of
their normalised scores; conditions (filters, -words, +words) hold for both. The weight of meaning
is right for the default embedder; a stronger one deserves more (`benchmarks/hybrid.py` finds it).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from search_system.dense.embedder import Embedder, embedder_named
from search_system.dense.index import VectorSearcher
from search_system.errors import OptionError
from search_system.fusion import Ranking, convex_combination
from search_system.query.ast import Bool, MatchAll, Query
from search_system.retrieval.matcher import Matcher
from search_system.schema import IndexSchema, VectorField
from search_system.store.snapshot import Snapshot

Mode = Literal["lexical", "dense", "hybrid"]

DENSE_WEIGHT = 0.3
_DEPTH = 100
"""How many documents of each ranking are fused, if not more are asked for."""


class Semantic:
    """The vectors of a snapshot, and the model that embeds queries."""

    def __init__(
        self, snapshot: Snapshot, field: str, embedder: Embedder, previous: "Semantic | None"
    ) -> None:
        self.embedder = embedder
        self.vectors: VectorSearcher = VectorSearcher(
            snapshot, field, previous=previous.vectors if previous else None
        )

    @classmethod
    def of(cls, snapshot: Snapshot, previous: "Semantic | None" = None) -> "Semantic":
        """Return the search by the first vector field of an index.

        Raises:
            OptionError: it has none, or its embedder is not installed.
        """
        name, field = vector_field(snapshot.schema)
        known = previous is not None and previous.embedder.name == field.embedder
        embedder = previous.embedder if known and previous else embedder_named(field.embedder)
        return cls(snapshot, name, embedder, previous)

    def search(
        self, text: str, tree: Query, matcher: Matcher, k: int, *, mode: Mode, weight: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the numbers and scores of the k best documents, best first.

        Args:
            text: the query as typed, to embed.
            tree: the query, whose conditions hold and whose words count in hybrid results.
            matcher: for the words.
            k: how many documents.
            mode: dense or hybrid.
            weight: of meaning beside words, from 0 to 1.
        """
        if not 0 <= weight <= 1:
            raise OptionError(f"dense_weight must be a number from 0 to 1, not {weight}")
        depth = k if mode == "dense" else max(k, _DEPTH)
        vector = self.embedder.embed_queries([text])[0]
        nearest = self.vectors.search(vector, depth, allowed_by(tree, matcher))
        if mode == "dense":
            return nearest
        found = matcher.search(tree, depth)
        words: Ranking = found.numbers, found.scores
        numbers, scores = convex_combination([words, nearest], [1 - weight, weight])
        return numbers[:k], scores[:k]


def vector_field(schema: IndexSchema) -> tuple[str, VectorField]:
    """Return the first vector field; raise `OptionError` if there is none."""
    fields = schema.of_type(VectorField)
    if not fields:
        raise OptionError(
            "the index has no vectors; build it with a field of type vector "
            "(search-system index --vectors wordllama)"
        )
    return next(iter(fields.items()))


def allowed_by(tree: Query, matcher: Matcher) -> Sequence[NDArray[np.bool_]] | None:
    """Return which documents meet the conditions of a query; None if it has none.

    Words that merely count are no conditions: a near document need not have them.
    """
    conditions = conditions_of(tree)
    return None if conditions is None else matcher.matches(conditions)


def conditions_of(tree: Query) -> Query | None:
    """Return what a query demands and forbids, without what only counts; None if it is nothing."""
    if not isinstance(tree, Bool) or not (tree.must or tree.must_not or tree.filter):
        return None
    inner = [conditions_of(child) if _only_counts(child) else child for child in tree.must]
    demanded = tuple(child for child in inner if child is not None)
    if not (demanded or tree.must_not or tree.filter):
        return None
    return Bool(must=(MatchAll(),), must_not=tree.must_not, filter=(*demanded, *tree.filter))


def _only_counts(query: Query) -> bool:
    """Return whether a demanded clause is a group of optional words, as filters wrap a query."""
    return isinstance(query, Bool)
