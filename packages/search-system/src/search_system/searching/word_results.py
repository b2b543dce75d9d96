"""Pages of what is found by words, as results: the best, what follows them, or a sorted list."""

from collections.abc import Callable, Sequence
from functools import partial

from search_system.query.lexer import Repair
from search_system.retrieval.pages import cursor_behind, find_page
from search_system.searching.results import Results
from search_system.searching.searcher import Searcher
from search_system.searching.semantic_ranking import SemanticQuery


def word_results(
    searcher: Searcher,
    query: str,
    repairs: tuple[Repair, ...],
    asked: SemanticQuery,
    k: int,
    *,
    sort: Sequence[str],
    cursor: str | None,
    facets: Sequence[str],
) -> Results:
    """Return k results of a query string, as it was read."""
    matched, matcher = asked.matched, asked.matcher
    following: Callable[[], str | None] | None = None
    if sort or cursor is not None:
        page = find_page(matcher, matched, k, sort, cursor)
        hits, following = searcher.hits(page.numbers, page.scores), lambda: page.cursor
    else:
        found = matcher.search(matched, k)
        hits = searcher.hits(found.numbers, found.scores)
        if len(hits) == k:
            last = hits[-1]
            following = partial(cursor_behind, matcher, matched, last.score, last.number)
    counts = searcher.facets(matched, facets, matcher)
    return Results(query, hits, repairs, counts, matched, matcher, None, following)
