"""Search for plain words, straight from the analyzer to the scoring kernels."""

from functools import partial

from search_system.query.plain_words import PlainWords
from search_system.retrieval.matcher import Matcher
from search_system.retrieval.pages import cursor_behind
from search_system.scoring.parameters import BM25F
from search_system.searching.hit import Hit
from search_system.searching.results import Results
from search_system.searching.searcher import Searcher


def search_words(
    searcher: Searcher, words: PlainWords, query: str, k: int, parameters: BM25F | None
) -> Results:
    """Return the k best documents for a query string of plain words, as for its tree."""
    matcher = searcher.matcher(parameters)
    hits = searcher.hits(*matcher.scorer.search(words.weights(), k))
    more = partial(_cursor, matcher, words, hits[-1]) if len(hits) == k else None
    return Results(query, hits, (), {}, words, matcher, None, more)


def _cursor(matcher: Matcher, words: PlainWords, last: Hit) -> str | None:
    return cursor_behind(matcher, words.tree(), last.score, last.number)
