"""Search for plain words, straight from the analyzer to the scoring kernels."""

from search_system.query.plain_words import PlainWords
from search_system.scoring.parameters import BM25F
from search_system.searching.results import Results
from search_system.searching.searcher import Searcher


def search_words(
    searcher: Searcher, words: PlainWords, query: str, k: int, parameters: BM25F | None
) -> Results:
    """Return the k best documents for a query string of plain words, as for its tree."""
    matcher = searcher.matcher(parameters)
    hits = searcher.hits(*matcher.scorer.search(words.weights(), k))
    return Results(
        query,
        hits,
        repairs=(),
        facets={},
        reading=words,
        matcher=matcher,
        counted=True,
        page_cursor=None,
        full=len(hits) == k,
    )
