"""The k best of scored documents."""

import numpy as np
from numpy.typing import NDArray


def best_of(
    numbers: NDArray[np.int64],
    scores: NDArray[np.float64],
    k: int,
    after: tuple[float, int] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the k documents of the highest scores, best first; equal ones by number, ascending.

    ``after`` is the score and number of a document: only those behind it count.
    """
    if after is not None:
        behind = (scores < after[0]) | ((scores == after[0]) & (numbers > after[1]))
        numbers, scores = numbers[behind], scores[behind]
    if k < len(scores):
        kth = np.partition(scores, len(scores) - k)[len(scores) - k]
        above = np.flatnonzero(scores > kth)
        ties = np.flatnonzero(scores == kth)
        ties = ties[np.argsort(numbers[ties], kind="stable")][: k - len(above)]
        kept = np.concatenate([above, ties])
        numbers, scores = numbers[kept], scores[kept]
    order = np.lexsort((numbers, -scores))
    return numbers[order], scores[order]
