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
from search_system.scoring.kernels.preparation import find_windows, make_bitmap
from search_system.scoring.kernels.search import SEED_RANK
from search_system.scoring.kernels.windows import WINDOW
from search_system.scoring.merging import Postings, Term

_POSTINGS_PER_WINDOW = 8
_DOCUMENTS_PER_POSTING = 32
_BYTES_PER_ENTRY = 300
"""The numbers below, and the term's entry in the scorer's dictionary."""


class _Entries:
    """The arrays of `Terms` with one number for each term and segment; they grow together."""

    def __init__(self) -> None:
        kinds = np.int64, np.int64, np.float64, np.float64, np.int64, np.int64
        self.arrays: list[NDArray[Any]] = [np.empty(64, kind) for kind in kinds]
        """Their first six; like those of `GrowingArray`, what was handed out stays as it was."""
        self.size = 0

    def append(self, *values: float) -> None:
        """Put a number behind the others in each of the arrays."""
        if self.size == len(self.arrays[0]):
            self.arrays = [np.concatenate([array, array]) for array in self.arrays]
        for array, value in zip(self.arrays, values, strict=True):
            array[self.size] = value
        self.size += 1


class _Lists(NamedTuple):
    """The arrays of `Terms` with something for each posting, window or word of a bitmap."""

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
        self._entries = _Entries()
        self._lists = _Lists(
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
        return sum(part.nbytes for part in self._lists) + _BYTES_PER_ENTRY * self._entries.size

    def add(
        self, term: Term, weight: float, lists: Sequence[Postings], idf: float, k1: float
    ) -> None:
        """Prepare the next term, given its postings in each segment; one thread at a time."""
        self._entries.size = len(self.numbers) * len(self._sizes)  # whatever broke off before
        for n_docs, postings in zip(self._sizes, lists, strict=True):
            self._append(n_docs, postings, idf, k1)
        self.arrays = self._current()
        self.numbers[term, weight] = len(self.numbers)

    def _append(self, n_docs: int, postings: Postings, idf: float, k1: float) -> None:
        lists, size, largest = self._lists, len(postings.docs), self._largest
        start, docs = lists.docs.extend(size)
        _, impacts = lists.impacts.extend(size)
        postings.write(idf, k1, docs, impacts, largest)
        n_windows = -(-n_docs // WINDOW)
        many = size >= max(1, _POSTINGS_PER_WINDOW * n_windows)
        dense = size * _DOCUMENTS_PER_POSTING >= max(1, n_docs)
        windows_at = self._add_windows(docs, impacts, start, n_windows) if many else -1
        bitmap_at = self._add_bitmap(docs, -(-n_docs // 64)) if dense else -1
        # Some documents exceed the next smaller number, if SEED_RANK have this one.
        tenth = math.nextafter(largest[0], 0.0)
        self._entries.append(start, start + size, largest[-1], tenth, windows_at, bitmap_at)

    def _current(self) -> Terms:
        lists: Any = (part.array for part in self._lists)
        return Terms(*self._entries.arrays, *lists)

    def _add_windows(
        self, docs: NDArray[np.uint32], impacts: NDArray[np.float32], start: int, n_windows: int
    ) -> int:
        at, begins = self._lists.window_begins.extend(n_windows + 1)
        _, bounds = self._lists.window_bounds.extend(n_windows + 1)
        find_windows(docs, impacts, start, WINDOW, begins, bounds)
        return at

    def _add_bitmap(self, docs: NDArray[np.uint32], words: int) -> int:
        at, bits = self._lists.bits.extend(words)
        _, ranks = self._lists.ranks.extend(words)
        make_bitmap(docs, bits, ranks)
        return at
