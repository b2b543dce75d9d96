"""Arrays that grow at their end while others read them."""

from typing import Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

S = TypeVar("S", bound=np.generic)


class GrowingArray(Generic[S]):
    """An array with room at its end.

    Growing copies into an array of four times the size: systems give memory when it is first
    written to, so room costs nothing, while copying costs more than what is put there.

    What was handed out before stays as it was, so readers in other threads need no lock: an array
    holds at least what was appended before it was asked for.
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self.array: NDArray[S] = np.empty(16, dtype=dtype)
        """The values, and behind them whatever."""
        self.size = 0

    def extend(self, count: int) -> tuple[int, NDArray[S]]:
        """Make room behind the others; return where it begins, and it, to be written to."""
        self._make_room(count)
        begin = self.size
        self.size += count
        return begin, self.array[begin : self.size]

    def _make_room(self, count: int) -> None:
        if self.size + count > len(self.array):
            larger = np.empty(max(self.size + count, 4 * len(self.array)), self.array.dtype)
            larger[: self.size] = self.array[: self.size]
            self.array = larger

    @property
    def nbytes(self) -> int:
        """The memory that the values take."""
        return self.size * self.array.itemsize
