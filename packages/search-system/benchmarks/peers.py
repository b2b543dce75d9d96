"""The engines that ours is compared with, behind one interface, fed with our own tokens."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import bm25s
import numpy as np

from search_system import BM25, Analyzer, Index


class Engine(Protocol):
    """Answers a query string with document numbers and scores, best first."""

    name: str

    def search(self, query: str, k: int) -> tuple[Sequence[int], Sequence[float]]:
        """Return the numbers and the scores of the k best documents."""
        ...


class Ours:
    """search-system, from query string to document ids."""

    name = "search-system"

    def __init__(self, index: Index) -> None:
        self.index = index

    def search(self, query: str, k: int) -> tuple[Sequence[int], Sequence[float]]:
        """Search as users of the package do."""
        hits = self.index.search(query, k)
        return [hit.number for hit in hits], [hit.score for hit in hits]


class Bm25s:
    """bm25s with its Lucene method, on one thread."""

    def __init__(
        self, corpus: list[list[str]], analyzer: Analyzer, bm25: BM25, backend: str = "numpy"
    ) -> None:
        self.name = f"bm25s ({backend})"
        self.analyzer = analyzer
        self.retriever = bm25s.BM25(method="lucene", k1=bm25.k1, b=bm25.b, backend=backend)
        self.retriever.index(corpus, show_progress=False)

    def search(self, query: str, k: int) -> tuple[Sequence[int], Sequence[float]]:
        """Search with our analysis; bm25s fails on terms that it has not seen."""
        terms = [term for term in self.analyzer(query) if term in self.retriever.vocab_dict]
        if not terms:
            return [], []
        docs, scores = self.retriever.retrieve([terms], k=k, n_threads=0, show_progress=False)
        found = scores[0] > 0
        return docs[0][found].tolist(), scores[0][found].tolist()


class PlainPython:
    """The loop of rank_bm25: every query term is looked up in every document's counts."""

    name = "plain Python"

    def __init__(self, corpus: list[list[str]], analyzer: Analyzer, bm25: BM25) -> None:
        self.analyzer = analyzer
        self.counts = [Counter(terms) for terms in corpus]
        lengths = np.array([len(terms) for terms in corpus])
        self.norms = bm25.k1 * (1 - bm25.b + bm25.b * lengths / lengths.mean())
        df = Counter(term for counts in self.counts for term in counts)
        self.idf = {term: bm25.idf(len(corpus), n) for term, n in df.items()}

    def search(self, query: str, k: int) -> tuple[Sequence[int], Sequence[float]]:
        """Score every document for every term."""
        scores = np.zeros(len(self.counts))
        for term in self.analyzer(query):
            tfs = np.array([counts.get(term, 0) for counts in self.counts])
            scores += self.idf.get(term, 0.0) * tfs / (tfs + self.norms)
        best = np.argsort(-scores, kind="stable")[:k]
        best = best[scores[best] > 0]
        return best.tolist(), scores[best].tolist()
