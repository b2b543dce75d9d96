"""Gather the clauses of a group by what their signs and the operators between them say."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from search_system.query.ast import Bool, Query


@dataclass(slots=True)
class Clauses:
    """A `Bool` that grows."""

    must: list[Query] = field(default_factory=list)
    should: list[Query] = field(default_factory=list)
    must_not: list[Query] = field(default_factory=list)
    filter: list[Query] = field(default_factory=list)

    def add(self, sign: str, query: Query) -> None:
        """Add a clause with the sign +, -, # or none."""
        members = {"+": self.must, "-": self.must_not, "#": self.filter}
        members.get(sign, self.should).append(query)

    def query(self) -> Bool:
        """Return what was gathered."""
        return Bool(tuple(self.must), tuple(self.should), tuple(self.must_not), tuple(self.filter))


def conjunction(operands: Sequence[Query]) -> Bool:
    """Return the query for operands of AND; one with a sign of its own keeps it."""
    clauses = Clauses()
    for query in operands:
        if isinstance(query, Bool) and not query.should and len(query.must) < 2:
            clauses.must += query.must
            clauses.must_not += query.must_not
            clauses.filter += query.filter
        else:
            clauses.add("+", query)
    return clauses.query()
