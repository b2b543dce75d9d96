"""A table of strings on disk: their UTF-8 bytes in one file, and where each begins in another."""

from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from search_system.index.arrays import IntArray, open_array, write_array


class StringTable:
    """A memory-mapped list of strings."""

    def __init__(self, folder: Path, name: str) -> None:
        self._bytes = open_array(folder, name)
        self._offsets = open_array(folder, f"{name}_offsets")

    def __len__(self) -> int:
        """Return the number of strings."""
        return len(self._offsets) - 1

    def __getitem__(self, number: int) -> str:
        """Return a string by its number."""
        return self.encoded(number).decode("utf-8", "replace")

    def encoded(self, number: int) -> bytes:
        """Return the UTF-8 bytes of a string by its number."""
        return self._bytes[self._offsets[number] : self._offsets[number + 1]].tobytes()

    def find(self, string: str, order: IntArray | None = None) -> int | None:
        """Return the number of a string by binary search, or None.

        ``order`` lists the strings' numbers in the order of their bytes; without it the table
        itself must be sorted. Twenty steps find one of a million, and nothing is loaded at open.
        """
        target = string.encode("utf-8", "replace")
        numbers = range(len(self)) if order is None else order
        place = bisect_left(numbers, target, key=self.encoded)
        if place < len(self) and self.encoded(numbers[place]) == target:
            return int(numbers[place])
        return None


def write_strings(folder: Path, name: str, strings: Iterable[bytes]) -> None:
    """Write the files of a `StringTable`, in the given order."""
    encoded = list(strings)
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(s) for s in encoded], out=offsets[1:])
    write_array(folder, name, np.frombuffer(b"".join(encoded), dtype=np.uint8))
    write_array(folder, f"{name}_offsets", offsets)
