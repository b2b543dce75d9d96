"""What a search returns."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from search_system.query.ast import Query
from search_system.query.lexer import Repair
from search_system.retrieval.matcher import Matcher
from search_system.searching.searcher import Searcher


@dataclass(frozen=True)
class Hit:
    """A document found; the document itself is read when it is asked for."""

    id: str
    score: float
    number: int
    """The document's number in the snapshot that was searched."""
    searcher: Searcher = field(repr=False, compare=False)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document as it was added."""
        return self.searcher.document(self.number)


@dataclass(frozen=True)
class Results:
    """The best hits of a query, and what is known beside them."""

    query: str
    hits: list[Hit]
    repairs: tuple[Repair, ...]
    """What was odd about the query string, and how it was read."""
    tree: Query = field(repr=False)
    """The query, with index terms as its leaves."""
    matcher: Matcher = field(repr=False, compare=False)

    @cached_property
    def total(self) -> int:
        """The number of documents that match, counted when it is first asked for."""
        return self.matcher.count(self.tree)

    def __len__(self) -> int:
        """Return the number of hits."""
        return len(self.hits)
