"""Search by meaning, alone or beside words, among the vectors of one snapshot.

Hybrid results are the best by words and the nearest in meaning, fused by a convex combination of
their normalised scores; conditions (filters, -words, +words) hold for both. The weight of meaning
is right for the default embedder; a stronger one deserves more (`benchmarks/hybrid.py` finds it).
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from search_system.dense.embedder import Embedder, embedder_named
from search_system.dense.index import VectorSearcher
from search_system.errors import OptionError
from search_system.fusion import Ranking, convex_combination
from search_system.query.ast import Bool, Boost, Fuzzy, MatchAll, Phrase, Prefix, Query, Term
from search_system.retrieval.filters import with_filter
from search_system.retrieval.matcher import Matcher
from search_system.schema import IndexSchema, VectorField
from search_system.store.snapshot import Snapshot

Mode = Literal["lexical", "dense", "hybrid", "ranked"]

DENSE_WEIGHT = 0.3
_DEPTH = 100
"""How many documents of each ranking are fused, if not more are asked for."""


def check_search(k: int, mode: str, sort: Sequence[str], cursor: str | None) -> None:
    """Raise `OptionError` for options of a search that make no sense, alone or together."""
    if k < 1:
        raise OptionError(f"k must be a whole number from 1 up, not {k}")
    if mode not in get_args(Mode):
        raise OptionError(f"mode must be one of {', '.join(get_args(Mode))}, not {mode!r}")
    if mode != "lexical" and (sort or cursor is not None):
        raise OptionError("sort and cursor go with mode 'lexical'")


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
        self,
        text: str,
        tree: Query,
        matcher: Matcher,
        k: int,
        *,
        filters: Query | None,
        mode: Mode,
        weight: float,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the numbers and scores of the k best documents, best first.

        Args:
            text: what to embed.
            tree: the query, whose conditions hold and whose words count in hybrid results.
            matcher: for the words.
            k: how many documents.
            filters: conditions beside those of the query.
            mode: dense or hybrid.
            weight: of meaning beside words, from 0 to 1.
        """
        if not 0 <= weight <= 1:
            raise OptionError(f"dense_weight must be a number from 0 to 1, not {weight!r}")
        depth = k if mode == "dense" else max(k, _DEPTH)
        vector = self.embedder.embed_queries([text])[0]
        nearest = self.vectors.search(vector, depth, allowed_by(tree, filters, matcher))
        if mode == "dense":
            return nearest
        found = matcher.search(with_filter(tree, filters) if filters else tree, depth)
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


def allowed_by(
    tree: Query, filters: Query | None, matcher: Matcher
) -> Sequence[NDArray[np.bool_]] | None:
    """Return which documents meet the conditions of a query and filters; None if there are none.

    Words that merely count are no conditions: a near document need not have them.
    """
    demanded: tuple[Query, ...] = (filters,) if filters else ()
    forbidden: tuple[Query, ...] = ()
    if isinstance(tree, Bool):
        demanded += (*tree.must, *tree.filter)
        forbidden = tree.must_not
    if not (demanded or forbidden):
        return None
    return matcher.matches(Bool(must=(MatchAll(),), must_not=forbidden, filter=demanded))


def counting_text(query: Query) -> str:
    """Return the words of a parsed query that ask for something: no operators, nothing forbidden.

    Words in a field of their own (title:red) count too; numbers and dates of ranges do not.
    """
    match query:
        case Bool(must, should):
            return " ".join(filter(None, map(counting_text, (*must, *should))))
        case Boost(child):
            return counting_text(child)
        case Term(text) | Phrase(text) | Prefix(text) | Fuzzy(text):
            return text
    return ""
