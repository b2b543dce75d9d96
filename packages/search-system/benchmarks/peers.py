"""The engines that ours is compared with, behind one interface, fed with our own tokens."""

from collections.abc import Sequence
from typing import Protocol

import bm25s

from search_system import Analyzer, Index


class Engine(Protocol):
    """Answers a query string with document numbers and scores, best first."""

    name: str

    def search(self, query: str, k: int) -> tuple[Sequence[int], Sequence[float]]:
        """Return the numbers and the scores of the k best documents."""
        ...


class Ours:
    """search-system, from query string to hits."""

    name = "search-system"

    def __init__(self, index: Index) -> None:
        self.index = index

    def search(self, query: str, k: int) -> tuple[Sequence[int], Sequence[float]]:
        """Search as users of the package do."""
        hits = self.index.search(query, k, plain=True).hits
        return [hit.number for hit in hits], [hit.score for hit in hits]


class Bm25s:
    """bm25s with its Lucene method, on one thread."""

    name = "bm25s"

    def __init__(self, corpus: list[list[str]], analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self.retriever = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numba")
        self.retriever.index(corpus, show_progress=False)

    def search(self, query: str, k: int) -> tuple[Sequence[int], Sequence[float]]:
        """Search with our analysis; bm25s fails on terms that it has not seen."""
        terms = [term for term in self.analyzer(query) if term in self.retriever.vocab_dict]
        if not terms:
            return [], []
        docs, scores = self.retriever.retrieve([terms], k=k, n_threads=0, show_progress=False)
        found = scores[0] > 0
        return docs[0][found].tolist(), scores[0][found].tolist()
