"""Complete what someone types: the heaviest of the entries that begin with it.

Entries are sorted, so those that begin with a text are a range; a short text has a long one, of
which only the best few are wanted. The greatest weight of each block of 512 entries is kept: the k
best entries lie in the k blocks with the greatest maxima, so a range of a million entries takes a
look at two thousand maxima and k blocks, some tens of microseconds.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError
from search_system.query.expand import prefix_range

_BLOCK = 512


class Autocomplete:
    """Completions from sorted entries.

    Args:
        entries: ascending; as people type them, so normalised.
        weights: how good each entry is [entries], such as how often it was searched.
    """

    def __init__(self, entries: Sequence[str], weights: NDArray[np.floating]) -> None:
        self.entries = entries
        self.weights = weights
        begins = np.arange(0, len(weights), _BLOCK)
        self._maxima = np.maximum.reduceat(weights, begins) if len(weights) else weights

    def complete(self, text: str, k: int = 10) -> list[int]:
        """Return the numbers of the k heaviest entries that begin with a text, heaviest first.

        Equal weights go by the order of the entries.
        """
        if k < 1:
            raise OptionError(f"k must be a whole number from 1 up, not {k}")
        found = prefix_range(self.entries, text)
        first, last = -(-found.start // _BLOCK), found.stop // _BLOCK  # whole blocks inside
        if last - first <= k:
            return self._best(np.arange(found.start, found.stop), k)
        best = first + _top(self._maxima[first:last], k)
        inside = (best[:, None] * _BLOCK + np.arange(_BLOCK)).ravel()
        before = np.arange(found.start, first * _BLOCK)
        behind = np.arange(last * _BLOCK, found.stop)
        return self._best(np.concatenate([before, np.sort(inside), behind]), k)

    def _best(self, numbers: NDArray[np.int64], k: int) -> list[int]:
        return [int(n) for n in numbers[_top(self.weights[numbers], k)]]


def _top(weights: NDArray[np.floating], k: int) -> NDArray[np.intp]:
    """Return the places of the k greatest weights, greatest first, equal ones in their order."""
    if len(weights) > k:
        least = np.partition(weights, len(weights) - k)[len(weights) - k]
        above = np.flatnonzero(weights > least)
        equal = np.flatnonzero(weights == least)[: k - len(above)]
        places = np.concatenate([above, equal])
    else:
        places = np.arange(len(weights))
    return places[np.lexsort((places, -weights[places]))]
