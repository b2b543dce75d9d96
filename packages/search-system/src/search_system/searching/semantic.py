"""Search by meaning, alone or beside words, among the vectors of one snapshot.

Hybrid results are the best by words and the nearest in meaning, fused by a convex combination of
their normalised scores; conditions (filters, -words, +words) hold for both. The weight of meaning
is right for the default embedder; a stronger one deserves more (`benchmarks/hybrid.py` finds it).

Pages are cut from one ranking. Results by meaning alone go on to the last document that has a
vector. Hybrid ones end where the fused documents end: the best by words and the nearest, each
`DEPTH` deep or as deep as the first page was long. All pages of a search fuse the same documents,
or their scores would change from page to page; the cursor says how many that were.
"""

from collections.abc import Sequence
from functools import partial
from numbers import Integral
from typing import Literal, get_args

from search_system.dense.embedder import Embedder, embedder_named
from search_system.dense.index import VectorSearcher
from search_system.errors import OptionError
from search_system.query.ast import Bool, Boost, Fuzzy, Phrase, Prefix, Query, Term
from search_system.retrieval.cursor import Cursor, fingerprint
from search_system.retrieval.pages import query_mark
from search_system.schema import IndexSchema, VectorField
from search_system.searching.semantic_ranking import (
    HybridRanking,
    NearestRanking,
    RankingPage,
    SemanticQuery,
    SemanticRanking,
)
from search_system.store.snapshot import Snapshot

Mode = Literal["lexical", "dense", "hybrid", "ranked"]

DENSE_WEIGHT = 0.3
DEPTH = 100
"""How many documents of each ranking are fused, if the first page does not show more."""


def check_search(k: int, mode: str, dense_weight: float | None, sort: Sequence[str] = ()) -> None:
    """Raise `OptionError` for options of a search that make no sense, alone or together."""
    wanted: object = k  # whatever a caller may have put there
    if not isinstance(wanted, Integral) or k < 1:
        raise OptionError(f"k must be a whole number from 1 up, not {k}")
    if mode not in get_args(Mode):
        raise OptionError(f"mode must be one of {', '.join(get_args(Mode))}, not {mode!r}")
    if dense_weight is not None and not 0 <= dense_weight <= 1:
        raise OptionError(f"dense_weight must be a number from 0 to 1, not {dense_weight!r}")
    if mode != "lexical" and sort:
        raise OptionError("sort goes with mode 'lexical': by meaning, all documents match")


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

    def rank(self, query: SemanticQuery, depth: int) -> SemanticRanking:
        """Return the nearest ``depth`` documents, fused with as many by words if these count."""
        vector = self.embedder.embed_queries([query.text])[0]
        nearest = NearestRanking(query, self.vectors, vector, depth)
        if query.weight is None:
            return nearest
        return HybridRanking(query, nearest, depth, query.weight)

    def page(
        self, query: SemanticQuery, k: int, cursor: str | None = None
    ) -> RankingPage[SemanticRanking]:
        """Return the first k documents, or the k behind a cursor.

        Raises:
            OptionError: the cursor is none of this query.
        """
        depth, place = (max(k, DEPTH), 0) if cursor is None else _read_cursor(cursor, query)
        behind = place + k
        ranking = self.rank(query, behind + 1 if query.weight is None else depth)
        return RankingPage.cut(ranking, place, k, partial(_make_cursor, query, depth, behind))


def _mark(query: SemanticQuery) -> str:
    """Return what tells this query from others."""
    return fingerprint(query.text, query.weight, query_mark(query.matcher, query.matched))


def _make_cursor(query: SemanticQuery, depth: int, place: int) -> str:
    return Cursor(_mark(query), (depth,), place).encode()


def _read_cursor(text: str, query: SemanticQuery) -> tuple[int, int]:
    """Return how deep the rankings are that a cursor's pages are cut from, and its place."""
    cursor = Cursor.decode(text, _mark(query), 1)
    (depth,) = cursor.keys
    if depth is None or isinstance(depth, str) or depth < 1 or cursor.number < 0:
        raise OptionError(f"expected a cursor with a depth and a place, found {text[:60]!r}")
    return int(depth), cursor.number


def vector_field(schema: IndexSchema) -> tuple[str, VectorField]:
    """Return the first vector field; raise `OptionError` if there is none."""
    fields = schema.of_type(VectorField)
    if not fields:
        raise OptionError(
            "the index has no vectors; build it with a field of type vector "
            "(search-system index --vectors wordllama)"
        )
    return next(iter(fields.items()))


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
