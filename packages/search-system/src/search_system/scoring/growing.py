"""Arrays that grow at their end while others read them."""

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

S = TypeVar("S", bound=np.generic)


class GrowingArray(Generic[S]):
    """An array with room at its end.

    Growing copies into an array of twice the size. What was handed out before stays as it was, so
    readers in other threads need no lock: an array holds at least what was appended before it was
    asked for.
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self.array: NDArray[S] = np.empty(16, dtype=dtype)
        """The values, and behind them whatever."""
        self.size = 0

    def append(self, values: NDArray[S] | list[Any]) -> int:
        """Put values behind the others; return where they begin."""
        begin, end = self.size, self.size + len(values)
        if end > len(self.array):
            larger = np.empty(max(end, 2 * len(self.array)), dtype=self.array.dtype)
            larger[:begin] = self.array[:begin]
            self.array = larger
        self.array[begin:end] = values
        self.size = end
        return begin

    @property
    def nbytes(self) -> int:
        """The memory that the values take."""
        return self.size * self.array.itemsize
