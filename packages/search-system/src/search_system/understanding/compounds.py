"""Words written apart or together against the catalogue's habit: "head set", "mousepad".

Two neighbours become one word if the index has that word in many more documents than it has the
two side by side. A word that the index does not know becomes two if it has these two side by side.
Both are looked up in the searched fields by the index's own terms, so endings do not matter.
"""

from collections.abc import Sequence

import numpy as np

from search_system.analysis.analyzer import Token
from search_system.searching.searcher import Searcher
from search_system.understanding.occurrences import (
    documents_with_all,
    ordered_pairs,
    positions,
)

_FACTOR = 5
_LEAST_DOCUMENTS = 10
_SHORTEST_PART = 3
_MOST_DOCUMENTS = 20_000
"""Of so many documents with both words, neighbours are counted; then they are common enough."""


class Compounds:
    """Joins and splits words by what an index has."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    def rewrite(self, query: str, tokens: Sequence[Token]) -> str | None:
        """Return a query with words joined or split, or None if none needs it."""
        pieces, last, place, changed = [], 0, 0, False
        while place < len(tokens):
            token = tokens[place]
            following = tokens[place + 1] if place + 1 < len(tokens) else None
            better, end, step = None, token.end, 1
            if following is not None:
                better = self._joined(query, token, following)
            if better and following is not None:
                end, step = following.end, 2
            else:
                better = self._split(query[token.start : token.end])
            if better:
                pieces += [query[last : token.start], better]
                last, changed = end, True
            place += step
        return "".join([*pieces, query[last:]]) if changed else None

    def _joined(self, query: str, left: Token, right: Token) -> str | None:
        words = query[left.start : left.end], query[right.start : right.end]
        apart = query[left.end : right.start].isspace() and all(map(str.isalpha, words))
        joined = "".join(words)
        terms = self._searcher.analyzer.query_terms(joined)
        if not apart or len(terms) != 1:
            return None
        together = len(documents_with_all(self._searcher, terms))
        if together < _LEAST_DOCUMENTS:
            return None
        beside = self._documents_side_by_side([left.term, right.term])
        return joined if together >= _FACTOR * max(beside, 1) else None

    def _split(self, word: str) -> str | None:
        """Return the two words of one that the index does not have, or None."""
        analyzer = self._searcher.analyzer
        if not word.isalpha() or len(word) < 2 * _SHORTEST_PART:
            return None
        if len(documents_with_all(self._searcher, analyzer.query_terms(word))):
            return None
        best, most = None, 0
        for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
            terms = analyzer.query_terms(f"{word[:at]} {word[at:]}")
            if len(terms) == 2 and (count := self._documents_side_by_side(terms)) > most:
                best, most = f"{word[:at]} {word[at:]}", count
        return best

    def _documents_side_by_side(self, terms: list[str]) -> int:
        """Return how many documents have two terms in a row in some searched field."""
        docs = documents_with_all(self._searcher, terms)[:_MOST_DOCUMENTS]
        has = np.zeros(len(docs), np.bool_)
        for field in self._searcher.scorer().parameters.fields:
            places = positions(self._searcher.snapshot, field, terms, docs)
            has |= ordered_pairs(places, range(len(terms)), len(docs)) > 0
        return int(np.count_nonzero(has))
