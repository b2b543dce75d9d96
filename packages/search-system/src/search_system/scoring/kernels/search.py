"""The kernel that finds the k best documents of an index, in one of two ways.

Both ways, `term_at_a_time` and `max_score`, go through the documents in windows of 4,096, so that
one float64 per document of a window stays in the processor's first cache and is allocated per call:
the cost of a query follows its postings, not the size of the index, and calls share nothing. All
segments are done in one call: from Python, calling it takes as long as some thousand postings.

The rule between them: MaxScore looks at every window, which takes some 10 ns per window and term,
while term at a time goes from posting to posting. So it is taken where there are fewer postings
than windows. Measured on 300,000 documents, MaxScore is never slower from there on, for 10, 100 and
1,000 results, and five times as fast where postings are many.

Any order of additions gives the same score (see `preparation`), so both give the same results.
Where sums might not be exact, parts are added in the order of the query, term at a time.
"""
# ruff: noqa: PLR0917 - compiled functions take their many arrays by position

import numpy as np
from numba import types
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined, kernel, read_only, written
from search_system.scoring.kernels.heap import sort_heap
from search_system.scoring.kernels.max_score import max_score
from search_system.scoring.kernels.term_at_a_time import term_at_a_time
from search_system.scoring.kernels.windows import WINDOW

CHOOSE, TERM_AT_A_TIME, MAX_SCORE = 0, 1, 2
SEED_RANK = 10
"""Terms keep a score that this many documents exceed by the term alone: a first threshold."""
_EXACT_BELOW = 8192.0
"""Sums of impacts below this are exact."""

_U = np.uint64


@inlined
def _sort_terms(order: NDArray[np.int64], bounds: NDArray[np.float64]) -> None:
    """Sort the query's terms by their bounds, ascending."""
    for i in range(1, len(order)):
        term, place = order[i], i
        while place > 0 and bounds[order[place - 1]] > bounds[term]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = term


@inlined
def _seed(
    query: NDArray[np.int64], tenths: NDArray[np.float64],
    first: Integer, last: Integer, n_segments: Integer,
) -> float:  # fmt: skip
    """Return the best score that `SEED_RANK` documents exceed by one term in one segment."""
    threshold = 0.0
    for term in query:
        for segment in range(first, last):
            threshold = max(threshold, tenths[term * n_segments + segment])
    return threshold


@kernel(
    types.int64,
    read_only(types.int64),
    read_only(types.int64), read_only(types.int64), read_only(types.float64),
    read_only(types.float64), read_only(types.int64), read_only(types.int64),
    read_only(types.uint32), read_only(types.float32),
    read_only(types.int64), read_only(types.float32),
    read_only(types.uint64), read_only(types.uint32),
    read_only(types.int64), types.int64, types.int64, read_only(types.boolean),
    written(types.float64), written(types.int64), types.int64, types.int64,
)  # fmt: skip
def search_segments(
    query: NDArray[np.int64],
    starts: NDArray[np.int64], stops: NDArray[np.int64], bounds: NDArray[np.float64],
    tenths: NDArray[np.float64], windows_at: NDArray[np.int64], bitmap_at: NDArray[np.int64],
    docs: NDArray[np.uint32], impacts: NDArray[np.float32],
    window_begins: NDArray[np.int64], window_bounds: NDArray[np.float32],
    bits: NDArray[np.uint64], ranks: NDArray[np.uint32],
    bases: NDArray[np.int64], first: Integer, last: Integer, allowed: NDArray[np.bool_],
    best: NDArray[np.float64], best_docs: NDArray[np.int64], size: Integer, method: Integer,
) -> Integer:  # fmt: skip
    """Offer the documents of segments to the ``size`` best so far; return how many there are now.

    ``query`` lists prepared terms, distinct, by number; ``bases`` says where each segment's
    documents begin, and how many there are at the end. The segments are those from ``first`` to
    before ``last``: a single one if ``allowed``, a mask of its documents, is not empty. ``best``
    and ``best_docs``, as long as the number of documents wanted, are a heap, and sorted, best
    first, once the last of all segments is done.
    """
    n, n_segments = len(query), len(bases) - 1
    order, reached = np.empty(n, np.int64), np.zeros(n + 1)
    cursors, begins, ends = np.empty(n, _U), np.empty(n, _U), np.empty(n, _U)
    sums, found, scores = np.zeros(WINDOW), np.empty(WINDOW + 1, np.uint32), np.empty(WINDOW + 1)
    seed = 0.0
    if len(best) <= SEED_RANK and not len(allowed):
        seed = _seed(query, tenths, first, last, n_segments)
    for segment in range(first, last):
        n_docs, base = bases[segment + 1] - bases[segment], bases[segment]
        postings, largest = 0, 0.0
        for i in range(n):
            order[i] = query[i] * n_segments + segment
            postings += stops[order[i]] - starts[order[i]]
            largest += bounds[order[i]]
        way = method
        if way == CHOOSE:
            way = TERM_AT_A_TIME if postings * WINDOW < n_docs else MAX_SCORE
        use_bounds = way == MAX_SCORE and largest < _EXACT_BELOW
        if use_bounds:
            _sort_terms(order, bounds)
        for i in range(n):
            cursors[i] = starts[order[i]]
        if use_bounds:
            size = max_score(
                order, starts, stops, bounds, windows_at, bitmap_at, docs, impacts,
                window_begins, window_bounds, bits, ranks, cursors, begins, ends, sums, found,
                scores, reached, n_docs, seed, allowed, base, best, best_docs, size,
            )  # fmt: skip
        else:
            size = term_at_a_time(
                order, stops, docs, impacts, cursors, begins, ends, sums, found, scores,
                allowed, base, best, best_docs, size,
            )  # fmt: skip
    if last == n_segments:
        sort_heap(best, best_docs, size)
    return size
