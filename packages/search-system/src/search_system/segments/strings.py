"""A table of strings in an array file: their UTF-8 bytes, and where each begins.

A sorted table is searched through every 64th of its strings, read at the first search: one binary
search in memory, one within 64 strings of the file.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from search_system.segments.array_file import ArrayFile, ArrayFileWriter, ArrayStream

_SAMPLE = 64


class StringTable:
    """A mapped list of strings."""

    def __init__(self, file: ArrayFile, name: str) -> None:
        self._file = file
        self._name = name
        self.offsets: NDArray[np.int64] = file[f"{name}_offsets"]
        self._at = self.offsets.data
        """The offsets as Python's numbers: from the array, one takes three times as long."""

    def __len__(self) -> int:
        """Return the number of strings."""
        return len(self.offsets) - 1

    @property
    def data(self) -> NDArray[np.uint8]:
        """The UTF-8 bytes of all strings in a row."""
        return self._file[self._name]

    def __getitem__(self, number: int) -> str:
        """Return a string by its number."""
        return self.read(number)

    def encoded(self, number: int) -> bytes:
        """Return the UTF-8 bytes of a string by its number."""
        return self._file.bytes_at(self._name, self._at[number], self._at[number + 1])

    @cached_property
    def read(self) -> Callable[[int], str]:
        """Return a string by its number; a function that has at hand all it needs."""
        at, (data, begin) = self._at, self._file.place(self._name)

        def read(number: int) -> str:
            return data[begin + at[number] : begin + at[number + 1]].decode("utf-8", "replace")

        return read

    def slice(self, begin: int, end: int) -> list[bytes]:
        """Return the UTF-8 bytes of the strings from number ``begin`` up to ``end``."""
        offsets = self.offsets[begin : end + 1]
        data = self._file.bytes_at(self._name, int(offsets[0]), int(offsets[-1]))
        ends = (offsets - offsets[0]).tolist()
        return [data[a:b] for a, b in pairwise(ends)]

    def place(self, target: bytes) -> int:
        """Return how many strings of a sorted table come before ``target`` in byte order."""
        begin = max(0, bisect_right(self._samples, target) - 1) * _SAMPLE
        end = min(begin + _SAMPLE, len(self))
        return bisect_left(range(len(self)), target, begin, end, key=self.encoded)

    def find(self, string: str) -> int | None:
        """Return the number of a string in a sorted table, or None."""
        target = string.encode("utf-8", "replace")
        place = self.place(target)
        return place if place < len(self) and self.encoded(place) == target else None

    def prefix_range(self, prefix: str) -> range:
        """Return the numbers of the strings of a sorted table that begin with ``prefix``."""
        begin = prefix.encode("utf-8", "replace")
        # 0xFF is no byte of UTF-8, so this comes behind whatever continues the prefix.
        return range(self.place(begin), self.place(begin + b"\xff"))

    @cached_property
    def _samples(self) -> list[bytes]:
        return [self.encoded(number) for number in range(0, len(self), _SAMPLE)]


def add_strings(out: ArrayFileWriter, name: str, strings: Sequence[bytes]) -> None:
    """Write the arrays of a `StringTable`, in the given order."""
    offsets = np.zeros(len(strings) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, strings), np.int64, len(strings)), out=offsets[1:])
    out.add(name, np.frombuffer(b"".join(strings), dtype=np.uint8))
    out.add(f"{name}_offsets", offsets)


class StringStream:
    """The arrays of a `StringTable`, written in pieces."""

    def __init__(self, out: ArrayFileWriter, name: str) -> None:
        self._bytes: ArrayStream = out.stream(name, np.uint8)
        self._offsets: ArrayStream = out.stream(f"{name}_offsets", np.int64)
        self._offsets.append(np.zeros(1, np.int64))

    def append(self, data: NDArray[np.uint8], sizes: NDArray[np.int64]) -> None:
        """Write the next strings, given as their bytes in a row and their sizes."""
        self._offsets.append(np.cumsum(sizes) + self._bytes.count)
        self._bytes.append(data)
