"""The terms of an index that queries have touched, prepared for the kernels.

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

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.scoring.growing import GrowingArray
from search_system.scoring.kernels.lookup import Terms
from search_system.scoring.kernels.preparation import find_windows, make_bitmap, write_postings
from search_system.scoring.kernels.search import SEED_RANK
from search_system.scoring.kernels.windows import WINDOW
from search_system.scoring.merging import CombinedPostings, Term

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


class PreparedTerms:
    """Prepared terms by number, those of all segments in the same flat arrays.

    Entry ``number * n_segments + segment`` of `Terms` is a term in a segment.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        """Prepare terms for segments of so many documents each."""
        self.numbers: dict[tuple[Term, float], int] = {}
        """The number of each term with its weight, from when it is prepared."""
        self._sizes = sizes
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
        self._largest = np.empty(SEED_RANK, np.float32)
        self.arrays = self._current()

    @property
    def nbytes(self) -> int:
        """The memory that the terms take, about."""
        return sum(part.nbytes for part in self._parts) + _BYTES_PER_TERM * self._parts.starts.size

    def add(
        self, term: Term, weight: float, lists: Sequence[CombinedPostings], idf: float, k1: float
    ) -> None:
        """Prepare the next term, given its postings in each segment; one thread at a time."""
        for n_docs, postings in zip(self._sizes, lists, strict=True):
            self._append(n_docs, postings, idf, k1)
        self.arrays = self._current()
        self.numbers[term, weight] = len(self.numbers)

    def _append(self, n_docs: int, postings: CombinedPostings, idf: float, k1: float) -> None:
        parts, size, largest = self._parts, len(postings.docs), self._largest
        start, docs = parts.docs.extend(size)
        _, impacts = parts.impacts.extend(size)
        write_postings(*postings, idf, k1, docs, impacts, largest)
        n_windows = -(-n_docs // WINDOW)
        many = size >= max(1, _POSTINGS_PER_WINDOW * n_windows)
        dense = size * _DOCUMENTS_PER_POSTING >= max(1, n_docs)
        parts.windows_at.append(self._add_windows(docs, impacts, start, n_windows) if many else -1)
        parts.bitmap_at.append(self._add_bitmap(docs, -(-n_docs // 64)) if dense else -1)
        parts.bounds.append(largest[-1])
        # Some documents exceed the next smaller number, if SEED_RANK have this one.
        parts.tenths.append(math.nextafter(largest[0], 0.0))
        parts.starts.append(start)
        parts.stops.append(start + size)

    def _current(self) -> Terms:
        arrays: Any = (part.array for part in self._parts)
        return Terms(*arrays)

    def _add_windows(
        self, docs: NDArray[np.uint32], impacts: NDArray[np.float32], start: int, n_windows: int
    ) -> int:
        at, begins = self._parts.window_begins.extend(n_windows + 1)
        _, bounds = self._parts.window_bounds.extend(n_windows + 1)
        find_windows(docs, impacts, start, WINDOW, begins, bounds)
        return at

    def _add_bitmap(self, docs: NDArray[np.uint32], words: int) -> int:
        at, bits = self._parts.bits.extend(words)
        _, ranks = self._parts.ranks.extend(words)
        make_bitmap(docs, bits, ranks)
        return at
