"""The index as its users see it: open, search, explain."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from search_system.analysis.analyzer import Analyzer
from search_system.corpus.document import Document
from search_system.errors import OptionError
from search_system.index.format import Manifest, read_manifest, verify_files
from search_system.index.reader import Segment
from search_system.ranking.bm25 import BM25, Explanation
from search_system.ranking.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found."""

    id: str
    score: float
    number: int
    """The document's number in the index."""


class Index:
    """An index on disk, opened for reading. Not safe for use by two threads at once."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.segment = Segment(folder / manifest.segment, manifest)
        self.analyzer = Analyzer(manifest.analysis)
        self._scorer = Scorer(self.segment, BM25())

    @classmethod
    def open(cls, folder: str | Path, *, verify: bool = False) -> Self:
        """Open an index, in time independent of its size unless ``verify`` reads every byte.

        Raises:
            IndexMissingError: there is no index in ``folder``.
            CorruptIndexError: the index is damaged or of another format version.
        """
        path = Path(folder)
        manifest = read_manifest(path)
        if verify:
            verify_files(path, manifest)
        return cls(path, manifest)

    def __len__(self) -> int:
        """Return the number of documents."""
        return self.segment.n_docs

    def search(self, query: str, k: int = 10, bm25: BM25 | None = None) -> list[Hit]:
        """Return the k best documents that hold at least one of the query's terms, best first.

        Equal scores go by the order of indexing. No query string is an error.
        """
        if k < 1:
            raise OptionError(f"k must be a whole number from 1 up, not {k}")
        numbers, scores = self._scorer_for(bm25).search(Counter(self.analyzer(query)), k)
        return [
            Hit(self.segment.ids[number], score, number)
            for number, score in zip(numbers.tolist(), scores.tolist(), strict=True)
        ]

    def explain(self, query: str, doc_id: str, bm25: BM25 | None = None) -> Explanation:
        """Return how the score of a document comes about; it equals the one of `search` exactly.

        Raises:
            OptionError: there is no such document.
        """
        number = self.segment.find_document(doc_id)
        if number is None:
            raise OptionError(f"{self.folder}: no document with the id '{doc_id}'")
        return self._scorer_for(bm25).explain(Counter(self.analyzer(query)), number, doc_id)

    def query_terms(self, query: str) -> dict[str, int]:
        """Return the terms of a query, each with the number of documents that hold it."""
        find = self.segment.terms.find
        numbers = {term: find(term) for term in self.analyzer(query)}
        postings = self.segment.postings
        return {t: 0 if n is None else len(postings(n)[0]) for t, n in numbers.items()}

    def count(self, query: str) -> int:
        """Return how many documents hold at least one of the query's terms."""
        found = np.zeros(len(self), dtype=np.bool_)
        for number in map(self.segment.terms.find, set(self.analyzer(query))):
            if number is not None:
                found[self.segment.postings(number)[0]] = True
        return int(np.count_nonzero(found))

    def document(self, hit: Hit) -> Document:
        """Return the stored document of a hit."""
        return self.segment.documents[hit.number]

    def _scorer_for(self, bm25: BM25 | None) -> Scorer:
        """Return the scorer of some parameters; the one used last is kept."""
        wanted = bm25 or BM25()
        if wanted != self._scorer.bm25:
            self._scorer = Scorer(self.segment, wanted)
        return self._scorer
