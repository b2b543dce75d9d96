"""Term at a time: add the impacts of every term, then read the sums of the documents touched.

No bounds are kept or looked at, which pays where there are few postings. Windows without any are
skipped. Parts are added in the order of the query.
"""
# ruff: noqa: PLR0917 - compiled functions take their many arrays by position

import numpy as np
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined
from search_system.scoring.kernels.heap import offer
from search_system.scoring.kernels.windows import (
    SMALLEST_IMPACT,
    WINDOW,
    collect,
    enter,
    keep_allowed,
)

_NO_DOCUMENT = np.uint64(0xFFFFFFFFFFFFFFFF)
_U = np.uint64


@inlined
def term_at_a_time(
    order: NDArray[np.int64], stops: NDArray[np.int64],
    docs: NDArray[np.uint32], impacts: NDArray[np.float32],
    cursors: NDArray[np.uint64], begins: NDArray[np.uint64], ends: NDArray[np.uint64],
    sums: NDArray[np.float64], found: NDArray[np.uint32], scores: NDArray[np.float64],
    allowed: NDArray[np.bool_], base: Integer,
    best: NDArray[np.float64], best_docs: NDArray[np.int64], size: Integer,
) -> Integer:  # fmt: skip
    """Offer a segment's documents; ``order`` has the query's terms in their order."""
    while True:
        first = _NO_DOCUMENT
        for i in range(len(order)):
            if cursors[i] < _U(stops[order[i]]):
                first = min(first, _U(docs[cursors[i]]))
        if first == _NO_DOCUMENT:
            return size
        first -= first % _U(WINDOW)
        for i in range(len(order)):
            enter(first + _U(WINDOW), docs, _U(stops[order[i]]), i, cursors, begins, ends)
        need = best[0] if size == len(best) else SMALLEST_IMPACT
        m = collect(
            docs, impacts, begins, ends, 0, np.uint32(first), need, sums, found, scores
        )  # fmt: skip
        if len(allowed):
            m = keep_allowed(allowed, found, scores, m)
        for c in range(m):
            size = offer(best, best_docs, size, scores[c], base + np.int64(found[c]))
