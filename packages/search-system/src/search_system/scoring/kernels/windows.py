"""What both ways of scoring do with a window of documents: find its postings, add, select.

A window's scores stay in the processor's first cache. They are cleared by going through the same
postings again, so that the cost follows the postings and not the documents.

Indices are unsigned: for signed ones numba emits a test for negative numbers at each access. Arrays
are passed one by one: taking them out of a tuple costs as much as what is done with them here.
"""
# ruff: noqa: PLR0917 - compiled functions take their many arrays by position

import numpy as np
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined
from search_system.scoring.kernels.lookup import find_by_search, find_in_bitmap

WINDOW = 4096
"""Documents per window. 2,048 and 8,192 are slower by a tenth on 300,000 short documents."""
SMALLEST_IMPACT = 2.0**-40
_ADD_BELOW = 8
"""Adding a posting and clearing it again takes about an eighth of a binary search."""

_U = np.uint64


@inlined
def enter(
    end: Integer, docs: NDArray[np.uint32], stop: Integer, i: Integer,
    cursors: NDArray[np.uint64], begins: NDArray[np.uint64], ends: NDArray[np.uint64],
) -> Integer:  # fmt: skip
    """Find the postings of the query's i-th term before a window's end; return their number."""
    at = cursors[i]
    begins[i] = at
    while at < stop and _U(docs[at]) < end:
        at += _U(1)
    ends[i], cursors[i] = at, at
    return at - begins[i]


@inlined
def collect(
    docs: NDArray[np.uint32], impacts: NDArray[np.float32],
    begins: NDArray[np.uint64], ends: NDArray[np.uint64], essential: Integer,
    base: Integer, need: float,
    sums: NDArray[np.float64], found: NDArray[np.uint32], scores: NDArray[np.float64],
) -> Integer:  # fmt: skip
    """Add the terms from ``essential`` on; write the documents that score at least ``need``.

    ``sums`` has a score per document of the window, all 0 before and after. ``found`` and
    ``scores`` have room for one more than the window's documents, since each is written before it
    is kept or not: a branch would often be guessed wrong, which takes longer than writing.
    """
    m, postings = _U(0), _U(0)
    if essential == len(begins) - 1:
        for p in range(begins[essential], ends[essential]):
            found[m], scores[m] = docs[p], impacts[p]
            m += _U(impacts[p] >= need)
        return m
    for i in range(essential, len(begins)):
        postings += ends[i] - begins[i]
        for p in range(begins[i], ends[i]):
            sums[docs[p] - base] += impacts[p]
    if postings > _U(WINDOW // 2):
        for j in range(_U(WINDOW)):
            found[m], scores[m] = base + np.uint32(j), sums[j]
            m += _U(sums[j] >= need)
        sums[:] = 0.0
        return m
    for i in range(essential, len(begins)):
        for p in range(begins[i], ends[i]):
            doc = docs[p]
            score = sums[doc - base]
            sums[doc - base] = 0.0
            found[m], scores[m] = doc, score
            m += _U(score >= need)
    return m


@inlined
def add_by_window(
    docs: NDArray[np.uint32], impacts: NDArray[np.float32], begin: Integer, end: Integer,
    base: Integer, need: float,
    sums: NDArray[np.float64], found: NDArray[np.uint32], scores: NDArray[np.float64], m: Integer,
) -> Integer:  # fmt: skip
    """Add a term to ``m`` candidates by way of ``sums``; keep those that score ``need``."""
    for p in range(begin, end):
        sums[docs[p] - base] = impacts[p]
    kept = _U(0)
    for c in range(m):
        doc, score = found[c], scores[c] + sums[found[c] - base]
        found[kept], scores[kept] = doc, score
        kept += _U(score >= need)
    for p in range(begin, end):
        sums[docs[p] - base] = 0.0
    return kept


@inlined
def add_by_bitmap(
    bits: NDArray[np.uint64], ranks: NDArray[np.uint32], bitmap: Integer,
    impacts: NDArray[np.float32], start: Integer, need: float,
    found: NDArray[np.uint32], scores: NDArray[np.float64], m: Integer,
) -> Integer:  # fmt: skip
    """Add a term to ``m`` candidates by its bitmap; keep those that score ``need``."""
    kept = _U(0)
    for c in range(m):
        doc = found[c]
        score = scores[c] + find_in_bitmap(bits, ranks, bitmap, impacts, start, doc)
        found[kept], scores[kept] = doc, score
        kept += _U(score >= need)
    return kept


@inlined
def add_by_search(
    docs: NDArray[np.uint32], impacts: NDArray[np.float32], begin: Integer, end: Integer,
    need: float, found: NDArray[np.uint32], scores: NDArray[np.float64], m: Integer,
) -> Integer:  # fmt: skip
    """Add a term to ``m`` candidates by binary search; keep those that score ``need``."""
    kept = _U(0)
    for c in range(m):
        doc = found[c]
        score = scores[c] + find_by_search(docs, impacts, begin, end, doc)
        found[kept], scores[kept] = doc, score
        kept += _U(score >= need)
    return kept


@inlined
def is_by_window(postings: Integer, m: Integer) -> bool:
    """Whether adding all of a term's postings in a window costs less than ``m`` searches."""
    return bool(postings < _U(_ADD_BELOW) * m)


@inlined
def keep_allowed(
    allowed: NDArray[np.bool_], found: NDArray[np.uint32], scores: NDArray[np.float64], m: Integer
) -> Integer:
    """Keep the candidates that the mask allows."""
    kept = _U(0)
    for c in range(m):
        doc, score = found[c], scores[c]
        found[kept], scores[kept] = doc, score
        kept += _U(allowed[doc])
    return kept
