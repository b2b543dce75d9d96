"""A query tree as what it needs and what it adds up.

A score is a sum over leaves, so boosts go down to the leaves and groups can be flattened: a plan's
`Group` says which conditions a document must meet (``required``, ``excluded``) and, apart from
that, which clauses add to its score if it has them. Where all that scores are terms, the scoring
kernels find the best documents and the conditions become a mask; else everything is added up
densely. Both see the same plan, so they agree to the last bit.

Terms score by BM25F. Ranges, keywords and `MatchAll` score 1 (as Lucene's constant scores), times
the boost. A phrase scores what its terms do. A prefix or fuzzy word is the group of the terms that
it stands for; of a keyword field, it scores 1.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from search_system.errors import OptionError
from search_system.query.ast import (
    BOOST_LIMITS,
    NOTHING,
    Bool,
    Boost,
    Fuzzy,
    MatchAll,
    Phrase,
    Prefix,
    Query,
    Range,
    Term,
    TermPhrase,
)
from search_system.query.values import equal
from search_system.schema import DateField, IndexSchema, KeywordField, NumberField, TextField
from search_system.scoring import merging
from search_system.scoring.merging import FieldTerm
from search_system.scoring.parameters import BM25F

Expand: TypeAlias = Callable[[Prefix | Fuzzy], Sequence[tuple[merging.Term, float]]]
"""Returns the index terms that an unfinished or misspelt word stands for, with their weights."""

_CONDITIONS = 1024
_GRID = 2.0**40
"""Parts of scores are multiples of 2^-40 (see `search_system.scoring.kernels.preparation`)."""


@dataclass(frozen=True, slots=True)
class ScoredTerm:
    """A term that adds its part of BM25F."""

    term: merging.Term
    weight: float


Value: TypeAlias = Term | Prefix | Fuzzy | Range | MatchAll
"""A leaf that asks for values of a column."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A leaf that adds the same to each document it matches."""

    query: Value
    score: float


@dataclass(frozen=True, slots=True)
class ScoredPhrase:
    """A phrase in any of some fields, which adds the parts of its terms."""

    query: TermPhrase
    fields: tuple[str, ...]
    terms: Mapping[merging.Term, float]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A condition: at least one of these matches."""

    members: tuple["Node", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A condition whose mask is kept for the next query.

    A planner makes one object of equal queries, so it is known by its identity.
    """

    node: "Node"


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions, and clauses that add to the scores of the documents that meet them."""

    query: Query
    required: tuple["Node", ...]
    excluded: tuple["Node", ...]
    terms: Mapping[merging.Term, float]
    others: tuple["Node", ...]
    """Scoring clauses that are no terms."""
    union: bool = False
    """Whether the only condition is that one of the scoring clauses matches."""


Node: TypeAlias = ScoredTerm | Constant | ScoredPhrase | AnyOf | Condition | Group


class Planner:
    """Makes plans of query trees for an index and the parameters of its scorer."""

    def __init__(self, schema: IndexSchema, parameters: BM25F, expand: Expand) -> None:
        self._fields = schema.fields
        self._expand = expand
        self._counted = tuple(
            name for name, values in parameters.fields.items() if values.weight > 0
        )
        # Filters come again with other words, and planning one can take longer than using it.
        self._condition = lru_cache(_CONDITIONS)(self._plan_condition)

    def plan(self, query: Query) -> Group:
        """Return the plan of a query.

        Raises:
            OptionError: it names a field that the schema lacks or that cannot be searched like
                this, or it was not rewritten.
        """
        node = self._node(query, 1.0)
        return node if isinstance(node, Group) else self._group(Bool(should=(query,)), 1.0)

    def _node(self, query: Query, weight: float) -> Node:
        match query:
            case Bool():
                return self._group(query, weight)
            case Boost(child, factor):
                return self._node(child, _limited(weight * factor))
            case Term():
                return self._term(query, weight)
            case TermPhrase():
                return self._phrase(query, weight)
            case Prefix() | Fuzzy():
                return self._expanded(query, weight)
            case Range() | MatchAll():
                if isinstance(query, Range):
                    self._field(query.field)
                return _constant(query, weight)
            case Phrase():
                raise OptionError(
                    f"expected a rewritten query, found the phrase '{query.text}'; "
                    f"use search_system.query.rewrite.rewrite first"
                )

    def _field(self, name: str) -> TextField | KeywordField | NumberField | DateField:
        found = self._fields.get(name)
        if isinstance(found, TextField | KeywordField | NumberField | DateField):
            return found
        known = [n for n, f in self._fields.items() if f.type != "stored"]
        problem = f"no field '{name}' to search" if found is None else f"'{name}' is only stored"
        raise OptionError(f"{problem}; there are {', '.join(known)}")

    def _term(self, query: Term, weight: float) -> Node:
        if query.field is None:
            return ScoredTerm(query.text, weight)
        match self._field(query.field):
            case TextField():
                return ScoredTerm(FieldTerm(query.text, (query.field,)), weight)
            case KeywordField():
                return _constant(query, weight)
            case NumberField() | DateField() as column:
                kind = "number" if isinstance(column, NumberField) else "date"
                found = equal(query.field, kind, query.text)  # type: ignore[arg-type]
                if found is None:
                    raise OptionError(f"'{query.text}' is no {kind} for field '{query.field}'")
                return _constant(found, weight)

    def _phrase(self, query: TermPhrase, weight: float) -> Node:
        if query.field is not None and not isinstance(self._field(query.field), TextField):
            raise OptionError(f"'{query.field}' is no text, so it cannot hold a phrase")
        fields = self._counted if query.field is None else (query.field,)
        terms: dict[merging.Term, float] = {}
        for text in query.terms:
            term = text if query.field is None else FieldTerm(text, fields)
            terms[term] = _limited(terms.get(term, 0.0) + weight)
        return ScoredPhrase(query, fields, terms)

    def _expanded(self, query: Prefix | Fuzzy, weight: float) -> Node:
        if query.field is not None:
            column = self._field(query.field)
            if isinstance(column, KeywordField):
                return _constant(query, weight)
            if not isinstance(column, TextField):
                raise OptionError(f"'{query.field}' is a {column.type}, where * and ~ do not work")
        members = tuple(
            ScoredTerm(term, _limited(weight * share)) for term, share in self._expand(query)
        )
        scored = _Scoring()
        for member in members:
            scored.add(member)
        return scored.group(query, [AnyOf(members)], [], union=True)

    def _group(self, query: Bool, weight: float) -> Group:
        scored = _Scoring()
        required: list[Node] = []
        excluded: list[Node] = [self._condition(child) for child in query.must_not]
        for child in query.must:
            node = self._node(child, weight)
            if isinstance(node, Group):
                required += node.required
                excluded += node.excluded
                scored.add_all(node)
            else:
                required.append(node)
                scored.add(node)
        members = list(self._alternatives(query.should, weight, scored))
        if (query.should and not query.must) or query == NOTHING:
            required.append(AnyOf(tuple(members)))
        required += [self._condition(child) for child in query.filter]
        union = not (query.must or query.must_not or query.filter)
        return scored.group(query, required, excluded, union=union)

    def _alternatives(
        self, should: Iterable[Query], weight: float, scored: "_Scoring"
    ) -> Iterator[Node]:
        """Yield what matches a list of clauses, and note what they score."""
        for child in should:
            node = self._node(child, weight)
            if isinstance(node, Group) and node.union:
                (condition,) = node.required
                assert isinstance(condition, AnyOf)
                yield from condition.members
                scored.add_all(node)
            else:
                yield node
                scored.add(node)

    def _plan_condition(self, query: Query) -> Condition:
        return Condition(self._node(query, 1.0))


@dataclass(slots=True)
class _Scoring:
    """The scoring clauses of a group, gathered one by one; a term comes once, with all weights."""

    terms: dict[merging.Term, float] = field(default_factory=dict)
    others: list[Node] = field(default_factory=list)

    def add(self, node: Node) -> None:
        """Add a clause."""
        if isinstance(node, ScoredTerm):
            self.terms[node.term] = _limited(self.terms.get(node.term, 0.0) + node.weight)
        else:
            self.others.append(node)

    def add_all(self, group: Group) -> None:
        """Add the clauses of a group."""
        for term, weight in group.terms.items():
            self.add(ScoredTerm(term, weight))
        self.others += group.others

    def group(
        self, query: Query, required: Iterable[Node], excluded: Iterable[Node], *, union: bool
    ) -> Group:
        """Return the group of these clauses under some conditions."""
        conditions = tuple(self._with_weights(node) for node in required)
        return Group(query, conditions, tuple(excluded), self.terms, tuple(self.others), union)

    def _with_weights(self, node: Node) -> Node:
        """Give terms in conditions the weights they score with, so that they are prepared once."""
        if isinstance(node, AnyOf):
            return AnyOf(tuple(self._with_weights(member) for member in node.members))
        if isinstance(node, ScoredTerm):
            return ScoredTerm(node.term, self.terms.get(node.term, node.weight))
        return node


def _limited(weight: float) -> float:
    return min(max(weight, BOOST_LIMITS[0]), BOOST_LIMITS[1])


def _constant(query: Value, weight: float) -> Constant:
    return Constant(query, round(weight * _GRID) / _GRID)
