"""Select the k best of a score per document.

NumPy's own partition is slow here: an array of 20,000 mostly equal numbers, as the scores of a rare
word are, takes it 3 ms. So a bound comes first. The array is cut into groups, and the k-th largest
of the groups' maxima is reached by at least k scores, one in each of k groups. Few documents reach
it, and only these are sorted.
"""

import numpy as np
from numpy.typing import NDArray

GROUP = 64
"""Scores per group: larger groups make the bound cheaper and looser."""
_SORTED_AT_ONCE = 2048


def zero_scores(n_docs: int) -> NDArray[np.float64]:
    """Return a score of 0 for each of ``n_docs`` documents, padded to whole groups."""
    return np.zeros(-(-n_docs // GROUP) * GROUP)


def top_k(scores: NDArray[np.float64], k: int) -> NDArray[np.intp]:
    """Return the numbers of the k best documents with a score over 0, best first.

    Equal scores go by document number, ascending. ``scores`` has the length of `zero_scores`.
    """
    maxima = scores.reshape(GROUP, -1).max(axis=0)
    bound = np.sort(maxima)[-k] if k <= len(maxima) else 0.0
    candidates = np.flatnonzero(scores >= bound if bound > 0 else scores > 0)
    if len(candidates) > max(k, _SORTED_AT_ONCE):
        candidates = _at_least_kth(scores, candidates, k)
    return candidates[np.argsort(-scores[candidates], kind="stable")[:k]]


def _at_least_kth(
    scores: NDArray[np.float64], candidates: NDArray[np.intp], k: int
) -> NDArray[np.intp]:
    """Return the k best: the candidates above the k-th best score, then the first that equal it."""
    values = scores[candidates]
    kth = np.sort(values)[-k]
    above, equal = candidates[values > kth], candidates[values == kth]
    return np.concatenate([above, equal[: k - len(above)]])
