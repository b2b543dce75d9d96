"""Select the k best of a score per document."""

import numpy as np
from numpy.typing import NDArray

from search_system.index.arrays import FloatArray


def top_k(scores: FloatArray, k: int, lower_bound: float = 0.0) -> NDArray[np.intp]:
    """Return the numbers of the k best documents with a score over 0, best first.

    Equal scores go by document number, ascending. ``lower_bound``, if positive, must be reached by
    at least k scores; then only those that reach it are sorted, and finding them is one fast pass.
    """
    candidates = np.flatnonzero(scores >= lower_bound if lower_bound > 0 else scores > 0)
    values = scores[candidates]
    if len(candidates) > k:
        kth = -np.partition(-values, k - 1)[k - 1]
        kept = values >= kth  # with all that tie at the edge, so that the tie rule decides
        candidates, values = candidates[kept], values[kept]
    return candidates[np.argsort(-values, kind="stable")[:k]]


def kth_best(values: FloatArray, k: int) -> float:
    """Return the k-th largest value, or 0 if there are fewer."""
    return (
        float(np.partition(values, len(values) - k)[len(values) - k]) if len(values) >= k else 0.0
    )
