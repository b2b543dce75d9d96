"""Merge sorted string tables, a range of strings at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_system.segments.lexicon import Lexicon
from search_system.segments.strings import StringStream, StringTable


@dataclass(frozen=True, slots=True)
class MergedRange:
    """The strings of all tables between two bounds: distinct and ascending."""

    begins: list[int]
    ends: list[int]
    """Table t's strings here are those from number ``begins[t]`` up to ``ends[t]``."""
    ranks: list[NDArray[np.int64]]
    """Where each of table t's strings is among all."""
    lexicon: Lexicon
    order: NDArray[np.int64]
    """The strings' numbers in the lexicon, in their order."""

    def __len__(self) -> int:
        """Return the number of strings."""
        return len(self.order)

    def write(self, stream: StringStream, kept: NDArray[np.bool_]) -> None:
        """Write the strings of a mask."""
        data, offsets = self.lexicon.encoded(self.order[kept])
        stream.append(data, np.diff(offsets))


def merge_tables(
    tables: Sequence[StringTable], costs: Sequence[NDArray[np.int64]], limit: int
) -> Iterator[MergedRange]:
    """Yield the merged strings in ranges that cost about ``limit`` or less.

    ``costs[t][i]`` is the cost of all strings of table t before number i. One string is never
    split, so a range can cost as much as the dearest string does in all tables.
    """
    share = max(1, limit // len(tables))
    bounds: set[bytes] = set()
    for table, cost in zip(tables, costs, strict=True):
        steps = np.arange(share, int(cost[-1]), share)
        numbers = np.unique(np.searchsorted(cost[:-1], steps))
        bounds.update(table.encoded(i) for i in numbers.tolist() if i < len(table))
    begins = [0] * len(tables)
    for bound in [*sorted(bounds), None]:
        ends = [len(table) if bound is None else table.place(bound) for table in tables]
        yield _merge_range(tables, begins, ends)
        begins = ends


def _merge_range(tables: Sequence[StringTable], begins: list[int], ends: list[int]) -> MergedRange:
    lexicon = Lexicon()
    numbers = []
    for table, begin, end in zip(tables, begins, ends, strict=True):
        offsets = table.offsets[begin : end + 1]
        data = table.data[offsets[0] : offsets[-1]]
        numbers.append(lexicon.number_encoded(data, offsets[1:] - offsets[0]))
    order = lexicon.order()
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return MergedRange(begins, ends, [ranks[part] for part in numbers], lexicon, order)
