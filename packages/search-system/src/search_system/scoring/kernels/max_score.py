"""MaxScore: leave documents out that cannot be among the k best.

After Turtle and Flood (Query evaluation: strategies and optimizations, 1995), by windows as in
Lucene's MaxScoreBulkScorer. The largest impact of each term in each window is known. Terms whose
bounds together cannot reach the k-th best score so far are not essential: documents that have no
other term are never looked at. The essential terms are added; the documents that can still make it,
the candidates, get the parts of the other terms, largest bound first, and drop out as soon as they
cannot. A part is found in the cheapest of three ways: by the term's bitmap, by adding the term's
whole window, or by binary search.
"""
# ruff: noqa: PLR0917 - compiled functions take their many arrays by position

import numpy as np
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined
from search_system.scoring.kernels.heap import offer
from search_system.scoring.kernels.windows import (
    SMALLEST_IMPACT,
    WINDOW,
    add_by_bitmap,
    add_by_search,
    add_by_window,
    collect,
    enter,
    is_by_window,
    keep_allowed,
)

_U = np.uint64


@inlined
def _bound(
    window: Integer, order: NDArray[np.int64], stops: NDArray[np.int64],
    bounds: NDArray[np.float64], windows_at: NDArray[np.int64], docs: NDArray[np.uint32],
    window_begins: NDArray[np.int64], window_bounds: NDArray[np.float32],
    cursors: NDArray[np.uint64], begins: NDArray[np.uint64], ends: NDArray[np.uint64],
    reached: NDArray[np.float64],
) -> None:  # fmt: skip
    """Find the terms' postings in a window, and what the terms before the i-th add at most."""
    end = _U(window + 1) * _U(WINDOW)
    for i in range(len(order)):
        term = order[i]
        at = windows_at[term]
        if at >= 0:
            begins[i], ends[i] = window_begins[at + window], window_begins[at + window + 1]
            reached[i + 1] = reached[i] + window_bounds[at + window]
        else:
            any_here = enter(end, docs, _U(stops[term]), i, cursors, begins, ends)
            reached[i + 1] = reached[i] + (bounds[term] if any_here else 0.0)


@inlined
def _complete(
    term: Integer, starts: NDArray[np.int64], bitmap_at: NDArray[np.int64],
    docs: NDArray[np.uint32], impacts: NDArray[np.float32],
    bits: NDArray[np.uint64], ranks: NDArray[np.uint32],
    begin: Integer, end: Integer, base: Integer, need: float,
    sums: NDArray[np.float64], found: NDArray[np.uint32], scores: NDArray[np.float64], m: Integer,
) -> Integer:  # fmt: skip
    """Add a term that is not essential to ``m`` candidates; keep those that score ``need``."""
    if m == _U(0) or begin == end:
        return m
    if bitmap_at[term] >= 0 and end - begin > _U(2) * m:
        bitmap, start = _U(bitmap_at[term]), _U(starts[term])
        return add_by_bitmap(bits, ranks, bitmap, impacts, start, need, found, scores, m)
    if is_by_window(end - begin, m):
        return add_by_window(docs, impacts, begin, end, base, need, sums, found, scores, m)
    return add_by_search(docs, impacts, begin, end, need, found, scores, m)


@inlined
def max_score(
    order: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64],
    bounds: NDArray[np.float64], windows_at: NDArray[np.int64], bitmap_at: NDArray[np.int64],
    docs: NDArray[np.uint32], impacts: NDArray[np.float32],
    window_begins: NDArray[np.int64], window_bounds: NDArray[np.float32],
    bits: NDArray[np.uint64], ranks: NDArray[np.uint32],
    cursors: NDArray[np.uint64], begins: NDArray[np.uint64], ends: NDArray[np.uint64],
    sums: NDArray[np.float64], found: NDArray[np.uint32], scores: NDArray[np.float64],
    reached: NDArray[np.float64], n_docs: Integer, threshold: float,
    allowed: NDArray[np.bool_], doc_base: Integer,
    best: NDArray[np.float64], best_docs: NDArray[np.int64], size: Integer,
) -> Integer:  # fmt: skip
    """Offer a segment's documents; ``order`` has the query's terms by ascending bounds."""
    for window in range((n_docs + WINDOW - 1) // WINDOW):
        _bound(
            window, order, stops, bounds, windows_at, docs, window_begins, window_bounds,
            cursors, begins, ends, reached,
        )  # fmt: skip
        if size == len(best):
            threshold = max(threshold, best[0])
        # Windows come in ascending order: what follows loses ties with what was found before.
        if reached[len(order)] <= threshold:
            continue
        essential = 0
        while reached[essential + 1] <= threshold:
            essential += 1
        base = np.uint32(window * WINDOW)
        need = max(threshold - reached[essential], SMALLEST_IMPACT)
        m = collect(docs, impacts, begins, ends, essential, base, need, sums, found, scores)
        if len(allowed):
            m = keep_allowed(allowed, found, scores, m)
        for i in range(essential - 1, -1, -1):
            m = _complete(
                order[i], starts, bitmap_at, docs, impacts, bits, ranks, begins[i], ends[i],
                base, threshold - reached[i], sums, found, scores, m,
            )  # fmt: skip
        for c in range(m):
            size = offer(best, best_docs, size, scores[c], doc_base + np.int64(found[c]))
    return size
