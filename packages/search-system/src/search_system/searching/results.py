"""What a search returns."""

from dataclasses import dataclass, field
from functools import cached_property

from search_system.query.ast import Query
from search_system.query.lexer import Repair
from search_system.query.plain_words import PlainWords
from search_system.retrieval.matcher import Matcher
from search_system.retrieval.pages import cursor_behind
from search_system.searching.hit import Hit


@dataclass  # freezing it would take 2 microseconds of each search
class Results:
    """The best hits of a query, and what is known beside them."""

    query: str
    hits: list[Hit]
    repairs: tuple[Repair, ...]
    """What was odd about the query string, and how it was read."""
    facets: dict[str, list[tuple[str, int]]]
    """The most frequent values of the fields asked for, with the numbers of documents."""
    reading: Query | PlainWords = field(repr=False)
    """The query as it was read: see `tree`."""
    matcher: Matcher = field(repr=False, compare=False)
    counted: bool = field(repr=False)
    """Whether it can be said how many match: all documents are more or less near in meaning."""
    page_cursor: str | None = field(repr=False)
    """The cursor of hits that were found as a page."""
    full: bool = field(repr=False)
    """Whether more hits by score may follow, so that a cursor can be made."""

    @cached_property
    def tree(self) -> Query:
        """The query with its filters, and with index terms as its leaves."""
        reading = self.reading
        return reading.tree() if isinstance(reading, PlainWords) else reading

    @cached_property
    def total(self) -> int | None:
        """The number of documents that match, counted when first asked for; None by meaning."""
        return self.matcher.count(self.tree) if self.counted else None

    @cached_property
    def cursor(self) -> str | None:
        """Where the next page begins; None if this was the last, and of hits by meaning."""
        if not self.full:
            return self.page_cursor
        return cursor_behind(self.matcher, self.tree, self.hits[-1].score, self.hits[-1].number)
