"""The present index, whose documents have one pooled field, as a source of postings."""

import numpy as np
from numpy.typing import NDArray

from search_system.index.reader import Segment
from search_system.scoring.parameters import BM25F, FieldParameters
from search_system.scoring.scorer import Scorer
from search_system.scoring.source import IndexStatistics, IntArray

FIELD = "text"


class PooledSegment:
    """A segment's title and text as the field ``text``; nothing is deleted."""

    live: NDArray[np.bool_] | None = None

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self.n_docs = segment.n_docs
        self._lengths = segment.lengths.astype(np.uint32)

    def lengths(self, field: str) -> IntArray:  # noqa: ARG002 - there is but one
        """Return the number of tokens of each document."""
        return self._lengths

    def postings(self, field: str, term: str) -> tuple[IntArray, IntArray] | None:  # noqa: ARG002
        """Return the documents and frequencies of a term, or None."""
        number = self._segment.terms.find(term)
        return None if number is None else self._segment.postings(number)


def pooled_scorer(segment: Segment, k1: float = 1.2, b: float = 0.75) -> Scorer:
    """Return a scorer of BM25 over a segment."""
    statistics = IndexStatistics(segment.n_docs, {FIELD: segment.average_length})
    parameters = BM25F({FIELD: FieldParameters(b=b)}, k1)
    return Scorer([PooledSegment(segment)], statistics, parameters)
