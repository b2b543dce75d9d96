"""The kernel that finds the k best documents of a segment, in one of two ways.

Both ways, `term_at_a_time` and `max_score`, go through the documents in windows of 4,096, so that
one float64 per document of a window stays in the processor's first cache and is allocated per call:
the cost of a query follows its postings, not the size of the index, and calls share nothing.

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
    n, order = len(query), query.copy()
    cursors, begins, ends = np.empty(n, _U), np.empty(n, _U), np.empty(n, _U)
    sums, reached = np.zeros(WINDOW), np.zeros(n + 1)
    found, scores = np.empty(WINDOW + 1, np.uint32), np.empty(WINDOW + 1)
    postings, largest, threshold = 0, 0.0, 0.0
    for i in range(n):
        postings += stops[query[i]] - starts[query[i]]
        largest += bounds[query[i]]
        if len(best) <= SEED_RANK and not len(allowed):
            threshold = max(threshold, tenths[query[i]])
    if method == CHOOSE:
        method = TERM_AT_A_TIME if postings * WINDOW < n_docs else MAX_SCORE
    use_bounds = method == MAX_SCORE and largest < _EXACT_BELOW
    if use_bounds:
        _sort_terms(order, query, bounds)
    for i in range(n):
        cursors[i] = starts[order[i]]
    if not use_bounds:
        return term_at_a_time(
            order, stops, docs, impacts, cursors, begins, ends, sums, found, scores,
            allowed, base, best, best_docs, size,
        )  # fmt: skip
    return max_score(
        order, starts, stops, bounds, windows_at, bitmap_at, docs, impacts,
        window_begins, window_bounds, bits, ranks, cursors, begins, ends, sums, found, scores,
        reached, n_docs, threshold, allowed, base, best, best_docs, size,
    )  # fmt: skip
