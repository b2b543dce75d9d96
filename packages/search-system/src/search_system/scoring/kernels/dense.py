"""Kernels for scores of all documents of a segment, where clauses other than terms count, too.

NumPy's indexed additions and selections take 5 to 20 ns per posting or document; these take 1 or 2.
"""

import numpy as np
from numba import types
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, kernel, read_only, written
from search_system.scoring.kernels.heap import offer


@kernel(types.void, read_only(types.uint32), written(types.boolean))
def mark(docs: NDArray[np.uint32], mask: NDArray[np.bool_]) -> None:
    """Set the mask of some documents."""
    for doc in docs:
        mask[doc] = True


@kernel(types.void, read_only(types.uint32), read_only(types.float32), written(types.float64))
def add_parts(
    docs: NDArray[np.uint32], impacts: NDArray[np.float32], scores: NDArray[np.float64]
) -> None:
    """Add a term's parts to the scores of its documents."""
    for i in range(len(docs)):
        scores[docs[i]] += impacts[i]


@kernel(
    types.int64,
    read_only(types.boolean), read_only(types.float64), types.int64, types.float64, types.int64,
    written(types.float64), written(types.int64), types.int64,
)  # fmt: skip
def offer_all(  # noqa: PLR0917
    mask: NDArray[np.bool_], scores: NDArray[np.float64], base: Integer,
    after_score: float, after_number: Integer,
    best: NDArray[np.float64], best_docs: NDArray[np.int64], size: Integer,
) -> Integer:  # fmt: skip
    """Offer a segment's documents to the best so far, as `search_segments`; return their number.

    Only those count whose mask is set and that come behind a score and a number. They come in
    ascending order, so one that is as good as the worst of the best comes too late.
    """
    need = best[0] if size == len(best) else -1.0
    for doc in range(len(mask)):
        # The one test that nearly always has the same outcome comes first.
        if scores[doc] <= need or not mask[doc]:
            continue
        score, number = scores[doc], base + doc
        if score < after_score or (score == after_score and number > after_number):
            size = offer(best, best_docs, size, score, number)
            need = best[0] if size == len(best) else -1.0
    return size
