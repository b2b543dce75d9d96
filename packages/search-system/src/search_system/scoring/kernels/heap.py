"""A heap of the k best documents, the worst of them at its root; equal scores go by number."""

import numpy as np
from numba import types
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined, kernel, written


@inlined
def _is_worse(score: float, doc: Integer, other_score: float, other_doc: Integer) -> bool:
    return score < other_score or (score == other_score and doc > other_doc)


@inlined
def _sink(
    scores: NDArray[np.float64], docs: NDArray[np.int64], size: Integer, score: float, doc: Integer
) -> None:
    """Put an entry in the place of the worst, at the heap's root."""
    place = 0
    while 2 * place + 1 < size:
        child = 2 * place + 1
        if child + 1 < size and _is_worse(
            scores[child + 1], docs[child + 1], scores[child], docs[child]
        ):
            child += 1
        if not _is_worse(scores[child], docs[child], score, doc):
            break
        scores[place], docs[place] = scores[child], docs[child]
        place = child
    scores[place], docs[place] = score, doc


@inlined
def offer(
    scores: NDArray[np.float64], docs: NDArray[np.int64], size: Integer, score: float, doc: Integer
) -> Integer:
    """Keep a document if it is among the best so far; return how many there are."""
    if size < len(scores):
        place = size
        while place > 0:
            parent = (place - 1) // 2
            if not _is_worse(score, doc, scores[parent], docs[parent]):
                break
            scores[place], docs[place] = scores[parent], docs[parent]
            place = parent
        scores[place], docs[place] = score, doc
        return size + 1
    if _is_worse(scores[0], docs[0], score, doc):
        _sink(scores, docs, size, score, doc)
    return size


@inlined
def sort_heap(scores: NDArray[np.float64], docs: NDArray[np.int64], size: Integer) -> None:
    """Sort a heap, best first; equal scores go by document number."""
    for last in range(size - 1, 0, -1):
        score, doc = scores[last], docs[last]
        scores[last], docs[last] = scores[0], docs[0]
        _sink(scores, docs, last, score, doc)


@kernel(types.void, written(types.float64), written(types.int64), types.int64)
def sort_best(best: NDArray[np.float64], best_docs: NDArray[np.int64], size: Integer) -> None:
    """Sort a heap, best first; equal scores go by document number."""
    sort_heap(best, best_docs, size)
