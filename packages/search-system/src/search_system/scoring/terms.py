"""The terms of a segment that queries have touched, prepared for the kernels.

A term's documents and impacts are kept from the first query that has it, so a term met again costs
one addition per posting. They take 8 bytes per posting. Beside them are kept

- for a term with 8 postings per window of documents or more: where each window begins in its
  postings, and the largest impact there (12 bytes per window);
- for a term in one of 32 documents or more: a bitmap with counts (1.5 bits per document), which
  finds a document's posting in a few nanoseconds.

Impacts are not kept on disk. They depend on the collection's average length and on k1, b and the
weights: every commit and every change of parameters would make them stale, and computing them takes
no longer than reading them from a disk would. Nor are they quantised to a byte: the 3 bytes per
posting saved are not worth scoring each result twice.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.scoring.growing import GrowingArray
from search_system.scoring.kernels.lookup import Terms
from search_system.scoring.kernels.preparation import compute_impacts, find_windows, make_bitmap
from search_system.scoring.kernels.search import SEED_RANK
from search_system.scoring.kernels.windows import WINDOW
from search_system.scoring.merging import CombinedPostings

_POSTINGS_PER_WINDOW = 8
_DOCUMENTS_PER_POSTING = 32
_BYTES_PER_TERM = 300
"""The numbers below, and the term's entry in the scorer's dictionary."""


class _Parts(NamedTuple):
    """The arrays of `Terms`, while they grow."""

    starts: GrowingArray[np.int64]
    stops: GrowingArray[np.int64]
    bounds: GrowingArray[np.float64]
    tenths: GrowingArray[np.float64]
    windows_at: GrowingArray[np.int64]
    bitmap_at: GrowingArray[np.int64]
    docs: GrowingArray[np.uint32]
    impacts: GrowingArray[np.float32]
    window_begins: GrowingArray[np.int64]
    window_bounds: GrowingArray[np.float32]
    bits: GrowingArray[np.uint64]
    ranks: GrowingArray[np.uint32]


class SegmentTerms:
    """Prepared terms by number, in flat arrays."""

    def __init__(self, n_docs: int) -> None:
        self.n_docs = n_docs
        self._n_windows = -(-n_docs // WINDOW)
        self._parts = _Parts(
            starts=GrowingArray(np.int64),
            stops=GrowingArray(np.int64),
            bounds=GrowingArray(np.float64),
            tenths=GrowingArray(np.float64),
            windows_at=GrowingArray(np.int64),
            bitmap_at=GrowingArray(np.int64),
            docs=GrowingArray(np.uint32),
            impacts=GrowingArray(np.float32),
            window_begins=GrowingArray(np.int64),
            window_bounds=GrowingArray(np.float32),
            bits=GrowingArray(np.uint64),
            ranks=GrowingArray(np.uint32),
        )
        self.arrays = self._current()

    @property
    def nbytes(self) -> int:
        """The memory that the terms take, about."""
        return sum(part.nbytes for part in self._parts) + _BYTES_PER_TERM * self._parts.starts.size

    def append(self, postings: CombinedPostings, idf: float, k1: float) -> None:
        """Prepare the next term."""
        parts, docs = self._parts, postings.docs
        impacts = np.empty(len(docs), np.float32)
        compute_impacts(postings.frequencies, idf, k1, impacts)
        parts.impacts.extend(impacts)
        start = parts.docs.extend(docs)
        many = len(docs) >= max(1, _POSTINGS_PER_WINDOW * self._n_windows)
        parts.windows_at.append(self._add_windows(docs, impacts, start) if many else -1)
        dense = len(docs) * _DOCUMENTS_PER_POSTING >= max(1, self.n_docs)
        parts.bitmap_at.append(self._add_bitmap(docs) if dense else -1)
        parts.bounds.append(float(impacts.max(initial=0.0)))
        parts.tenths.append(_reached_by(impacts, SEED_RANK))
        parts.starts.append(start)
        parts.stops.append(start + len(docs))
        self.arrays = self._current()

    def _current(self) -> Terms:
        arrays: Any = (part.array for part in self._parts)
        return Terms(*arrays)

    def _add_windows(
        self, docs: NDArray[np.uint32], impacts: NDArray[np.float32], start: int
    ) -> int:
        parts = self._parts
        begins = np.empty(self._n_windows + 1, np.int64)
        bounds = np.empty(self._n_windows + 1, np.float32)
        find_windows(docs, impacts, start, WINDOW, begins, bounds)
        parts.window_bounds.extend(bounds)
        return parts.window_begins.extend(begins)

    def _add_bitmap(self, docs: NDArray[np.uint32]) -> int:
        parts, words = self._parts, -(-self.n_docs // 64)
        bits, ranks = np.empty(words, np.uint64), np.empty(words, np.uint32)
        make_bitmap(docs, bits, ranks)
        parts.ranks.extend(ranks)
        return parts.bits.extend(bits)


def _reached_by(impacts: NDArray[np.float32], rank: int) -> float:
    """Return a score that at least ``rank`` documents exceed by this term alone, or 0."""
    if len(impacts) < rank:
        return 0.0
    value = float(np.partition(impacts, -rank)[-rank])
    return float(np.nextafter(value, 0.0))
