"""Pages of what is ranked by more than words, as results."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from search_system.query.lexer import Repair
from search_system.searching.pipeline import PipelineRanking
from search_system.searching.results import Results
from search_system.searching.searcher import Searcher
from search_system.searching.semantic_ranking import RankingPage, SemanticQuery


def signal_results(
    searcher: Searcher,
    query: str,
    repairs: tuple[Repair, ...],
    asked: SemanticQuery,
    page: RankingPage[Any],
    *,
    facets: Sequence[str],
) -> Results:
    """Return a page as the results of a query string, as it was read; its words are counted.

    A query that was understood as other words, and has no conditions that would be lost, is
    highlighted and counted by these.
    """
    hits, understood = searcher.hits(page.numbers, page.scores), None
    if isinstance(page.ranking, PipelineRanking):
        searched_for = page.ranking.understood
        if searched_for != asked.text and asked.tree == searcher.words_of(asked.text)[0]:
            understood = searched_for
            asked = replace(asked, tree=searcher.words_of(understood)[0])
    counts = searcher.facets(asked.matched, facets, asked.matcher)
    ranked = page.ranking, page.following, understood
    return Results(query, hits, repairs, counts, asked.matched, asked.matcher, *ranked)
