"""What a search returns."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from search_system.query.ast import Query
from search_system.query.lexer import Repair
from search_system.query.plain_words import PlainWords
from search_system.retrieval.matcher import Matcher
from search_system.searching.hit import Hit
from search_system.searching.pipeline import PipelineRanking
from search_system.searching.semantic_ranking import SemanticRanking
from search_system.searching.signals import ScoreExplanation


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
    ranking: SemanticRanking | PipelineRanking | None = field(repr=False, compare=False)
    """What hits by more than words are from; None of hits by words alone."""
    following: Callable[[], str | None] | None = field(repr=False, compare=False)
    """Makes the cursor, which takes as long as a quick search; None if this page is the last."""
    understood: str | None = None
    """What was searched for in ranked results, where it is not what was typed."""

    @cached_property
    def tree(self) -> Query:
        """The query with its filters, and with index terms as its leaves."""
        reading = self.reading
        return reading.tree() if isinstance(reading, PlainWords) else reading

    @cached_property
    def total(self) -> int | None:
        """The number of documents that match, counted when first asked for.

        None by meaning: all documents are more or less near.
        """
        return self.matcher.count(self.tree) if self.ranking is None else None

    @cached_property
    def cursor(self) -> str | None:
        """Where the next page begins; None if this was the last."""
        return self.following() if self.following else None

    def explain(self, hit: Hit) -> ScoreExplanation:
        """Return how the score of a hit comes about, which it equals to the last bit.

        Where columns gave the order, it is the score that the hit would have.
        """
        if self.ranking is None:
            return self.matcher.explain(self.tree, hit.number)
        return self.ranking.explain(hit.number)
