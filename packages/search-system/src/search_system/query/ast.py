"""The query tree: what a query string means, before and after its words become index terms.

::

    Query = Term | Phrase | TermPhrase | Prefix | Fuzzy | Range | MatchAll | Boost | Bool

Leaves name their field themselves; None means the fields that are searched by default. Nodes are
plain values: equal trees are equal queries, and a tree can be a key of a cache.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

Value: TypeAlias = float | str | datetime
"""An end of a range: of a number, keyword or date field (UTC)."""

BOOST_LIMITS = (1e-6, 1e6)


@dataclass(frozen=True, slots=True)
class Term:
    """A word as typed, which an analyzer may split; of a keyword field, the whole value."""

    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in this order, with at most ``slop`` moves of one place between them."""

    text: str
    slop: int = 0
    field: str | None = None


@dataclass(frozen=True, slots=True)
class TermPhrase:
    """A phrase after analysis: index terms at places relative to the first."""

    terms: tuple[str, ...]
    places: tuple[int, ...]
    """0 for the first term; a stop word between two terms leaves a gap."""
    slop: int = 0
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Prefix:
    """Terms that begin like this."""

    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Terms within ``edits`` (1 or 2) insertions, deletions, substitutions or transpositions."""

    text: str
    edits: int = 1
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Documents with a value between two ends; None is an open end.

    Open at both ends: documents that have any value in the field, whatever its kind.
    """

    field: str
    low: Value | None = None
    high: Value | None = None
    include_low: bool = True
    include_high: bool = True


@dataclass(frozen=True, slots=True)
class MatchAll:
    """Every document."""


@dataclass(frozen=True, slots=True)
class Boost:
    """A query whose score counts ``factor`` times."""

    query: "Query"
    factor: float


@dataclass(frozen=True, slots=True)
class Bool:
    """Documents that match all of ``must`` and ``filter`` and none of ``must_not``.

    With nothing in ``must``, at least one of ``should`` has to match too, if there is one. The
    score is the sum over what matches of ``must`` and ``should``. With ``must_not`` alone: all
    other documents. An empty one matches nothing.
    """

    must: tuple["Query", ...] = ()
    should: tuple["Query", ...] = ()
    must_not: tuple["Query", ...] = ()
    filter: tuple["Query", ...] = ()


Leaf: TypeAlias = Term | Phrase | TermPhrase | Prefix | Fuzzy | Range | MatchAll
Query: TypeAlias = Leaf | Boost | Bool

NOTHING = Bool()
_WITH_TEXT = (Term, Phrase, Prefix, Fuzzy)


def allowed_edits(word: str) -> int:
    """Return how many edits a word of this length can bear and still be told from others.

    None below 3 characters, one below 6, else two: the rule of Elasticsearch's AUTO fuzziness.
    """
    return 0 if len(word) < 3 else 1 if len(word) < 6 else 2


def leaves(query: Query) -> Iterator[Leaf]:
    """Yield the leaves of a tree, in their order."""
    if isinstance(query, Boost):
        yield from leaves(query.query)
    elif isinstance(query, Bool):
        for child in (*query.must, *query.should, *query.must_not, *query.filter):
            yield from leaves(child)
    else:
        yield query


def simplify(query: Query) -> Query:
    """Return the simplest tree of the same meaning: what the parser returns.

    Groups of one are their member (unless it has a sign: +wi-fi needs both parts), boosts of boosts
    one boost, an open end counts as included, and what says nothing (an empty group, an empty text,
    a boost of one) is left out.
    """
    if isinstance(query, _WITH_TEXT):
        return query if query.text.strip() else NOTHING
    if isinstance(query, Bool):
        return _simplify_bool(query)
    if isinstance(query, Boost):
        return _simplify_boost(query)
    if isinstance(query, Range):
        return replace(
            query,
            include_low=query.include_low or query.low is None,
            include_high=query.include_high or query.high is None,
        )
    return query


def _simplify_bool(query: Bool) -> Query:
    must, should, must_not, filters = (
        tuple(s for child in children if (s := simplify(child)) != NOTHING)
        for children in (query.must, query.should, query.must_not, query.filter)
    )
    if len(should) == 1 and not (must or must_not or filters):
        return should[0]
    return Bool(must, should, must_not, filters)


def _simplify_boost(query: Boost) -> Query:
    child, factor = simplify(query.query), query.factor
    if isinstance(child, Boost):
        factor *= child.factor
        child = child.query
    factor = min(max(factor, BOOST_LIMITS[0]), BOOST_LIMITS[1])
    return child if factor == 1.0 or child == NOTHING else Boost(child, factor)


def limit_depth(query: Query, levels: int) -> Query:
    """Return a tree of at most so many levels of groups: deeper ones become one list of words."""
    if isinstance(query, Boost):
        return replace(query, query=limit_depth(query.query, levels))
    if not isinstance(query, Bool):
        return query
    if levels == 1:
        return Bool(should=tuple(leaves(query)))
    must, should, must_not, filters = (
        tuple(limit_depth(child, levels - 1) for child in children)
        for children in (query.must, query.should, query.must_not, query.filter)
    )
    return Bool(must, should, must_not, filters)


def depth(query: Query) -> int:
    """Return how many groups lie within each other."""
    if isinstance(query, Boost):
        return depth(query.query)
    if not isinstance(query, Bool):
        return 0
    children = (*query.must, *query.should, *query.must_not, *query.filter)
    return 1 + max(map(depth, children), default=0)
