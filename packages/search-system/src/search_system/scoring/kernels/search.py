"""Kernels that find the k best documents of a segment: term at a time, and MaxScore.

Both go through the documents in windows of 4,096, so that one float64 per document of a window
stays in the processor's first cache, is allocated per call, and is never cleared as a whole unless
most of it was used: the cost of a query follows its postings, not the index.

*Term at a time* adds the impacts of every term, then reads the sums of the documents touched.

*MaxScore* (Turtle and Flood 1995; with windows as in Lucene's MaxScoreBulkScorer) knows the largest
impact of each term in each window. Terms whose bounds together cannot reach the k-th best score so
far are not essential: documents that have no other term are never looked at. The rest is added as
above, and the documents that can still make it, the candidates, get the parts of the other terms,
largest bound first, dropping out as soon as they cannot. A part is found in the cheapest of three
ways: by the term's bitmap, by adding the whole window of the term, or by binary search.

Any order of additions gives the same score (see `kernels.preparation`). Where sums might not
be exact, parts are added in the order of the query, by the first kernel.
"""
# ruff: noqa: PLR0917 - compiled functions take their many arrays by position

import numpy as np
from numba import types
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined, kernel, read_only, written
from search_system.scoring.kernels.heap import offer
from search_system.scoring.kernels.lookup import Terms
from search_system.scoring.kernels.windows import (
    WINDOW,
    Window,
    collect,
    complete,
    enter,
    keep_allowed,
)

CHOOSE, TERM_AT_A_TIME, MAX_SCORE = 0, 1, 2
_FEW_POSTINGS = 1000
"""Below this many, the bounds of windows cost more than they spare."""
_EXACT_BELOW = 8192.0
"""Sums of impacts below this are exact."""
SEED_RANK = 10

_U = np.uint64


@inlined
def _term_at_a_time(
    terms: Terms, window: Window, allowed: NDArray[np.bool_], base: Integer,
    best: NDArray[np.float64], best_docs: NDArray[np.int64], size: Integer,
) -> Integer:  # fmt: skip
    while True:
        first = np.int64(0x7FFFFFFFFFFFFFFF)
        for i in range(len(window.order)):
            if window.cursors[i] < _U(terms.stops[window.order[i]]):
                first = min(first, np.int64(terms.docs[window.cursors[i]]))
        if first == np.int64(0x7FFFFFFFFFFFFFFF):
            return size
        first -= first % WINDOW
        for i in range(len(window.order)):
            at, stop = window.cursors[i], _U(terms.stops[window.order[i]])
            window.begins[i] = at
            while at < stop and np.int64(terms.docs[at]) < first + WINDOW:
                at += _U(1)
            window.ends[i], window.cursors[i] = at, at
        m = collect(terms, window, first, 0, best[0] if size == len(best) else 0.0)
        if len(allowed):
            m = keep_allowed(window, m, allowed)
        for c in range(m):
            size = offer(best, best_docs, size, window.scores[c], base + np.int64(window.docs[c]))


@inlined
def _max_score(
    terms: Terms, window: Window, n_docs: Integer, allowed: NDArray[np.bool_], base: Integer,
    best: NDArray[np.float64], best_docs: NDArray[np.int64], size: Integer, threshold: float,
) -> Integer:  # fmt: skip
    for number in range((n_docs + WINDOW - 1) // WINDOW):
        if size == len(best):
            threshold = max(threshold, best[0])
        enter(terms, window, number)
        # Documents come in ascending order of windows: those ahead lose ties with those found.
        if window.sums_of_bounds[len(window.order)] <= threshold:
            continue
        essential = 0
        while window.sums_of_bounds[essential + 1] <= threshold:
            essential += 1
        first = number * WINDOW
        need = threshold - window.sums_of_bounds[essential]
        m = collect(terms, window, first, essential, need)
        if len(allowed):
            m = keep_allowed(window, m, allowed)
        for i in range(essential - 1, -1, -1):
            if m and window.ends[i] > window.begins[i]:
                m = complete(terms, window, first, i, m, threshold)
        for c in range(m):
            size = offer(best, best_docs, size, window.scores[c], base + np.int64(window.docs[c]))
    return size


@inlined
def _sort_terms(
    order: NDArray[np.int64], query: NDArray[np.int64], bounds: NDArray[np.float64]
) -> None:
    """Write the query's terms in ascending order of their bounds."""
    for i in range(len(query)):
        place = i
        while place > 0 and bounds[order[place - 1]] > bounds[query[i]]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = query[i]


@kernel(
    types.int64,
    read_only(types.int64),
    read_only(types.int64), read_only(types.int64), read_only(types.float64),
    read_only(types.float64), read_only(types.int64), read_only(types.int64),
    read_only(types.uint32), read_only(types.float32),
    read_only(types.int64), read_only(types.float32),
    read_only(types.uint64), read_only(types.uint32),
    types.int64, read_only(types.boolean), types.int64,
    written(types.float64), written(types.int64), types.int64, types.int64,
)  # fmt: skip
def search_segment(
    query: NDArray[np.int64],
    starts: NDArray[np.int64], stops: NDArray[np.int64], bounds: NDArray[np.float64],
    tenths: NDArray[np.float64], windows_at: NDArray[np.int64], bitmap_at: NDArray[np.int64],
    docs: NDArray[np.uint32], impacts: NDArray[np.float32],
    window_begins: NDArray[np.int64], window_bounds: NDArray[np.float32],
    bits: NDArray[np.uint64], ranks: NDArray[np.uint32],
    n_docs: Integer, allowed: NDArray[np.bool_], base: Integer,
    best: NDArray[np.float64], best_docs: NDArray[np.int64], size: Integer, method: Integer,
) -> Integer:  # fmt: skip
    """Offer the documents of a segment to the ``size`` best so far; return how many there are now.

    ``query`` lists prepared terms, distinct, by number; ``allowed`` is a mask of the documents, or
    empty; ``base`` is added to their numbers. ``best`` and ``best_docs``, as long as the number of
    documents wanted, are a heap that `sort_best` sorts after the last segment.
    """
    terms = Terms(
        starts, stops, bounds, tenths, windows_at, bitmap_at, docs, impacts,
        window_begins, window_bounds, bits, ranks,
    )  # fmt: skip
    n = len(query)
    window = Window(
        query.copy(), np.empty(n, _U), np.empty(n, _U), np.empty(n, _U), np.zeros(n + 1),
        np.zeros(WINDOW), np.empty(WINDOW + 1, np.uint32), np.empty(WINDOW + 1),
    )  # fmt: skip
    postings, largest, threshold = 0, 0.0, 0.0
    for i in range(n):
        postings += stops[query[i]] - starts[query[i]]
        largest += bounds[query[i]]
        if len(best) <= SEED_RANK and not len(allowed):
            threshold = max(threshold, tenths[query[i]])
    if method == CHOOSE:
        method = TERM_AT_A_TIME if postings < _FEW_POSTINGS else MAX_SCORE
    use_bounds = method == MAX_SCORE and largest < _EXACT_BELOW
    if use_bounds:
        _sort_terms(window.order, query, bounds)
    for i in range(n):
        window.cursors[i] = starts[window.order[i]]
    if use_bounds:
        return _max_score(terms, window, n_docs, allowed, base, best, best_docs, size, threshold)
    return _term_at_a_time(terms, window, allowed, base, best, best_docs, size)
