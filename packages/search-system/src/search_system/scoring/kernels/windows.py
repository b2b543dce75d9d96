"""What both ways of scoring do with a window of documents: find its postings, add, select.

A window's scores stay in the processor's first cache. They are cleared by going through the same
postings again, so that the cost follows the postings and not the documents.

Indices are unsigned: for signed ones numba emits a test for negative numbers at each access.
"""
# ruff: noqa: PLR0917 - compiled functions take their many arrays by position

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined
from search_system.scoring.kernels.lookup import Terms, find_by_search, find_in_bitmap

WINDOW = 4096
"""Documents per window. 2,048 and 8,192 are slower by a tenth on 300,000 short documents."""
SMALLEST_IMPACT = 2.0**-40
_ADD_BELOW = 8
"""Adding a posting and clearing it again takes about an eighth of a binary search."""

_U = np.uint64


class Window(NamedTuple):
    """The state of a window; the query's terms go by their place in ``order``."""

    order: NDArray[np.int64]
    """Numbers of prepared terms."""
    cursors: NDArray[np.uint64]
    begins: NDArray[np.uint64]
    ends: NDArray[np.uint64]
    """Where each term's postings in the window begin and end."""
    sums_of_bounds: NDArray[np.float64]
    """What terms 0 to i - 1 add at most."""
    sums: NDArray[np.float64]
    """A score per document of the window, 0 between uses."""
    docs: NDArray[np.uint32]
    scores: NDArray[np.float64]
    """The candidates, and their scores so far; one entry more than documents, to write ahead."""


@inlined
def enter(terms: Terms, window: Window, number: Integer) -> None:
    """Find each term's postings in a window, and their bounds."""
    end = _U(number + 1) * _U(WINDOW)
    for i in range(len(window.order)):
        term = window.order[i]
        if terms.windows_at[term] >= 0:
            at = _U(terms.windows_at[term] + number)
            window.begins[i], window.ends[i] = (
                terms.window_begins[at],
                terms.window_begins[at + _U(1)],
            )
            bound = np.float64(terms.window_bounds[at])
        else:
            at, stop = window.cursors[i], _U(terms.stops[term])
            while at < stop and _U(terms.docs[at]) < end:
                at += _U(1)
            window.begins[i], window.ends[i], window.cursors[i] = window.cursors[i], at, at
            bound = terms.bounds[term] if at > window.begins[i] else np.float64(0.0)
        window.sums_of_bounds[i + 1] = window.sums_of_bounds[i] + bound


@inlined
def collect(
    terms: Terms, window: Window, first: Integer, essential: Integer, need: float
) -> Integer:
    """Add the terms from ``essential`` on; keep the documents that score at least ``need``."""
    m, base = _U(0), np.uint32(first)
    need = max(need, SMALLEST_IMPACT)
    postings = _U(0)
    for i in range(essential, len(window.order)):
        postings += window.ends[i] - window.begins[i]
    if essential == len(window.order) - 1:
        for p in range(window.begins[essential], window.ends[essential]):
            window.docs[m], window.scores[m] = terms.docs[p], terms.impacts[p]
            m += _U(terms.impacts[p] >= need)
        return m
    for i in range(essential, len(window.order)):
        for p in range(window.begins[i], window.ends[i]):
            window.sums[terms.docs[p] - base] += terms.impacts[p]
    # What follows writes each document and then keeps it or not: a branch would often be guessed
    # wrong, which takes longer than writing.
    if postings > _U(WINDOW // 2):
        for j in range(_U(WINDOW)):
            window.docs[m], window.scores[m] = base + np.uint32(j), window.sums[j]
            m += _U(window.sums[j] >= need)
        window.sums[:] = 0.0
        return m
    for i in range(essential, len(window.order)):
        for p in range(window.begins[i], window.ends[i]):
            doc = terms.docs[p]
            score = window.sums[doc - base]
            window.sums[doc - base] = 0.0
            window.docs[m], window.scores[m] = doc, score
            m += _U(score >= need)
    return m


@inlined
def complete(
    terms: Terms, window: Window, first: Integer, i: Integer, m: Integer, threshold: float
) -> Integer:
    """Add a term that is not essential to ``m`` candidates; keep those that can still make it."""
    term, begin, end = window.order[i], window.begins[i], window.ends[i]
    base, kept = np.uint32(first), _U(0)
    need = threshold - window.sums_of_bounds[i]
    by_bitmap = terms.bitmap_at[term] >= 0 and end - begin > _U(2) * m
    by_window = not by_bitmap and end - begin < _U(_ADD_BELOW) * m
    if by_window:
        for p in range(begin, end):
            window.sums[terms.docs[p] - base] = terms.impacts[p]
    for c in range(m):
        doc, score = window.docs[c], window.scores[c]
        if by_bitmap:
            score += find_in_bitmap(terms, term, doc)
        elif by_window:
            score += window.sums[doc - base]
        else:
            score += find_by_search(terms, begin, end, doc)
        window.docs[kept], window.scores[kept] = doc, score
        kept += _U(score >= need)
    if by_window:
        for p in range(begin, end):
            window.sums[terms.docs[p] - base] = 0.0
    return kept


@inlined
def keep_allowed(window: Window, m: Integer, allowed: NDArray[np.bool_]) -> Integer:
    """Keep the candidates that the mask allows."""
    kept = _U(0)
    for c in range(m):
        window.docs[kept], window.scores[kept] = window.docs[c], window.scores[c]
        kept += _U(allowed[window.docs[c]])
    return kept
