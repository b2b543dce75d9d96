"""BM25 as Lucene computes it since version 8, and its explanation.

For a query q and a document d of N::

    score(q, d) = sum over the terms t of q of  count(t in q) * idf(t) * tf_factor(t, d)
    idf(t)      = ln(1 + (N - df + 0.5) / (df + 0.5))
    tf_factor   = tf / (tf + k1 * (1 - b + b * length(d) / average length))

This is Lucene's BM25Similarity but for the lengths, which Lucene rounds to one byte. Textbooks
multiply all of it by (k1 + 1), which changes no ranking.

Each term's part (its impact) is rounded to float32, and a score is the float64 sum of its parts in
the order of the query's terms. Such a sum is exact unless its parts differ by a factor of 2^29 or
so. An explanation adds them in the same order: it equals the score to the last bit in any case.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.index.arrays import IntArray

_LARGEST_K1 = 1_000_000
"""Far beyond any use. Near 10^38, impacts vanish in float32, and documents with them."""


@dataclass(frozen=True, slots=True)
class BM25:
    """The formula's two parameters, free to change with every query."""

    k1: float = 1.2
    """How much further occurrences of a term in a document count; 0: not at all."""
    b: float = 0.75
    """How far a document's length discounts its occurrences; 0: not at all, 1: in proportion."""

    def __post_init__(self) -> None:
        if not 0 <= self.k1 <= _LARGEST_K1:
            raise OptionError(f"k1 must be a number from 0 to {_LARGEST_K1:,}, not {self.k1}")
        if not 0 <= self.b <= 1:
            raise OptionError(f"b must be a number from 0 to 1, not {self.b}")

    def idf(self, n_docs: int, df: int) -> float:
        """Return the weight of a term that ``df`` of ``n_docs`` documents contain."""
        return math.log(1 + (n_docs - df + 0.5) / (df + 0.5))

    def tf_factor(
        self, tfs: IntArray, lengths: IntArray, average_length: float
    ) -> NDArray[np.float64]:
        """Return how well each frequency fills a document of each length, from 0 to 1."""
        norms = self.k1 * (1 - self.b + self.b * lengths / average_length)
        return np.asarray(tfs / (tfs + norms), dtype=np.float64)

    def impacts(
        self, tfs: IntArray, lengths: IntArray, average_length: float, n_docs: int
    ) -> NDArray[np.float32]:
        """Return the part of the score that each posting of one term contributes."""
        factors = self.tf_factor(tfs, lengths, average_length)
        return (self.idf(n_docs, len(tfs)) * factors).astype(np.float32)


@dataclass(frozen=True, slots=True)
class TermExplanation:
    """One term's part of one document's score: ``query_count * impact``."""

    term: str
    query_count: int
    df: int
    idf: float
    tf: int
    tf_factor: float
    impact: float
    """``idf * tf_factor``, rounded to float32."""
    part: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A document's score, term by term."""

    doc_id: str
    length: int
    average_length: float
    n_docs: int
    bm25: BM25
    terms: tuple[TermExplanation, ...]
    """The query's terms that the document contains."""
    score: float
    """The sum of the terms' parts, added in this order."""
