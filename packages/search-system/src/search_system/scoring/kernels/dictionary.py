"""Look a term up in a segment's sorted table of strings (`search_system.segments.strings`).

`StringTable.find` does the same in Python; this takes a fifth of its time, of which scoring needs
some for every new term and segment.
"""

import numpy as np
from numba import types
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined, kernel, read_only


@inlined
def _order(
    data: NDArray[np.uint8], begin: Integer, end: Integer, target: NDArray[np.uint8]
) -> Integer:
    """Return a number below, equal to or above 0, as a string comes before the target or not."""
    for i in range(min(end - begin, len(target))):
        difference = np.int64(data[begin + i]) - np.int64(target[i])
        if difference != 0:
            return difference
    return end - begin - len(target)


@kernel(
    types.int64, read_only(types.uint8), read_only(types.int64), read_only(types.uint8)
)  # fmt: skip
def find_string(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], target: NDArray[np.uint8]
) -> int:
    """Return the number of a string, or -1 if it is not there, or where offsets are damaged."""
    low, high = np.int64(0), np.int64(len(offsets) - 1)
    while low < high:
        middle = (low + high) // 2
        begin, end = offsets[middle], offsets[middle + 1]
        if begin < 0 or begin > end or end > len(data):
            return -1
        order = _order(data, begin, end, target)
        if order == 0:
            return int(middle)
        if order < 0:
            low = middle + 1
        else:
            high = middle
    return -1
